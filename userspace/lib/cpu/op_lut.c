/* SPDX-License-Identifier: MIT */
/* LUT: a table look-up per element; TAIL_LUT, the same in place. */
#include "op.h"

/**
 * struct lut - one command
 * @map: 8-bit: results by the input's byte
 * @points: int16: 513 of them
 */
struct lut {
	uint8_t map[256];
	const int16_t *points;
	int32_t lo, hi;
	uint64_t x_step, y_step;
};

static void bytes(void *context, uint8_t *const *p, size_t n)
{
	const struct lut *lut = context;
	const uint8_t *x = p[0];
	uint8_t *y = p[1];

	if (lut->x_step == 1 && lut->y_step == 1)
		for (size_t i = 0; i < n; i++)
			y[i] = lut->map[x[i]];
	else
		for (size_t i = 0; i < n; i++)
			y[i * lut->y_step] = lut->map[x[i * lut->x_step]];
}

/* TFLite, LUTLookup() of common.h */
static int32_t interpolate(const int16_t *table, int16_t value)
{
	const uint16_t index = (uint16_t)(256 + (value >> 7));
	const int32_t base = table[index];
	const int32_t slope = table[index + 1] - base;
	const int32_t delta = (slope * (value & 0x7f) + 64) >> 7;

	return base + delta;
}

static void words(void *context, uint8_t *const *p, size_t n)
{
	const struct lut *lut = context;

	for (size_t i = 0; i < n; i++) {
		const int32_t x = octet_cpu_load16(p[0] + i * lut->x_step);
		const int32_t y = interpolate(lut->points, (int16_t)x);

		octet_cpu_store16(p[1] + i * lut->y_step,
				  octet_cpu_clamp(y, lut->lo, lut->hi));
	}
}

int octet_cpu_op_lut(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint8_t *table = work->table;
	const bool is_signed = cmd->dst.type == OCTET_TYPE_INT8;
	struct lut lut = { .lo = cmd->act_min, .hi = cmd->act_max };
	struct cpu_walk w = { .operands = 2, .extent[3] = cmd->cout };

	octet_cpu_walk_set(&w, 0, work, work->x, &work->src, work->x_size);
	octet_cpu_walk_set(&w, 1, work, work->y, &work->dst, work->y_size);
	octet_cpu_walk_join(&w);
	lut.x_step = w.stride[0][3];
	lut.y_step = w.stride[1][3];
	if (work->x_size == 2) {
		lut.points = work->table;
		return octet_cpu_walk(cpu, &w, words, &lut);
	}
	for (unsigned int i = 0; i < 256; i++)
		lut.map[i] = (uint8_t)octet_cpu_clamp(octet_cpu_code(table[i],
								     is_signed),
						      lut.lo, lut.hi);
	return octet_cpu_walk(cpu, &w, bytes, &lut);
}

int octet_cpu_tail_lut(struct octet_cpu *cpu, const struct cpu_work *work)
{
	struct lut lut;
	struct cpu_walk w = { .operands = 2, .extent[3] = work->cmd->cout };

	memcpy(lut.map, work->table, sizeof(lut.map));
	octet_cpu_walk_set(&w, 0, work, work->y, &work->dst, 1);
	octet_cpu_walk_set(&w, 1, work, work->y, &work->dst, 1);
	octet_cpu_walk_join(&w);
	lut.x_step = w.stride[0][3];
	lut.y_step = w.stride[1][3];
	return octet_cpu_walk(cpu, &w, bytes, &lut);
}

int octet_cpu_op_tail(struct octet_cpu *cpu, const struct cpu_work *work)
{
	int err = 0;

	if (work->cmd->tail & OCTET_TAIL_ADD)
		err = octet_cpu_tail_add(cpu, work);
	if (!err && (work->cmd->tail & OCTET_TAIL_LUT))
		err = octet_cpu_tail_lut(cpu, work);
	return err;
}
