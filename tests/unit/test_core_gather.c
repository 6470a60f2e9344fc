// SPDX-License-Identifier: MIT
/*
 * The private copies that a compute gets: second inputs, repeated channels,
 * strided channels, int4 weights, tables, elements of two and four bytes. What
 * a copy has to be follows from the manual's indices, one element at a time.
 */
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define BIG	(UINT64_C(2) << 20)
#define VA_BIG	UINT64_C(0x50000000)

static void fill(void *p, size_t n, uint32_t seed)
{
	uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		b[i] = (uint8_t)(seed >> 24);
	}
}

/* Steps until the command's compute is asked for; counts the steps. */
static int copy_in(struct fake *f, const struct octet_cmd *cmd)
{
	struct octet_core *core = &f->m->core[0];
	int steps = 0;

	fake_queue(f, 0, cmd, 1)->sw = 4096;
	fake_doorbell(f, 0);
	while (octet_core_step(f->m, 0).kind == OCTET_STEP_COMPUTE &&
	       core->phase != OCTET_PHASE_COMPUTE) {
		octet_core_compute(f->m, 0);
		steps++;
	}
	if (core->phase != OCTET_PHASE_COMPUTE)
		fail_msg("the command was refused: status 0x%x", core->job.fault.status);
	return steps;
}

/* Element (a, b, c, d) of a view of four strides and elements of @size bytes. */
static void compare(const uint8_t *base, const uint32_t ext[4], const __u64 stride[4],
		    size_t size, const uint8_t *dense)
{
	for (uint32_t a = 0; a < ext[0]; a++)
	for (uint32_t b = 0; b < ext[1]; b++)
	for (uint32_t c = 0; c < ext[2]; c++)
	for (uint32_t d = 0; d < ext[3]; d++, dense += size) {
		const uint8_t *p = base + a * stride[0] + b * stride[1] + c * stride[2] +
				   d * stride[3];

		if (memcmp(p, dense, size))
			fail_msg("element %u %u %u %u differs", a, b, c, d);
	}
}

/* NHWC operands have three strides, and channels beside each other; or REPEAT. */
static void check_image(struct fake *f, const struct octet_cmd *cmd,
			const struct octet_operand *o, const uint8_t *dense)
{
	bool repeat = o->flags & OCTET_OPERAND_REPEAT;
	uint64_t size = octet_type_size(o->type);
	__u64 stride[4] = {
		o->stride[1], o->stride[2], o->stride[3], repeat ? 0 : size
	};

	compare(fake_va(f, o->addr), (uint32_t[]){ cmd->n, cmd->h, cmd->w, cmd->cin }, stride,
		size, dense);
}

static struct octet_cmd two_inputs(uint8_t type)
{
	struct octet_cmd cmd = fake_ew(OCTET_EW_MAX);
	uint64_t size = octet_type_size(type);

	cmd.n = 3;
	cmd.src.type = cmd.src2.type = cmd.dst.type = type;
	for (int k = 1; k < 4; k++) {
		cmd.src.stride[k] *= size;
		cmd.src2.stride[k] = cmd.src.stride[k];
		cmd.dst.stride[k] *= size;
	}
	cmd.dst.stride[1] = cmd.src.stride[1] = cmd.src2.stride[1] = 64 * size;
	return cmd;
}

static void restart(struct fake *f)
{
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	octet_core_compute(f->m, 0);
	fake_run(f);
	fake_enable(f, 0);
}

/* All broadcasts of two inputs, 8 and 16 bits wide. */
static void test_broadcast(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	fill(fake_va(f, VA_SRC), VA_SIZE, 1);
	fill(fake_va(f, VA_SRC2), VA_SIZE, 2);
	for (int i = 0; i < 64; i++) {
		struct octet_cmd cmd = two_inputs(i & 32 ? OCTET_TYPE_INT16 : OCTET_TYPE_INT8);

		for (int k = 1; k < 4; k++)
			if (i >> k & 1)
				cmd.src2.stride[k] = 0;
		if (i & 1)
			cmd.src2.flags = OCTET_OPERAND_REPEAT;
		if (i & 16) {
			cmd.src.flags = OCTET_OPERAND_REPEAT;
			cmd.src.stride[3] = 2;
			cmd.src.stride[2] = 322;
			cmd.src.stride[1] = i & 2 ? 0 : 5000;
		}
		copy_in(f, &cmd);
		check_image(f, &cmd, &cmd.src, f->m->core[0].work.src);
		check_image(f, &cmd, &cmd.src2, f->m->core[0].work.src2);
		assert_null(f->m->core[0].work.wgt);
		assert_null(f->m->core[0].work.table);
		restart(f);
	}
	fake_free(f);
}

