/* SPDX-License-Identifier: MIT */
/*
 * octet_cpu_run() against a naive reference, on random commands, every level,
 * operands between guard pages. Repeat a run with OCTET_SEED=N. With --bench:
 * GMAC/s of each level on known shapes.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "test_cpu.h"

#define SRAM	(1u << 20)
#define VA(i)	(UINT64_C(0x10000000) * ((i) + 1) + 0x40)

static uint64_t seed(void)
{
	const char *s = getenv("OCTET_SEED");

	return s ? strtoull(s, NULL, 0) : 1;
}

/* A command with its memory; operands by enum octet_operand_index. */
struct job {
	struct octet_cmd cmd;
	struct tc_guard mem[6];
	struct tc_memory map;
	uint8_t *want;
};

static bool present(const struct octet_cmd *c, unsigned int i)
{
	return (&c->src)[i].space != OCTET_SPACE_NONE;
}

static uint64_t bytes_of(const struct octet_cmd *c, unsigned int i)
{
	if (i == OCTET_OPERAND_PRM)
		return c->cout * sizeof(struct octet_param);
	if (i == OCTET_OPERAND_CHN)
		return c->cout * sizeof(struct octet_channel);
	return tc_bytes_of(c, i);
}

static int32_t in_type(uint64_t *rng, unsigned int type)
{
	if (type == OCTET_TYPE_INT8)
		return (int32_t)tc_between(rng, -128, 127);
	return (int32_t)tc_between(rng, 0, 255);
}

static uint32_t some_mult(uint64_t *rng, unsigned int stage)
{
	if (stage == OCTET_STAGE_RAW)
		return 0;
	if (stage == OCTET_STAGE_FP32_RNE) /* 2^-16 .. 2^-4 */
		return (uint32_t)tc_between(rng, 0x37800000, 0x3d800000);
	return (uint32_t)tc_between(rng, 1 << 30, OCTET_MULT_MAX);
}

static uint32_t some_shift(uint64_t *rng, unsigned int stage)
{
	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return 0;
	return (uint32_t)tc_between(rng, 30, 46);
}

static void fill_records(struct job *j, uint64_t *rng)
{
	struct octet_param *prm = (void *)j->mem[OCTET_OPERAND_PRM].p;
	struct octet_channel *chn = (void *)j->mem[OCTET_OPERAND_CHN].p;
	const struct octet_cmd *c = &j->cmd;

	for (uint32_t o = 0; o < c->cout; o++) {
		if (c->prm.space) {
			prm[o].bias = (int32_t)tc_between(rng, -9999, 9999);
			prm[o].mult = some_mult(rng, c->stage);
		}
		if (c->chn.space) {
			chn[o].shift = (uint8_t)some_shift(rng, c->stage);
			chn[o].reserved = 0;
			chn[o].zero_point = (int16_t)in_type(rng, c->wgt.type);
		}
	}
}

/* Gaps between rows and pixels; broadcasts for inputs. */
static void random_strides(struct job *j, uint64_t *rng, unsigned int i)
{
	struct octet_operand *op = &(&j->cmd.src)[i];
	const uint64_t unit = op->type == OCTET_TYPE_INT32 ? 4 : 1;
	uint32_t extent[4];
	uint64_t covered = tc_extents(&j->cmd, i, extent);

	for (int d = 3; d >= 0; d--) {
		op->stride[d] = 0;
		if (extent[d] == 1)
			continue;
		op->stride[d] = covered;
		if (tc_next(rng) % 3 == 0)
			op->stride[d] += unit * (tc_next(rng) % 5);
		covered = op->stride[d] * extent[d];
		if (i != OCTET_OPERAND_DST && tc_next(rng) % 16 == 0)
			op->stride[d] = 0;
	}
}

