/* SPDX-License-Identifier: MIT */
/*
 * Which operations threads share, and how: those that take long enough, cut where
 * the shares are most alike. The cut depends on the command, the level and the number of
 * threads alone; the bits of the result on none of it (split.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "op.h"
#include "split.h"
#include "team.h"
#include "threads.h"

/* Parts for each thread, so that one that is late leaves some to others. */
#define SHARE	4u
/* Threads that have something to do, in 1/1000: one is as quick as one and a bit. */
#define LEAST	1200u

uint64_t octet_cpu_part_ns = 15000;
unsigned int octet_cpu_axes = ~0u;

/**
 * struct cpu_team
 * @lane: scratch memory by thread; the first is the executor itself
 */
struct cpu_team {
	struct cpu_threads *threads;
	unsigned int count;
	struct octet_cpu *lane[];
};

/**
 * struct plan - how to cut a command
 * @units: along the axis, @unit elements each
 */
struct plan {
	enum cpu_axis axis;
	uint64_t extent, units;
	uint32_t unit;
	unsigned int parts;
};

/** struct share - a command under way */
struct share {
	struct cpu_team *team;
	const struct cpu_work *work;
	const struct plan *plan;
	cpu_whole_fn whole;
};

struct cpu_team *octet_cpu_team_new(struct octet_cpu *cpu, unsigned int count)
{
	struct cpu_team *t = calloc(1, sizeof(*t) + count * sizeof(t->lane[0]));

	if (!t)
		return NULL;
	t->threads = octet_cpu_threads_new(count);
	if (!t->threads) {
		free(t);
		return NULL;
	}
	t->count = count;
	t->lane[0] = cpu;
	return t;
}

void octet_cpu_team_free(struct cpu_team *t)
{
	if (!t)
		return;
	octet_cpu_threads_free(t->threads);
	for (unsigned int i = 1; i < t->count; i++)
		octet_cpu_free(t->lane[i]);
	free(t);
}

void octet_cpu_team_begin(struct cpu_team *t)
{
	if (t)
		octet_cpu_threads_expect(t->threads, true);
}

void octet_cpu_team_end(struct cpu_team *t)
{
	if (t)
		octet_cpu_threads_expect(t->threads, false);
}

unsigned int octet_cpu_team_count(const struct cpu_team *t)
{
	return t ? t->count : 1;
}

uint64_t octet_cpu_team_helped(const struct cpu_team *t)
{
	return t ? octet_cpu_threads_helped(t->threads) : 0;
}

/* Scratch memory for all, then the threads; false: one is all there is. */
static bool start(struct cpu_team *t)
{
	for (unsigned int i = 1; i < t->count; i++) {
		if (!t->lane[i])
			t->lane[i] = octet_cpu_lane(t->lane[0]);
		if (!t->lane[i])
			return false;
	}
	return octet_cpu_threads_start(t->threads) > 1;
}

unsigned int octet_cpu_speed(const struct octet_cpu *cpu)
{
	const unsigned int features = cpu->k->features;

	if (features & CPU_AMX)
		return 800;
	if (features & CPU_AVX512VNNI)
		return 250;
	return features ? 50 : 2;
}

/* Products in a nanosecond, about: of matrices, and of depthwise convolutions. */
static uint64_t speed(const struct octet_cpu *cpu, const struct cpu_work *work)
{
	const unsigned int features = cpu->k->features;
	const bool bytes = work->x_size == 1;

	if (work->cmd->op == OCTET_OP_DEPTHWISE)
		return !bytes || !features ? 2 : cpu->k->bytes ? 30 : 8;
	if (!bytes && features & CPU_AVX512VNNI)
		return 60;
	return octet_cpu_speed(cpu);
}

/* Nanoseconds that one thread takes, about. */
static uint64_t cost(const struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t taps = (uint64_t)cmd->r * cmd->s;
	const uint64_t elements = work->dst.elements / work->y_size;
	uint64_t ns;

	switch (cmd->op) {
	case OCTET_OP_CONV2D:
		ns = elements * taps * (cmd->cin / cmd->groups) /
		     speed(cpu, work);
		break;
	case OCTET_OP_TCONV2D:
		ns = work->src.elements / work->x_size * taps *
		     (cmd->cout / cmd->groups) / speed(cpu, work);
		break;
	case OCTET_OP_GEMM:
		ns = elements * cmd->cin / speed(cpu, work);
		break;
	case OCTET_OP_DEPTHWISE:
		return elements * taps / speed(cpu, work);
	case OCTET_OP_POOL:
		return elements * taps / 8;
	case OCTET_OP_SOFTMAX:
		return elements * 4;
	case OCTET_OP_REDUCE:
		return work->src.elements;
	case OCTET_OP_COPY:
		return work->dst.elements / 8;
	default:
		return elements / 2;
	}
	/* few rows: the weights have to come from memory */
	return ns > work->wgt.elements / 8 ? ns : work->wgt.elements / 8;
}