/* COPY: any order of the dimensions, on both sides, all sizes of elements. */
static void test_transpose(void **state)
{
	static const uint8_t types[] = {
		OCTET_TYPE_INT8, OCTET_TYPE_UINT8, OCTET_TYPE_INT16, OCTET_TYPE_INT32,
	};
	struct fake *f = fake_ready("");

	(void)state;
	fill(fake_va(f, VA_SRC), VA_SIZE, 3);
	for (int i = 0; i < 24 * 4; i++) {
		uint32_t ext[4] = { 2, 3, 5, 7 };
		struct octet_cmd cmd = fake_copy();
		struct octet_completion c;
		uint64_t size, step;
		int left[4] = { 0, 1, 2, 3 }, order[4], pick = i / 4;

		for (int k = 0; k < 4; k++) {
			int at = pick % (4 - k);

			pick /= 4 - k;
			order[k] = left[at];
			memmove(&left[at], &left[at + 1], (size_t)(3 - at) * sizeof(int));
		}
		cmd.src.type = cmd.dst.type = types[i & 3];
		size = step = octet_type_size(cmd.src.type);
		cmd.n = 2;
		cmd.h = cmd.oh = 3;
		cmd.w = cmd.ow = 5;
		cmd.cin = cmd.cout = 7;
		for (int k = 0; k < 4; k++) {
			cmd.src.stride[order[k]] = step + (i & 8 ? 2 * size : 0);
			step = cmd.src.stride[order[k]] * ext[order[k]];
		}
		step = size;
		for (int k = 3; k >= 0; k--) {
			cmd.dst.stride[order[k]] = step;
			step *= ext[order[k]];
		}
		copy_in(f, &cmd);
		compare(fake_va(f, VA_SRC), ext, cmd.src.stride, size, f->m->core[0].work.src);
		octet_core_compute(f->m, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, OCTET_STATUS_OK);
		compare(fake_va(f, VA_DST), ext, cmd.dst.stride, size,
			f->m->core[0].src.data);
	}
	fake_free(f);
}

/* The first is in bits 3..0; also where their number is odd. */
static void test_int4(void **state)
{
	struct fake *f = fake_ready("");
	const uint8_t *packed = fake_va(f, VA_WGT);

	(void)state;
	fill(fake_va(f, VA_WGT), VA_SIZE, 4);
	for (int i = 0; i < 12; i++) {
		struct octet_cmd cmd = i % 3 == 0 ? fake_conv() : i % 3 == 1 ? fake_depthwise() :
				       fake_gemm(2, 5, 3);
		uint32_t count = i % 3 == 0 ? 8 * 9 * 2 : i % 3 == 1 ? 9 * 8 : 15;
		const int8_t *got;

		if (cmd.op == OCTET_OP_GEMM && i & 1) {
			cmd.n = 3;
			cmd.dst.stride[1] = 100;
			count *= 3;
		}
		cmd.wgt.type = OCTET_TYPE_INT4;
		cmd.wgt.addr += (unsigned int)i;
		memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
		assert_int_equal(octet_view_weights(&cmd), count);
		copy_in(f, &cmd);
		got = (const int8_t *)f->m->core[0].work.wgt;
		for (uint32_t k = 0; k < count; k++) {
			unsigned int v = packed[(unsigned int)i + k / 2] >> 4 * (k & 1) & 15;

			assert_int_equal(got[k], v < 8 ? (int)v : (int)v - 16);
		}
		restart(f);
	}
	fake_free(f);
}

/* The end of a run of nibbles is the end of what is read. */
static void test_int4_bounds(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(2, 5, 3);
	struct octet_completion c;

	(void)state;
	cmd.wgt.type = OCTET_TYPE_INT4;
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	cmd.wgt.addr = VA_WGT + VA_SIZE - 8;	/* 15 elements */
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_OK);
	cmd.wgt.addr++;
	c = fake_job(f, &cmd, 1);
	assert_int_equal(c.status, OCTET_STATUS_UNMAPPED);
	assert_int_equal(c.detail & OCTET_CQ_DETAIL_OPERAND, OCTET_OPERAND_WGT);
	assert_true(c.fault_va == VA_WGT + VA_SIZE);
	fake_free(f);
}

