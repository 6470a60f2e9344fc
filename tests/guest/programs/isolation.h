/* SPDX-License-Identifier: MIT */
/*
 * For tests of what one client can reach of another's: a command of every operation
 * with every operand, each operand in a page of its own, and lines of a table.
 */
#ifndef OCTET_TEST_ISOLATION_H
#define OCTET_TEST_ISOLATION_H

#include <stddef.h>

#include "gemm.h"
#include "host.h"

/* Where things are in the buffer of a scene. */
enum {
	AT_CMD = 0,
	AT_REPORT = 0x800,
	AT_SRC = 0x1000,
	AT_SRC2 = 0x2000,
	AT_WGT = 0x3000,
	AT_PRM = 0x4000,
	AT_CHN = 0x5000,
	AT_TABLE = 0x6000,
	AT_DST = 0x7000,
	SCENE_SIZE = 0x8000,
};

#define SIDE 4			/* images of SIDE x SIDE pixels */
#define CHANNELS 16
#define UNTOUCHED 0x5a
#define SCENE_SW 4096

/* One command of a client. */
struct scene {
	int fd;
	struct buf buf;
	struct octet_cmd *cmd;
	struct drm_octet_job job;
};

/* How a job ended. */
struct end {
	int ret;	/* of the submit or of the fence */
	struct drm_octet_queue_query q;
};

static const struct op {
	const char *name;
	uint8_t op, sub;
} ops[] = {
	{ "CONV2D", OCTET_OP_CONV2D, 0 },
	{ "DEPTHWISE", OCTET_OP_DEPTHWISE, 0 },
	{ "GEMM", OCTET_OP_GEMM, 0 },
	{ "EW", OCTET_OP_EW, OCTET_EW_MAX },
	{ "LUT", OCTET_OP_LUT, 0 },
	{ "POOL", OCTET_OP_POOL, OCTET_POOL_MAX },
	{ "COPY", OCTET_OP_COPY, OCTET_COPY_COPY },
	{ "FILL", OCTET_OP_COPY, OCTET_COPY_FILL },
	{ "SOFTMAX", OCTET_OP_SOFTMAX, OCTET_SOFTMAX_RECIPROCAL },
	{ "RESIZE", OCTET_OP_RESIZE, 0 },
	{ "REDUCE", OCTET_OP_REDUCE, OCTET_REDUCE_MAX },
	{ "TCONV2D", OCTET_OP_TCONV2D, 0 },
};

#define OPS (sizeof(ops) / sizeof(ops[0]))
#define OPERANDS 6

static const char *const operand_names[] = {
	"src", "src2", "wgt", "prm", "chn", "dst", "cmd", "report", "table",
};

static inline bool has_weights(const struct op *op)
{
	return op->op <= OCTET_OP_GEMM || op->op == OCTET_OP_TCONV2D;
}

static inline bool has_table(const struct op *op)
{
	return op->op == OCTET_OP_LUT || op->op == OCTET_OP_SOFTMAX ||
	       op->op == OCTET_OP_RESIZE;
}

static inline bool has_operand(const struct op *op, uint32_t operand)
{
	switch (operand) {
	case OCTET_OPERAND_SRC:
		return op->op != OCTET_OP_COPY || op->sub == OCTET_COPY_COPY;
	case OCTET_OPERAND_SRC2:
		return op->op == OCTET_OP_EW;
	case OCTET_OPERAND_WGT:
	case OCTET_OPERAND_PRM:
	case OCTET_OPERAND_CHN:
		return has_weights(op);
	case OCTET_OPERAND_TABLE:
		return has_table(op);
	}
	return true;
}

static inline struct octet_operand *scene_operand(struct scene *s, uint32_t operand)
{
	return &s->cmd->src + operand;
}

static inline void scene_tensor(struct scene *s, uint32_t operand, uint32_t at, uint8_t type,
				uint32_t channels)
{
	struct octet_operand *o = scene_operand(s, operand);
	uint64_t pixel = channels * (type == OCTET_TYPE_INT32 ? 4u : 1u);

	*o = (struct octet_operand){
		.addr = s->buf.va + at, .space = OCTET_SPACE_VA, .type = type,
	};
	if (s->cmd->op == OCTET_OP_GEMM) {
		o->stride[2] = pixel;
	} else if (s->cmd->op == OCTET_OP_COPY) {
		o->stride[0] = SIDE * SIDE * pixel;
		o->stride[1] = SIDE * pixel;
		o->stride[2] = pixel;
		o->stride[3] = pixel / channels;
	} else {
		o->stride[1] = SIDE * SIDE * pixel;
		o->stride[2] = SIDE * pixel;
		o->stride[3] = pixel;
	}
}

