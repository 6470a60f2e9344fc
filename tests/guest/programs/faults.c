// SPDX-License-Identifier: MIT
/*
 * Jobs that the device refuses or faults. Each gets a queue of its own with
 * a good job before and after it: the one before is complete, the bad one ends
 * with -EFAULT and a description, the one after with -ECANCELED, the queue
 * takes no more. A second client runs all the while and loses nothing.
 */
#include "stream.h"

#define DETAIL(operand, access) (OCTET_OPERAND_##operand | OCTET_ACCESS_##access << 8)

static int fd;
static struct drm_octet_device_info info;
static struct buf readonly;
static uint64_t nowhere; /* a mapped range never reaches so far */

struct fault {
	const char *name;
	void (*make)(struct gemm *g, struct drm_octet_job *job);
	uint32_t status, detail;
	const uint64_t *va;	/* NULL: 0 */
};

static uint64_t va_expected;

static struct octet_cmd *second(struct gemm *g)
{
	return gemm_cmd(g, 1);
}

static void unmapped_src(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->src.addr = va_expected = nowhere;
}

static void unmapped_wgt(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->wgt.addr = va_expected = nowhere;
}

static void unmapped_dst(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->dst.addr = va_expected = nowhere;
}

static void unmapped_prm(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->prm.space = OCTET_SPACE_VA;
	second(g)->prm.addr = va_expected = nowhere;
}

static void null_src(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->src.addr = va_expected = 0;
}

static void unmapped_cmd(struct gemm *g, struct drm_octet_job *job)
{
	(void)g;
	job->cmd_va = va_expected = nowhere;
}

static void unmapped_report(struct gemm *g, struct drm_octet_job *job)
{
	(void)g;
	job->report_va = va_expected = nowhere;
}

static void non_canonical(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->src.addr = va_expected = 1ull << 45;
}

static void readonly_dst(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->dst.addr = va_expected = readonly.va;
}

static void bad_op(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->op = 99;
}

static void op_not_offered(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->op = OCTET_OP_TCONV2D + 1;
}

static void bad_flags(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->flags = 1u << 31;
}

static void bad_chain(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->flags = OCTET_CMD_CHAIN;
}

static void reserved(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->reserved1 = 1;
}

static void bad_shape(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->cin = 0;
}

static void bad_space(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	memset(&second(g)->dst, 0, sizeof(second(g)->dst));
}

static void bad_type(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->src.type = OCTET_TYPE_INT32;
}

static void bad_layout(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->dst.addr += 1;
}

static void bad_quant(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	second(g)->src.zero_point = 1000;
}

static void bad_sram(struct gemm *g, struct drm_octet_job *job)
{
	job->sw = 4096;
	second(g)->dst.space = OCTET_SPACE_SRAM;
	second(g)->dst.addr = 4096;
}

static void no_fit(struct gemm *g, struct drm_octet_job *job)
{
	(void)job;
	job->sw = info.sram_size;
	job->lb = 0;
	second(g)->policy = OCTET_POLICY_RESIDENT;
}