/* Millions of nibbles become bytes in slices. */
static void test_int4_in_slices(void **state)
{
	struct fake *f = fake_ready("sram=8M");
	struct octet_cmd cmd = fake_gemm(1, 2048, 2048);
	const uint8_t *packed;
	const int8_t *got;

	(void)state;
	packed = fake_buffer(f, 1, VA_BIG, BIG);
	fill(fake_va(f, VA_BIG), BIG, 5);
	cmd.wgt.type = OCTET_TYPE_INT4;
	cmd.wgt.addr = VA_BIG;
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	assert_true(copy_in(f, &cmd) >= 3);
	got = (const int8_t *)f->m->core[0].work.wgt;
	for (size_t k = 0; k < 2 * BIG; k++) {
		int v = packed[k / 2] >> 4 * (k & 1) & 15;

		if (got[k] != (v < 8 ? v : v - 16))
			fail_msg("element %zu", k);
	}
	restart(f);
	fake_free(f);
}

/* Packed weights are as they lie, whole lines, and no byte more is read. */
static void test_packed(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[] = { fake_conv(), fake_gemm(2, 5, 17) };
	/* two groups of a panel, 18 inputs; two panels, 5 inputs */
	static const size_t bytes[] = { 2 * 5 * 64, 2 * 2 * 64 };
	struct octet_completion c;

	(void)state;
	fill(fake_va(f, VA_WGT), VA_SIZE, 6);
	for (int i = 0; i < 2; i++) {
		struct octet_cmd *cmd = &cmds[i];
		uint64_t end = VA_WGT + VA_SIZE - bytes[i];
		struct octet_view v;

		cmd->wgt.layout = OCTET_LAYOUT_PACKED;
		cmd->wgt.addr = end;
		memset(cmd->wgt.stride, 0, sizeof(cmd->wgt.stride));
		assert_int_equal(octet_view_operand(&v, cmd, OCTET_OPERAND_WGT), 0);
		assert_int_equal(v.dense, bytes[i]);
		assert_int_equal(v.extent, bytes[i]);
		copy_in(f, cmd);
		assert_memory_equal(f->m->core[0].work.wgt,
				    (uint8_t *)fake_va(f, VA_WGT) + VA_SIZE - bytes[i], bytes[i]);
		restart(f);
		assert_int_equal(fake_job(f, cmd, 1).status, OCTET_STATUS_OK);
		cmd->wgt.addr = end + 64;
		c = fake_job(f, cmd, 1);
		assert_int_equal(c.status, OCTET_STATUS_UNMAPPED);
		assert_int_equal(c.detail & OCTET_CQ_DETAIL_OPERAND, OCTET_OPERAND_WGT);
		assert_true(c.fault_va == VA_WGT + VA_SIZE);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, 5);
	}
	fake_free(f);
}

static void test_tables(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[4] = {
		fake_lut(), fake_softmax(), fake_resize(), two_inputs(OCTET_TYPE_INT16),
	};
	static const size_t size[4] = { 256, 1024, 16 * 16, 1026 };
	uint32_t *t = fake_va(f, VA_TABLE);

	(void)state;
	for (uint32_t i = 0; i < 1024; i++)
		t[i] = i % 4 == 3 ? 0 : i % 3;
	/* 513 entries of two bytes */
	cmds[3].op = OCTET_OP_LUT;
	cmds[3].sub = 0;
	cmds[3].table = VA_TABLE;
	memset(&cmds[3].src2, 0, sizeof(cmds[3].src2));
	for (int i = 0; i < 4; i++) {
		copy_in(f, &cmds[i]);
		assert_memory_equal(f->m->core[0].work.table, t, size[i]);
		restart(f);
	}
	fake_free(f);
}

/* int16 inputs: records of 16 bytes, and no others. */
static void test_records16(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_conv16();
	struct octet_param16 *prm = fake_va(f, VA_PRM);

	(void)state;
	for (int i = 0; i < 8; i++)
		prm[i] = (struct octet_param16) { -i, 1, 1, { 0 } };
	fill(fake_va(f, VA_SRC), VA_SIZE, 6);
	copy_in(f, &cmd);
	assert_null(f->m->core[0].work.prm);
	assert_null(f->m->core[0].work.chn);
	assert_memory_equal(f->m->core[0].work.prm16, prm, 8 * sizeof(*prm));
	check_image(f, &cmd, &cmd.src, f->m->core[0].work.src);
	restart(f);
	fake_free(f);
}