static void random_numbers(struct job *j, uint64_t *rng)
{
	struct octet_cmd *c = &j->cmd;

	c->stage = (uint8_t)(tc_next(rng) % 6);
	c->src.type = (uint8_t)tc_between(rng, 1, 2);
	c->wgt.type = (uint8_t)tc_between(rng, 1, 2);
	c->src.zero_point = in_type(rng, c->src.type);
	c->pad_value = c->op == OCTET_OP_GEMM ? 0 : in_type(rng, c->src.type);
	c->prm.space = tc_next(rng) & 1 ? OCTET_SPACE_VA : 0;
	c->chn.space = tc_next(rng) & 1 ? OCTET_SPACE_VA : 0;
	c->wgt.zero_point = c->chn.space ? 0 : in_type(rng, c->wgt.type);
	c->flags = tc_next(rng) & 1 ? OCTET_CMD_PER_TENSOR : 0;
	c->dst.mult = some_mult(rng, c->stage);
	c->dst.shift = some_shift(rng, c->stage);
	if (c->stage == OCTET_STAGE_RAW) {
		c->dst.type = OCTET_TYPE_INT32;
		c->dst.zero_point = 0;
		c->act_min = INT32_MIN;
		c->act_max = INT32_MAX;
	} else {
		c->dst.type = (uint8_t)tc_between(rng, 1, 2);
		c->dst.zero_point = in_type(rng, c->dst.type);
		c->act_min = c->dst.type == OCTET_TYPE_INT8 ? -128 : 0;
		c->act_max = c->act_min + (int32_t)tc_between(rng, 200, 255);
	}
}

static void random_conv(struct octet_cmd *c, uint64_t *rng, enum octet_op op)
{
	const bool dw = op == OCTET_OP_DEPTHWISE;
	uint32_t g = dw ? 1 : (uint32_t)tc_between(rng, 1, 3);
	uint32_t cin = (uint32_t)tc_between(rng, 1, 12) * g;
	uint32_t cout = (uint32_t)tc_between(rng, 1, 20) * g;

	if (g > 1 && tc_next(rng) & 1)
		g = 1;
	if (dw) {
		cin = (uint32_t)tc_between(rng, 1, 40);
		cout = cin * (tc_next(rng) & 1 ? 1 : (uint32_t)tc_between(rng, 2, 4));
	}
	*c = tc_conv(op, (uint32_t)tc_between(rng, 1, 2),
		     (uint32_t)tc_between(rng, 1, 9),
		     (uint32_t)tc_between(rng, 1, 9), cin, cout,
		     (uint32_t)tc_between(rng, 1, 4));
	c->groups = g;
	if (!dw) {
		c->wgt.stride[3] /= g;
		c->wgt.stride[2] /= g;
		c->wgt.stride[1] /= g;
	}
	c->pt = (uint16_t)tc_between(rng, 0, 4);
	c->pl = (uint16_t)tc_between(rng, 0, 4);
	c->sh = (uint16_t)tc_between(rng, 1, 3);
	c->sw = (uint16_t)tc_between(rng, 1, 3);
	c->dh = (uint16_t)(tc_next(rng) & 1 ? 1 : tc_between(rng, 1, 3));
	c->dw = (uint16_t)(tc_next(rng) & 1 ? 1 : tc_between(rng, 1, 3));
}

static void random_gemm(struct octet_cmd *c, uint64_t *rng)
{
	const uint32_t m = (uint32_t)tc_between(rng, 1, 30);
	const uint32_t n = (uint32_t)tc_between(rng, 1, 70);
	const uint32_t k = (uint32_t)tc_between(rng, 1, 60);

	*c = tc_gemm(m, n, k);
	c->n = (uint32_t)tc_between(rng, 1, 3);
	c->n2 = (uint32_t)tc_between(rng, 1, 2);
	if (tc_next(rng) & 1) {
		c->src.flags |= OCTET_OPERAND_TRANSPOSED;
		c->src.stride[2] = m;
	}
	if (tc_next(rng) & 1) {
		c->wgt.flags |= OCTET_OPERAND_TRANSPOSED;
		c->wgt.stride[2] = k;
	}
	c->src.stride[1] = (uint64_t)m * k;
	c->wgt.stride[1] = (uint64_t)n * k;
	c->dst.stride[1] = (uint64_t)m * n;
	c->src.stride[0] = c->n * c->src.stride[1];
	c->wgt.stride[0] = c->n * c->wgt.stride[1];
	c->dst.stride[0] = c->n * c->dst.stride[1];
}