static const struct fault faults[] = {
	{ "unmapped input", unmapped_src, OCTET_STATUS_UNMAPPED, DETAIL(SRC, READ), &va_expected },
	{ "unmapped weights", unmapped_wgt, OCTET_STATUS_UNMAPPED, DETAIL(WGT, READ), &va_expected },
	{ "unmapped records", unmapped_prm, OCTET_STATUS_UNMAPPED, DETAIL(PRM, READ), &va_expected },
	{ "unmapped output", unmapped_dst, OCTET_STATUS_UNMAPPED, DETAIL(DST, WRITE), &va_expected },
	{ "input at address 0", null_src, OCTET_STATUS_UNMAPPED, DETAIL(SRC, READ), &va_expected },
	{ "unmapped report", unmapped_report, OCTET_STATUS_UNMAPPED, DETAIL(REPORT, WRITE),
	  &va_expected },
	{ "non-canonical input", non_canonical, OCTET_STATUS_NON_CANONICAL, DETAIL(SRC, READ),
	  &va_expected },
	{ "read-only output", readonly_dst, OCTET_STATUS_PERMISSION, DETAIL(DST, WRITE),
	  &va_expected },
	{ "unmapped commands", unmapped_cmd, OCTET_STATUS_UNMAPPED, DETAIL(CMD, FETCH),
	  &va_expected },
	{ "unknown operation", bad_op, OCTET_STATUS_BAD_OP, DETAIL(CMD, NONE), NULL },
	{ "operation not offered", op_not_offered, OCTET_STATUS_BAD_OP, DETAIL(CMD, NONE), NULL },
	{ "unknown command flag", bad_flags, OCTET_STATUS_BAD_FLAGS, DETAIL(CMD, NONE), NULL },
	{ "chain without an end", bad_chain, OCTET_STATUS_BAD_CHAIN, DETAIL(CMD, NONE), NULL },
	{ "reserved field set", reserved, OCTET_STATUS_RESERVED, DETAIL(CMD, NONE), NULL },
	{ "extent 0", bad_shape, OCTET_STATUS_BAD_SHAPE, DETAIL(CMD, NONE), NULL },
	{ "output missing", bad_space, OCTET_STATUS_BAD_SPACE, DETAIL(DST, NONE), NULL },
	{ "type not offered", bad_type, OCTET_STATUS_BAD_TYPE, DETAIL(SRC, NONE), NULL },
	{ "misaligned output", bad_layout, OCTET_STATUS_BAD_LAYOUT, DETAIL(DST, NONE), NULL },
	{ "zero point out of range", bad_quant, OCTET_STATUS_BAD_QUANT, DETAIL(SRC, NONE), NULL },
	{ "output outside the SRAM", bad_sram, OCTET_STATUS_BAD_SRAM, DETAIL(DST, NONE), NULL },
	{ "no room to stage weights", no_fit, OCTET_STATUS_NO_FIT, DETAIL(CMD, NONE), NULL },
};

/* Faults of an address show while the job runs; all others before it starts. */
static bool runs_first(const struct fault *f)
{
	return f->va && f->make != unmapped_cmd && f->make != unmapped_report;
}

static uint32_t command_expected(const struct fault *f)
{
	return runs_first(f) || !f->va ? 1 : 0;
}

static void check_query(uint32_t queue, const struct fault *f)
{
	struct drm_octet_queue_query q = queue_query(fd, queue);
	uint64_t va = f->va ? *f->va : 0;
	/* Everything of NO_FIT is the machine's own: which command it names first is 0. */
	uint32_t command = f->make == no_fit ? 0 : command_expected(f);

	check(q.flags == DRM_OCTET_QUEUE_BANNED && q.error == -EFAULT && q.completed == 1 &&
	      q.resets == 0, "  QUEUE_QUERY: banned, error %d, %llu completed, %llu resets", q.error,
	      (unsigned long long)q.completed, (unsigned long long)q.resets);
	check(q.status == f->status, "  QUEUE_QUERY: status %#x, expected %#x", q.status, f->status);
	check(q.command == command && q.detail == f->detail && q.fault_va == va,
	      "  QUEUE_QUERY: command %u detail %#x address %#llx, expected %u %#x %#llx", q.command,
	      q.detail, (unsigned long long)q.fault_va, command, f->detail, (unsigned long long)va);
}

static void one_fault(const struct fault *f, uint32_t seed)
{
	uint32_t queue = queue_new(fd), sync[3];
	struct drm_octet_sync out[3];
	struct drm_octet_job jobs[3];
	struct drm_octet_bo_ref refs[3];
	struct gemm g[3];
	int ends[3];

	for (uint32_t i = 0; i < 3; i++) {
		gemm_new(&g[i], fd, seed + i);
		sync[i] = sync_new(fd);
		out[i] = (struct drm_octet_sync){ .handle = sync[i] };
		jobs[i] = gemm_job_sync(&g[i], NULL, &out[i]);
		refs[i] = gemm_ref(&g[i]);
	}
	f->make(&g[1], &jobs[1]);
	if (submit(fd, queue, jobs, 3, refs, 3))
		bail("%s: the submit was refused: %s", f->name, strerror(errno));
	for (int i = 0; i < 3; i++)
		ends[i] = sync_result(fd, sync[i]);
	check(ends[0] == 0 && ends[1] == -EFAULT && ends[2] == -ECANCELED,
	      "%s: fences end with %d, %d, %d", f->name, ends[0], ends[1], ends[2]);
	check(gemm_right(&g[0]) && gemm_untouched(&g[2]),
	      "  the job before it is right, the one after it did not run");
	check(runs_first(f) ? gemm_right(&g[1]) : gemm_untouched(&g[1]),
	      runs_first(f) ? "  the command before the bad one is complete" :
			      "  nothing of the bad job ran");
	check_query(queue, f);
	check_ret(submit(fd, queue, jobs, 1, refs, 1), -ECANCELED, "  the queue takes no more");
	for (int i = 0; i < 3; i++) {
		drmSyncobjDestroy(fd, sync[i]);
		gemm_free(&g[i]);
	}
	queue_free(fd, queue);
}