static inline void scene_weights(struct scene *s)
{
	static const uint32_t at[] = { AT_WGT, AT_PRM, AT_CHN };

	for (uint32_t i = 0; i < 3; i++) {
		struct octet_operand *o = scene_operand(s, OCTET_OPERAND_WGT + i);

		*o = (struct octet_operand){
			.addr = s->buf.va + at[i], .space = OCTET_SPACE_VA,
		};
	}
	s->cmd->wgt.type = OCTET_TYPE_INT8;
	if (s->cmd->op == OCTET_OP_GEMM)
		s->cmd->wgt.stride[2] = CHANNELS;
	else if (s->cmd->op != OCTET_OP_DEPTHWISE)
		s->cmd->wgt.stride[1] = CHANNELS;
}

/* Inputs that no result is zero or UNTOUCHED of; zeros are valid records and taps. */
static inline void scene_data(struct scene *s, const struct op *op)
{
	int32_t *table = (int32_t *)(s->buf.map + AT_TABLE);

	memset(s->buf.map + AT_REPORT, 0, sizeof(struct octet_report));
	memset(s->buf.map + AT_SRC, 3, 4096);
	memset(s->buf.map + AT_SRC2, 4, 4096);
	memset(s->buf.map + AT_WGT, 2, 4096);
	memset(s->buf.map + AT_PRM, 0, 4096);
	memset(s->buf.map + AT_CHN, 0, 4096);
	memset(table, op->op == OCTET_OP_LUT ? 5 : 0, 4096);
	for (int i = 0; op->op == OCTET_OP_SOFTMAX && i < OCTET_SOFTMAX_ENTRIES; i++)
		table[i] = 1 << 20;
	memset(s->buf.map + AT_DST, UNTOUCHED, 4096);
}

/* Makes the scene one good command of @op. */
static inline void scene_set(struct scene *s, const struct op *op)
{
	struct octet_cmd *cmd = s->cmd;
	bool gemm = op->op == OCTET_OP_GEMM, copy = op->op == OCTET_OP_COPY;
	uint8_t out = has_weights(op) ? OCTET_TYPE_INT32 : OCTET_TYPE_INT8;
	uint32_t h = gemm ? SIDE * SIDE : SIDE, w = gemm ? 1 : SIDE;

	*cmd = (struct octet_cmd){
		.op = op->op, .sub = op->sub, .stage = OCTET_STAGE_RAW,
		.act_min = copy ? 0 : out == OCTET_TYPE_INT32 ? INT32_MIN : -128,
		.act_max = copy ? 0 : out == OCTET_TYPE_INT32 ? INT32_MAX : 127,
		.n = 1, .n2 = 1, .h = h, .w = w, .cin = CHANNELS, .oh = h, .ow = w,
		.cout = op->op == OCTET_OP_REDUCE ? 1 : CHANNELS, .groups = 1,
		.r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.pad_value = has_operand(op, OCTET_OPERAND_SRC) ? 0 : 7,
	};
	if (has_operand(op, OCTET_OPERAND_SRC))
		scene_tensor(s, OCTET_OPERAND_SRC, AT_SRC, OCTET_TYPE_INT8, CHANNELS);
	if (has_operand(op, OCTET_OPERAND_SRC2))
		scene_tensor(s, OCTET_OPERAND_SRC2, AT_SRC2, OCTET_TYPE_INT8, CHANNELS);
	if (has_weights(op))
		scene_weights(s);
	if (has_table(op))
		cmd->table = s->buf.va + AT_TABLE;
	scene_tensor(s, OCTET_OPERAND_DST, AT_DST, out, cmd->cout);
	scene_data(s, op);
	s->job = (struct drm_octet_job){
		.cmd_va = s->buf.va + AT_CMD, .cmd_count = 1, .sw = SCENE_SW, .lb = 128 * 1024,
		.report_va = s->buf.va + AT_REPORT,
	};
}