/* Memory for the operands, random contents, the result that is expected. */
static void job_memory(struct job *j, uint64_t *rng)
{
	struct octet_cmd *c = &j->cmd;

	for (unsigned int i = 0; i < 6; i++) {
		struct octet_operand *op = &(&c->src)[i];
		const uint64_t bytes = present(c, i) ? bytes_of(c, i) : 0;

		tc_guard_new(&j->mem[i], bytes, tc_next(rng) & 1);
		if (!bytes)
			continue;
		tc_bytes(rng, j->mem[i].p, bytes);
		op->addr = VA(i);
		tc_map(&j->map, VA(i), bytes, j->mem[i].p,
		       i == OCTET_OPERAND_DST);
	}
	fill_records(j, rng);
	j->want = malloc(j->mem[5].size);
	memcpy(j->want, j->mem[5].p, j->mem[5].size);
	tc_reference(c, j->mem[0].p, j->mem[2].p,
		     c->prm.space ? (void *)j->mem[3].p : NULL,
		     c->chn.space ? (void *)j->mem[4].p : NULL, j->want);
}

static void job_free(struct job *j)
{
	for (unsigned int i = 0; i < 6; i++)
		tc_guard_free(&j->mem[i]);
	free(j->want);
}

static void run_ok(struct octet_cpu *cpu, struct job *j)
{
	const struct octet_cpu_memory memory = { .opaque = &j->map, .at = tc_at };
	struct octet_cpu_fault fault;
	int err = octet_cpu_run(cpu, &memory, &j->cmd, 1, SRAM, 0, NULL, &fault);

	if (err)
		fail_msg("error %d status 0x%x: %s", err, fault.status,
			 fault.text);
}

static bool all_constant(void *opaque, uint64_t va, uint64_t bytes)
{
	(void)opaque;
	(void)va;
	(void)bytes;
	return true;
}

/* The same made ready first, with nothing or all that is read constant, twice. */
static void ready_ok(struct octet_cpu *cpu, struct job *j, bool constant)
{
	const struct octet_cpu_memory memory = {
		.opaque = &j->map,
		.at = tc_at,
		.constant = constant ? all_constant : NULL,
	};
	struct octet_cpu_fault fault;
	struct octet_cpu_job *job;
	int err = octet_cpu_job_new(cpu, &memory, &j->cmd, 1, SRAM, 0, &job,
				    &fault);

	for (int i = 0; !err && i < 2; i++)
		err = octet_cpu_job_run(cpu, &memory, job, NULL, &fault);
	if (err)
		fail_msg("error %d status 0x%x: %s", err, fault.status,
			 fault.text);
	octet_cpu_job_free(job);
}

static void compare(struct octet_cpu *cpu, struct job *j, uint64_t from)
{
	for (size_t i = 0; i < j->mem[5].size; i++)
		if (j->mem[5].p[i] != j->want[i])
			fail_msg("%s: OCTET_SEED=%llu op %u stage %u: byte %zu of %zu is 0x%02x, want 0x%02x",
				 octet_cpu_level(cpu), (unsigned long long)from,
				 j->cmd.op, j->cmd.stage, i, j->mem[5].size,
				 j->mem[5].p[i], j->want[i]);
}

static void job_check(struct octet_cpu *cpu, struct job *j, uint64_t from)
{
	const size_t bytes = j->mem[5].size;
	uint8_t *before = malloc(bytes + 1);

	memcpy(before, j->mem[5].p, bytes);
	run_ok(cpu, j);
	compare(cpu, j, from);
	for (int constant = 0; constant < 2; constant++) {
		memcpy(j->mem[5].p, before, bytes);
		ready_ok(cpu, j, constant);
		compare(cpu, j, from);
	}
	free(before);
}

static struct octet_cpu *open_level(const char *name)
{
	struct octet_cpu *cpu;
	char err[160];
	int ret = octet_cpu_new(&cpu, name, 0, err, sizeof(err));

	if (ret == -ENOTSUP || (ret == -EINVAL && strcmp(name, "scalar")))
		unit_skip(err);
	assert_int_equal(ret, 0);
	return cpu;
}

/* A command whose numbers are there: strides, memory, both executors. */
static void job_run(struct octet_cpu *cpu, struct job *j, uint64_t *rng, uint64_t from)
{
	random_strides(j, rng, OCTET_OPERAND_SRC);
	random_strides(j, rng, OCTET_OPERAND_WGT);
	random_strides(j, rng, OCTET_OPERAND_DST);
	job_memory(j, rng);
	job_check(cpu, j, from);
	job_free(j);
}