/* How well all threads have something to do, in 1/1000. */
static uint64_t balance(const struct plan *p, unsigned int threads)
{
	const uint64_t turns = (p->parts + threads - 1) / threads;
	const uint64_t most = (p->units + p->parts - 1) / p->parts * p->unit;
	const uint64_t longest = turns * most < p->extent ? turns * most :
							    p->extent;

	return p->extent * 1000 / (threads * longest);
}

/* The same, less what threads do twice: read weights or inputs, pack weights. */
static uint64_t worth(const struct cpu_work *work, const struct plan *p,
		      unsigned int threads)
{
	const bool packed = work->packed || work->panels;
	const bool heavy = work->wgt.elements > work->src.elements;
	uint64_t points = balance(p, threads);

	if (p->axis == CPU_AXIS_COLUMNS)
		points = points * 9 / 10;
	if (!work->w)
		return points;
	if (p->axis == CPU_AXIS_CHANNELS)
		return packed && !heavy ? points * 9 / 10 : points;
	return !packed ? points * 8 / 10 : heavy ? points * 9 / 10 : points;
}

/* In so many parts: where to cut, if somewhere better than so far. */
static void find(const struct cpu_work *work, unsigned int threads,
		 uint64_t parts, uint64_t *most, struct plan *best)
{
	for (int axis = 0; axis < CPU_AXES; axis++) {
		struct plan p = { .axis = (enum cpu_axis)axis };
		uint64_t points;

		p.extent = octet_cpu_axis(work, p.axis, &p.unit);
		p.units = (p.extent + p.unit - 1) / p.unit;
		p.parts = (unsigned int)(parts < p.units ? parts : p.units);
		if (p.parts < 2 || !(octet_cpu_axes >> axis & 1))
			continue;
		points = worth(work, &p, threads);
		if (points > *most) {
			*most = points;
			*best = p;
		}
	}
}

/* False: one thread does as well. */
static bool plan(const struct octet_cpu *cpu, const struct cpu_work *work,
		 struct plan *p)
{
	const unsigned int threads = cpu->team->count;
	uint64_t parts = (uint64_t)threads * SHARE, points = 0, most;

	most = octet_cpu_part_ns ? cost(cpu, work) / octet_cpu_part_ns : parts;
	if (most < 2)
		return false;
	for (; parts >= threads; parts -= threads)
		if (parts <= most && parts <= CPU_PARTS_MAX)
			find(work, threads, parts, &points, p);
	if (!points)
		find(work, threads, most < threads ? most : threads, &points, p);
	return points * threads > LEAST;
}

static int do_part(void *context, unsigned int part, unsigned int thread)
{
	const struct share *s = context;
	const struct plan *p = s->plan;
	const uint64_t first = p->units * part / p->parts * p->unit;
	uint64_t end = p->units * (part + 1) / p->parts * p->unit;
	struct cpu_part to;

	if (octet_cpu_canceled(s->team->lane[thread]))
		return -ECANCELED;
	if (end > p->extent)
		end = p->extent;
	octet_cpu_cut(s->work, p->axis, (uint32_t)first,
		      (uint32_t)(end - first), &to);
	return s->whole(s->team->lane[thread], &to.work);
}

/* Weights that all parts need as they are, packed once for them. */
static int pack(struct octet_cpu *cpu, struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool depth = cmd->op == OCTET_OP_DEPTHWISE;
	uint64_t bytes;
	int err;

	if (work->packed || !octet_cpu_bytes_fit(cpu, work) ||
	    (!depth && cmd->op != OCTET_OP_CONV2D &&
	     (cmd->op != OCTET_OP_GEMM || cmd->n != 1 || cmd->n2 != 1)))
		return 0;
	err = depth ? octet_cpu_pack_depth(cpu, work, cpu->packed, &bytes) :
		      octet_cpu_pack_panels(cpu, work, work->w, cpu->packed,
					    &bytes);
	if (!err)
		work->packed = cpu->packed;
	return err == -ENOTSUP ? 0 : err;
}

int octet_cpu_team_do(struct octet_cpu *cpu, const struct cpu_work *work,
		      cpu_whole_fn whole)
{
	struct cpu_work all = *work;
	struct plan p;
	struct share s = { cpu->team, &all, &p, whole };
	int err = 0;

	if (!cpu->team || !plan(cpu, work, &p) || !start(cpu->team))
		return whole(cpu, work);
	if (p.axis != CPU_AXIS_CHANNELS)
		err = pack(cpu, &all);
	if (err)
		return err;
	return octet_cpu_threads_run(cpu->team->threads, p.parts, do_part, &s);
}