/* A read-only buffer is there to be read. */
static void readonly_input(void)
{
	uint32_t queue = queue_new(fd);
	struct gemm g;

	gemm_new(&g, fd, 501);
	memcpy(readonly.map, g.buf.map + g.a_at, g.m * g.k);
	gemm_cmd(&g, 0)->src.addr = gemm_cmd(&g, 1)->src.addr = readonly.va;
	check(!gemm_run(&g, queue) && gemm_right(&g), "a read-only buffer as input is fine");
	gemm_free(&g);
	queue_free(fd, queue);
}

/* A fetch of @g's src from @va, or a result put there: how the fence ends. */
static int reach(int client, uint64_t va, bool write, struct drm_octet_queue_query *q)
{
	uint32_t queue = queue_new(client);
	struct gemm g;
	int ret;

	gemm_new(&g, client, 601);
	if (write)
		gemm_cmd(&g, 0)->dst.addr = va;
	else
		gemm_cmd(&g, 0)->src.addr = va;
	ret = gemm_run(&g, queue);
	*q = queue_query(client, queue);
	gemm_free(&g);
	queue_free(client, queue);
	return ret;
}

/* An address that only another client has mapped means nothing here. */
static void foreign_address(void)
{
	struct drm_octet_queue_query q;
	int owner = dev_open();
	struct buf secret = { 0 };
	uint8_t before[4096];

	/* Far beyond what this client has mapped. */
	for (int i = 0; i < 200; i++)
		secret = buf_new(owner, 65536, 0);
	memset(secret.map, 0x33, secret.size);
	check_ret(reach(owner, secret.va, false, &q), 0, "the owner reads its buffer");
	check_ret(reach(fd, secret.va, false, &q), -EFAULT, "another client reads that address");
	check(q.status == OCTET_STATUS_UNMAPPED && q.fault_va == secret.va,
	      "  it is not mapped there: status %#x", q.status);
	memcpy(before, secret.map, sizeof(before));
	check_ret(reach(fd, secret.va, true, &q), -EFAULT, "another client writes to that address");
	check(!memcmp(before, secret.map, sizeof(before)), "  the owner's bytes are as they were");
	check_ret(reach(owner, secret.va, true, &q), 0, "the owner writes to its buffer");
	check(memcmp(before, secret.map, sizeof(before)) != 0, "  and its bytes are other ones");
	close(owner);
}

int main(void)
{
	struct drm_octet_core_counters before, after;
	struct stream other;
	size_t count = sizeof(faults) / sizeof(faults[0]);

	tap_start(120);
	fd = dev_open();
	info = dev_info(fd);
	nowhere = (info.va_end - (1 << 20)) & ~4095ull;
	readonly = buf_new(fd, 65536, DRM_OCTET_BO_READONLY);
	before = dev_counters(fd);
	stream_start(&other, 900);
	for (size_t i = 0; i < count; i++)
		one_fault(&faults[i], 10 * (uint32_t)i);
	readonly_input();
	foreign_address();
	stream_more(&other, 2 * STREAM_BATCH);
	stream_stop(&other, "all these faults");
	after = dev_counters(fd);
	check(after.errors - before.errors == count + 2, "error completions by the device's counter: %llu",
	      (unsigned long long)(after.errors - before.errors));
	check(after.core_resets == before.core_resets && after.device_resets == before.device_resets,
	      "no reset was needed");
	check(gemm_works(fd), "after all that a job runs and gives right bits");
	return tap_end();
}