/* @plain: as networks are: weights without zero points, kernels without dilation */
static void random_op(const char *name, enum octet_op op, bool plain)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (int i = 0; i < 400; i++) {
		const uint64_t from = rng;
		struct job j = { 0 };

		if (op == OCTET_OP_GEMM)
			random_gemm(&j.cmd, &rng);
		else
			random_conv(&j.cmd, &rng, op);
		random_numbers(&j, &rng);
		if (plain) {
			j.cmd.dh = j.cmd.dw = 1;
			j.cmd.chn.space = 0;
			j.cmd.wgt.type = OCTET_TYPE_INT8;
			j.cmd.wgt.zero_point = 0;
		}
		job_run(cpu, &j, &rng, from);
	}
	octet_cpu_free(cpu);
}

/* Longer than every block of the executor. */
static void large(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	const struct octet_cmd cmds[] = {
		tc_gemm(3, 5, 40001),
		tc_gemm(100, 3, 20000),
		tc_gemm(200, 600, 33),
		tc_gemm(2, 2000, 701),
		tc_conv(OCTET_OP_CONV2D, 1, 30, 31, 3, 8, 5),
		tc_conv(OCTET_OP_CONV2D, 1, 2, 2, 2100, 3, 3),
		tc_conv(OCTET_OP_DEPTHWISE, 1, 3, 3, 1100, 1100, 3),
		tc_conv(OCTET_OP_DEPTHWISE, 1, 3, 2, 5, 10, 31),
	};
	uint64_t rng = seed();

	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		struct job j = { .cmd = cmds[i] };

		/* whole accumulators: bytes would be saturated */
		do {
			random_numbers(&j, &rng);
		} while (j.cmd.stage != OCTET_STAGE_RAW);
		for (int d = 0; d < 4; d++)
			j.cmd.dst.stride[d] *= 4;
		job_memory(&j, &rng);
		job_check(cpu, &j, i);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

/*
 * Products so large that a level may split them up (odd rows, odd pairs of panels), and
 * a convolution of which no memory holds all image rows of a block.
 */
static void split(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	struct octet_cmd cmds[] = {
		tc_gemm(32, 128, 256),
		tc_gemm(33, 160, 288),
		tc_gemm(251, 128, 320),
		tc_gemm(49, 192, 2048),
		tc_gemm(83, 128, 8192),
		tc_conv(OCTET_OP_CONV2D, 2, 7, 7, 256, 128, 1),
		tc_conv(OCTET_OP_CONV2D, 1, 12, 13, 256, 224, 1),
		tc_conv(OCTET_OP_CONV2D, 1, 10, 600, 512, 1, 3),
	};
	const size_t count = sizeof(cmds) / sizeof(cmds[0]);
	uint64_t rng = seed();

	cmds[count - 2].pl = 1;
	cmds[count - 2].sh = 2;
	cmds[count - 1].dh = 4;
	for (size_t i = 0; i < 3 * count - 2; i++) {
		struct job j = { .cmd = cmds[i % count] };
		const uint64_t from = rng;

		random_numbers(&j, &rng);
		job_run(cpu, &j, &rng, from);
	}
	octet_cpu_free(cpu);
}

/* The sums wrap: -128 * -128 and 255 * 255, more often than 2^31 holds. */
static void wraps(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (int u = 0; u < 2; u++) {
		struct job j = { .cmd = tc_gemm(2, 2, 140000) };

		j.cmd.stage = OCTET_STAGE_RAW;
		j.cmd.dst.type = OCTET_TYPE_INT32;
		j.cmd.dst.mult = j.cmd.dst.shift = 0;
		j.cmd.dst.stride[2] = 8;
		j.cmd.act_min = INT32_MIN;
		j.cmd.act_max = INT32_MAX;
		j.cmd.src.type = j.cmd.wgt.type = u ? OCTET_TYPE_UINT8 :
						      OCTET_TYPE_INT8;
		job_memory(&j, &rng);
		memset(j.mem[0].p, u ? 0xff : 0x80, j.mem[0].size);
		memset(j.mem[2].p, u ? 0xff : 0x80, j.mem[2].size);
		tc_reference(&j.cmd, j.mem[0].p, j.mem[2].p, NULL, NULL, j.want);
		job_check(cpu, &j, 0);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

/* Outputs over inputs, at any distance: inputs are read first. */
static void aliased(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint8_t *host = malloc(65536), *before = malloc(65536);
	uint8_t *want = malloc(65536);
	uint64_t rng = seed();

	for (int i = 0; i < 60; i++) {
		/* all longer than a block of rows */
		struct octet_cmd c = i % 3 == 0 ? tc_gemm(300, 16, 16) :
			tc_conv(i % 3 == 1 ? OCTET_OP_CONV2D :
				OCTET_OP_DEPTHWISE, 1, 20, 17, 4, 4, 3);
		struct tc_memory map = { 0 };
		const struct octet_cpu_memory memory = { .opaque = &map, .at = tc_at };
		const uint64_t x = 10000, w = 30000;
		const uint64_t y = (i & 1 ? w : x) - 200 +
				   (uint64_t)tc_between(&rng, 0, 400);

		c.dst.shift = 36;
		tc_bytes(&rng, host, 65536);
		memcpy(before, host, 65536);
		memcpy(want, host, 65536);
		tc_map(&map, 0x1000, 65536, host, true);
		c.src.addr = 0x1000 + x;
		c.wgt.addr = 0x1000 + w;
		c.dst.addr = 0x1000 + y;
		tc_reference(&c, before + x, before + w, NULL, NULL, want + y);
		assert_int_equal(octet_cpu_run(cpu, &memory, &c, 1, SRAM, 0,
					       NULL, NULL), 0);
		assert_memory_equal(host, want, 65536);
	}
	free(host);
	free(before);
	free(want);
	octet_cpu_free(cpu);
}

/* Two commands through SRAM, twice: it reads as zero when a job starts. */
static void sram(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();
	uint8_t x[64], w[64], mid[64], want[64], y[64];
	struct octet_report report[2];
	struct tc_memory map = { 0 };
	const struct octet_cpu_memory memory = { .opaque = &map, .at = tc_at };
	struct octet_cmd c[2] = { tc_gemm(8, 8, 8), tc_gemm(8, 8, 8) };
	uint8_t zeros[64] = { 0 };

	tc_bytes(&rng, x, 64);
	tc_bytes(&rng, w, 64);
	tc_map(&map, 0x1000, 64, x, false);
	tc_map(&map, 0x2000, 64, w, false);
	tc_map(&map, 0x3000, 64, y, true);
	c[0].dst.shift = c[1].dst.shift = 36;
	c[0].src.addr = 0x1000;
	c[0].wgt.addr = c[1].wgt.addr = 0x2000;
	c[0].dst.space = c[1].src.space = OCTET_SPACE_SRAM;
	c[0].dst.addr = c[1].src.addr = 36;
	c[1].dst.addr = 0x3000;
	tc_reference(&c[0], x, w, NULL, NULL, mid);
	tc_reference(&c[1], mid, w, NULL, NULL, want);
	memset(report, 0xff, sizeof(report));
	assert_int_equal(octet_cpu_run(cpu, &memory, c, 2, SRAM, 100, report,
				       NULL), 0);
	assert_memory_equal(y, want, 64);
	assert_int_equal(report[1].total, 0);
	tc_reference(&c[1], zeros, w, NULL, NULL, want);
	assert_int_equal(octet_cpu_run(cpu, &memory, &c[1], 1, SRAM, 100, NULL,
				       NULL), 0);
	assert_memory_equal(y, want, 64);
	octet_cpu_free(cpu);
}

static void levels(void **state)
{
	struct octet_cpu *cpu;
	char err[160];

	(void)state;
	assert_int_equal(octet_cpu_new(&cpu, "mmx", 0, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "mmx"));
	setenv("OCTET_CPU", "scalar", 1);
	assert_int_equal(octet_cpu_new(&cpu, NULL, 0, err, sizeof(err)), 0);
	assert_string_equal(octet_cpu_level(cpu), "scalar");
	octet_cpu_free(cpu);
	setenv("OCTET_CPU", "amx9", 1);
	assert_int_equal(octet_cpu_new(&cpu, NULL, 0, err, sizeof(err)), -EINVAL);
	unsetenv("OCTET_CPU");
	octet_cpu_free(NULL);
}

static void cancel(void **state)
{
	struct octet_cpu *cpu = open_level("scalar");
	struct job j = { .cmd = tc_gemm(8, 8, 8) };
	const struct octet_cpu_memory memory = { .opaque = &j.map, .at = tc_at };
	struct octet_cpu_fault fault;
	uint64_t rng = seed();

	(void)state;
	job_memory(&j, &rng);
	octet_cpu_cancel(cpu);
	assert_int_equal(octet_cpu_run(cpu, &memory, &j.cmd, 1, SRAM, 0, NULL,
				       &fault), -ECANCELED);
	job_check(cpu, &j, 0);
	job_free(&j);
	octet_cpu_free(cpu);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double gmacs(struct octet_cpu *cpu, const struct octet_cmd *cmd)
{
	const double per_output = (double)cmd->cin * cmd->r * cmd->s /
		(cmd->op == OCTET_OP_DEPTHWISE ? cmd->cin : cmd->groups);
	const double macs = per_output * cmd->n2 * cmd->n * cmd->oh * cmd->ow *
			    cmd->cout;
	struct job j = { .cmd = *cmd };
	uint64_t rng = 1;
	double start, best = 1e9, all = seconds();

	for (unsigned int i = 0; i < 6; i++) {
		const uint64_t bytes = present(cmd, i) ? bytes_of(cmd, i) : 0;

		tc_guard_new(&j.mem[i], bytes, true);
		tc_bytes(&rng, j.mem[i].p, bytes);
		(&j.cmd.src)[i].addr = bytes ? VA(i) : 0;
		tc_map(&j.map, VA(i), bytes, j.mem[i].p, true);
	}
	do {
		start = seconds();
		run_ok(cpu, &j);
		start = seconds() - start;
		best = start < best ? start : best;
	} while (seconds() - all < 0.5);
	job_free(&j);
	return macs / best * 1e-9;
}

static int bench(void)
{
	struct octet_cmd gemm = tc_gemm(512, 512, 512), fc = tc_gemm(1, 1000, 1024);
	const struct {
		const char *name;
		struct octet_cmd cmd;
	} shapes[] = {
		{ "gemm 512", gemm },
		{ "fc 1024x1000", fc },
		{ "conv3x3 56x56x64", tc_conv(OCTET_OP_CONV2D, 1, 56, 56, 64, 64, 3) },
		{ "conv3x3 14x14x256", tc_conv(OCTET_OP_CONV2D, 1, 14, 14, 256, 256, 3) },
		{ "conv1x1 28x28x256", tc_conv(OCTET_OP_CONV2D, 1, 28, 28, 256, 256, 1) },
		{ "dw3x3 56x56x128", tc_conv(OCTET_OP_DEPTHWISE, 1, 56, 56, 128, 128, 3) },
		{ "dw3x3 14x14x512", tc_conv(OCTET_OP_DEPTHWISE, 1, 14, 14, 512, 512, 3) },
	};
	const char *name;
	bool available;

	for (unsigned int l = 0; (name = octet_cpu_level_name(l, &available)); l++) {
		struct octet_cpu *cpu;
		char err[160];

		if (!available || octet_cpu_new(&cpu, name, 0, err, sizeof(err)))
			continue;
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
			printf("%-12s %-20s %8.2f GMAC/s\n", name,
			       shapes[i].name, gmacs(cpu, &shapes[i].cmd));
		octet_cpu_free(cpu);
	}
	return 0;
}

#define CPU_LEVEL(l, features, m, n)					\
	static void conv_##l(void **s) { (void)s; random_op(#l, OCTET_OP_CONV2D, false); } \
	static void plain_##l(void **s) { (void)s; random_op(#l, OCTET_OP_CONV2D, true); } \
	static void dwconv_##l(void **s) { (void)s; random_op(#l, OCTET_OP_DEPTHWISE, false); } \
	static void gemm_##l(void **s) { (void)s; random_op(#l, OCTET_OP_GEMM, false); } \
	static void large_##l(void **s) { (void)s; large(#l); }		\
	static void split_##l(void **s) { (void)s; split(#l); }		\
	static void wraps_##l(void **s) { (void)s; wraps(#l); }		\
	static void aliased_##l(void **s) { (void)s; aliased(#l); }	\
	static void sram_##l(void **s) { (void)s; sram(#l); }
#include "cpu/kernels.inc"
#undef CPU_LEVEL

#define CPU_LEVEL(l, features, m, n)					\
	unit_case(conv_##l), unit_case(plain_##l), unit_case(dwconv_##l), \
	unit_case(gemm_##l), \
	unit_case(large_##l), unit_case(split_##l), unit_case(wraps_##l), \
	unit_case(aliased_##l), unit_case(sram_##l),

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		unit_case(levels),
		unit_case(cancel),
#include "cpu/kernels.inc"
	};

	if (argc > 1 && !strcmp(argv[1], "--bench"))
		return bench();
	return unit_run(tests, (int)(sizeof(tests) / sizeof(tests[0])));
}