/* SRAM operands take the same ways. */
static void test_sram(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = two_inputs(OCTET_TYPE_INT8);
	struct octet_core *core = &f->m->core[0];

	(void)state;
	fill(core->sram, 4096, 7);
	core->sram_dirty = 0;
	cmd.src.space = cmd.src2.space = OCTET_SPACE_SRAM;
	cmd.src.addr = 100;
	cmd.src2.addr = 4096 - (2 * 64 + 3 * 16 + 3 * 4 + 1);
	cmd.src2.flags = OCTET_OPERAND_REPEAT;
	copy_in(f, &cmd);
	compare(core->sram + 100, (uint32_t[]){ 3, 4, 4, 4 }, (__u64[]){ 64, 16, 4, 1 }, 1,
		core->work.src);
	compare(core->sram + cmd.src2.addr, (uint32_t[]){ 3, 4, 4, 4 },
		(__u64[]){ 64, 16, 4, 0 }, 1, core->work.src2);
	restart(f);
	fake_free(f);
}

/* A column of a wide matrix is on many pages: each is read once. */
static void test_transposition_reads_pages_once(void **state)
{
	struct fake *f = fake_ready("sram=8M");
	struct octet_cmd cmd = fake_copy();
	uint64_t before;
	uint8_t *p;

	(void)state;
	p = fake_buffer(f, 1, VA_BIG, BIG);
	fill(p, BIG, 8);
	cmd.src.addr = VA_BIG;
	cmd.h = cmd.oh = 1;
	cmd.w = cmd.ow = 256;
	cmd.cin = cmd.cout = 256;
	memcpy(cmd.src.stride, (__u64[]){ 0, 0, 1, 8192 }, sizeof(cmd.src.stride));
	memcpy(cmd.dst.stride, (__u64[]){ 0, 0, 256, 1 }, sizeof(cmd.dst.stride));
	before = f->dma;
	copy_in(f, &cmd);
	compare(p, (uint32_t[]){ 1, 1, 256, 256 }, cmd.src.stride, 1, f->m->core[0].work.src);
	/* its page, and what translates it */
	assert_true(f->dma - before < 256 * 5);
	restart(f);
	fake_free(f);
}

/* A view with all dimensions alike is joined to one, and one of single runs too. */
static void test_merge(void **state)
{
	struct octet_view v = { .ext = { 2, 3, 1, 4 }, .stride = { 24, 8, 99, 2 }, .run = 2 };

	(void)state;
	octet_view_merge(&v);
	assert_int_equal(v.run, 48);
	for (int i = 0; i < 4; i++)
		assert_int_equal(v.ext[i], 1);
	v = (struct octet_view) { .ext = { 2, 1, 3, 4 }, .stride = { 0, 0, 0, 0 }, .run = 1 };
	octet_view_merge(&v);
	assert_int_equal(v.run, 1);
	assert_int_equal(v.ext[3], 24);
	v = (struct octet_view) { .ext = { 2, 3, 4, 1 }, .stride = { 120, 40, 10, 0 }, .run = 3 };
	octet_view_merge(&v);
	assert_int_equal(v.run, 3);
	assert_int_equal(v.ext[3], 24);
	assert_int_equal(v.stride[3], 10);
	v = (struct octet_view) { .ext = { 2, 1, 3, 4 }, .stride = { 7, 0, 4, 12 }, .run = 4 };
	octet_view_merge(&v);
	assert_int_equal(v.run, 4);
	assert_int_equal(v.ext[1], 2);
	assert_int_equal(v.ext[2], 3);
	assert_int_equal(v.ext[3], 4);
	assert_memory_equal(v.stride + 1, ((__u64[]){ 7, 4, 12 }), 24);
}

UNIT_MAIN(
	unit_case(test_broadcast),
	unit_case(test_transpose),
	unit_case(test_int4),
	unit_case(test_int4_bounds),
	unit_case(test_int4_in_slices),
	unit_case(test_packed),
	unit_case(test_tables),
	unit_case(test_records16),
	unit_case(test_sram),
	unit_case(test_transposition_reads_pages_once),
	unit_case(test_merge),
)