static inline void scene_new(struct scene *s, int fd)
{
	*s = (struct scene){ .fd = fd, .buf = buf_new(fd, SCENE_SIZE, 0) };
	s->cmd = (struct octet_cmd *)(s->buf.map + AT_CMD);
}

/* No result and no report. */
static inline bool scene_untouched(const struct scene *s)
{
	for (uint32_t i = 0; i < 4096; i++)
		if (s->buf.map[AT_DST + i] != UNTOUCHED)
			return false;
	for (uint32_t i = 0; i < sizeof(struct octet_report); i++)
		if (s->buf.map[AT_REPORT + i])
			return false;
	return true;
}

/* Runs the command in a queue of its own. */
static inline struct end scene_run(struct scene *s)
{
	uint32_t queue = queue_new(s->fd), sync = sync_new(s->fd);
	struct drm_octet_sync out = { .handle = sync };
	struct end end;

	s->job.out_syncs = (struct drm_octet_array)ARRAY(&out, 1);
	end.ret = submit(s->fd, queue, &s->job, 1, NULL, 0);
	if (!end.ret)
		end.ret = sync_result(s->fd, sync);
	end.q = queue_query(s->fd, queue);
	drmSyncobjDestroy(s->fd, sync);
	queue_free(s->fd, queue);
	return end;
}

/* A line of the table: attempts on another's things, and the owner's like them. */
struct tally {
	uint32_t tried, stopped, owner, owner_ok;
};

static inline bool tally_stopped(struct tally *t, bool stopped, const char *what)
{
	t->tried++;
	t->stopped += stopped;
	if (!stopped)
		printf("# got through: %s\n", what);
	return stopped;
}

static inline bool tally_owner(struct tally *t, bool ok, const char *what)
{
	t->owner++;
	t->owner_ok += ok;
	if (!ok)
		printf("# the owner's own access failed: %s\n", what);
	return ok;
}

static inline bool tally_good(const struct tally *t)
{
	return t->tried && t->stopped == t->tried && t->owner && t->owner_ok == t->owner;
}

static inline void tally_check(const struct tally *t, const char *what)
{
	check(tally_good(t), "%-52s %5u of %5u stopped, %5u of %5u of the owner's succeed", what,
	      t->stopped, t->tried, t->owner_ok, t->owner);
}

/* Until @fd has no more than @bos mappings: the unmapping comes after the close. */
static inline bool client_shrinks(int fd, uint32_t bos)
{
	for (int i = 0; i < 1000; i++) {
		if (dev_client(fd).bos <= bos)
			return true;
		sleep_ms(10);
	}
	return false;
}

/*
 * Runs @run in one new queue after the other until every core has had a job;
 * new queues begin on different cores. Return: whether all of them were @good.
 */
static inline bool on_all_cores(int fd, bool (*run)(void *arg, uint32_t queue), void *arg)
{
	uint32_t cores = dev_info(fd).cores, reached = 0;
	struct drm_octet_core_counters c;
	uint64_t before[8];
	bool good = true;

	for (uint32_t i = 0; i < cores; i++) {
		c = dev_core(fd, i);
		before[i] = c.jobs + c.errors;
	}
	for (int round = 0; round < 200 && reached < cores; round++) {
		uint32_t queue = queue_new(fd);

		good &= run(arg, queue);
		queue_free(fd, queue);
		reached = 0;
		for (uint32_t i = 0; i < cores; i++) {
			c = dev_core(fd, i);
			reached += c.jobs + c.errors > before[i];
		}
	}
	if (reached < cores)
		printf("# only %u of %u cores had a job\n", reached, cores);
	return good && reached == cores;
}

/* One of the things that a program tries. */
struct subject {
	const char *name;
	void (*run)(void);
};

/* The one that the arguments name; afterwards the device works. Return: exit status. */
static inline int run_subject(const char *program, int argc, char **argv,
			      const struct subject *subjects)
{
	for (const struct subject *s = subjects; argc == 2 && s->name; s++) {
		if (strcmp(argv[1], s->name))
			continue;
		tap_start(240);
		s->run();
		check(gemm_works(dev_open()), "afterwards a new client's job gives right bits");
		return tap_end();
	}
	fprintf(stderr, "usage: %s SUBJECT:", program);
	for (const struct subject *s = subjects; s->name; s++)
		fprintf(stderr, " %s", s->name);
	fputs("\n", stderr);
	return 2;
}

#endif
