// SPDX-License-Identifier: MIT
/* The search over the splits of the SRAM; what the best path comes to. */
#include <errno.h>
#include <stdlib.h>

#include "place_priv.h"

/** Groups that may be tried for a job: not a time, so that plans are always the same. */
#define BUDGET 1000000

/** The part of the cost that a plan may lose if none of its tensors leaves the SRAM. */
#define NOTHING_LEAVES 64

/** A plan that costs more than the least thinkable by this part only is taken. */
#define ENOUGH 512

/** A path that costs more than the best plan by this part is not looked at further. */
#define HOPELESS 32

/** struct plan - a candidate, and the best one so far (in the caller's struct) */
struct plan {
	struct place_ctx *p;
	struct place_step *steps;
	uint32_t count;
	struct octet_place now;		/* as long as the result's */
	struct place_block *blocks;
	uint32_t *block_of;		/* [root] */
	uint64_t lb_now;
	struct octet_place *best;
	uint64_t cost;
	uint64_t least_dram;			/* no plan has less */
	uint64_t enough;			/* a cost that is not worth improving */
	uint64_t most_cycles, most_dram;	/* no plan may be worse */
};

static uint64_t round_up(uint64_t v)
{
	return octet_ceil(v, OCTET_PLACE_ALIGN) * OCTET_PLACE_ALIGN;
}

/*
 * Spaces, and the places in the SRAM that the path needs: from the first layer of the
 * chain that writes, for only its end writes, to the last that reads.
 */
static uint32_t blocks_of(struct plan *plan)
{
	struct place_ctx *p = plan->p;
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->net->tensor_count; i++)
		plan->now.spots[i].space = OCTET_CYCLES_NONE;
	for (uint32_t k = 0; k < plan->count; k++) {
		const struct place_step *s = &plan->steps[k];
		uint32_t end = s->range->first + s->range->count - 1;
		const struct octet_place_layer *l = place_layer(p, end);
		const struct place_life *out = place_life(p, l->dst);

		if (!s->out_sram)
			continue;
		if (s->in_place) {
			uint32_t b = plan->block_of[place_life(p, l->src2)->root];

			plan->block_of[out->root] = b;
		} else if (out->first >= s->range->first) {
			plan->block_of[out->root] = count;
			plan->blocks[count++] = (struct place_block) {
				.from = s->range->first, .bytes = out->bytes,
			};
		}
		plan->now.spots[out->root].space = OCTET_CYCLES_SRAM;
		plan->blocks[plan->block_of[out->root]].to = out->last;
	}
	return count;
}

static void put_spots(struct plan *plan)
{
	const struct octet_place_net *net = plan->p->net;
	struct octet_place_spot *spots = plan->now.spots;

	for (uint32_t i = 0; i < net->tensor_count; i++) {
		uint32_t root = plan->p->lives[i].root;

		if (spots[root].space == OCTET_CYCLES_SRAM) {
			uint64_t part = i == root ? 0 : net->tensors[i].alias_offset;

			spots[i].space = OCTET_CYCLES_SRAM;
			spots[i].offset = (uint32_t)(plan->blocks[plan->block_of[root]].offset +
						     part);
		} else {
			spots[i].space = plan->p->lives[root].named ? OCTET_CYCLES_DRAM :
								      OCTET_CYCLES_NONE;
			spots[i].offset = 0;
		}
	}
	for (uint32_t i = 0; i < net->layer_count; i++)
		if (plan->now.cmds[i].dst == OCTET_CYCLES_LINK)
			spots[net->layers[i].dst].space = OCTET_CYCLES_LINK;
}

/* times the candidate with line buffers of @lb; keeps it if it is the best */
static bool judge(struct plan *plan, uint64_t lb)
{
	const struct octet_place_net *net = plan->p->net;
	struct octet_place *now = &plan->now, swap;
	uint64_t cost, dram;

	if (octet_cycles_job(plan->p->machine, now->cmds, net->layer_count, now->sw, lb,
			     now->reports, NULL, NULL))
		return false;
	now->lb = (uint32_t)lb;
	now->cycles = now->dram_read = now->dram_write = 0;
	for (uint32_t i = 0; i < net->layer_count; i++) {
		now->cycles += now->reports[i].total;
		now->dram_read += now->reports[i].dram_read;
		now->dram_write += now->reports[i].dram_write;
	}
	dram = now->dram_read + now->dram_write;
	cost = place_cost(plan->p, now->cycles, dram);
	if (dram <= plan->least_dram)
		cost -= cost / NOTHING_LEAVES;
	if (cost >= plan->cost || now->cycles > plan->most_cycles || dram > plan->most_dram)
		return false;
	plan->cost = cost;
	swap = *plan->best;
	*plan->best = *now;
	*now = swap;
	return true;
}

/* the path as commands; sw and line buffers as it needs them */
static void lay_out(struct plan *plan)
{
	struct place_ctx *p = plan->p;
	uint64_t lb = 0;

	plan->now.sw = (uint32_t)place_offsets(plan->blocks, blocks_of(plan));
	for (uint32_t k = 0; k < plan->count; k++) {
		const struct place_step *s = &plan->steps[k];
		struct octet_cycles_cmd *cmds = plan->now.cmds + s->range->first;

		place_spaces(p, s->range, s->mask, s->out_sram, cmds);
		cmds[s->range->count - 1].policy = s->option->policy;
		cmds[s->range->count - 1].rows = s->option->rows;
		if (s->option->group.buffers > lb)
			lb = s->option->group.buffers;
	}
	plan->lb_now = round_up(lb);
	put_spots(plan);
}

/** struct split - a request: bytes of line buffers and of staging, the rest for tensors */
struct split {
	uint64_t lb, staging;
};

/*
 * The best path for a split, then for what that leaves unused. Offsets may need
 * more than the sum of the tensors that live at a time; then less of them may.
 */
static bool try_split(struct plan *plan, struct split split)
{
	struct place_ctx *p = plan->p;
	uint64_t sram = p->machine->sram, most, used, cost;
	bool kept = false, better;

	if (split.lb > sram || split.staging > sram - split.lb)
		return false;
	most = sram - split.lb - split.staging;
	for (int again = 0; again < 4 && p->budget; again++) {
		place_set_split(p, most, split.lb, split.staging);
		plan->count = place_path(p, plan->steps, &cost);
		if (!plan->count || cost - cost / HOPELESS > plan->cost)
			return kept;
		lay_out(plan);
		used = plan->now.sw + plan->lb_now;
		if (used + split.staging > sram) {
			uint64_t less = used + split.staging - sram;

			most = most > less ? most - less : 0;
			continue;
		}
		most = plan->now.sw;
		split = (struct split) { plan->lb_now, sram - used };
		better = judge(plan, split.lb);
		kept |= better;
		if (!better && again)
			return kept;
	}
	return kept;
}

/* everything in DRAM, each command alone */
static void plan_none(struct plan *plan)
{
	uint64_t sram = plan->p->machine->sram;

	plan->p->longest = 1;
	for (uint64_t parts = 16; parts <= PLACE_PARTS && plan->cost == UINT64_MAX; parts *= 16)
		for (uint64_t i = 0; i < parts; i++) {
			uint64_t lb = (sram * i / parts) & ~(OCTET_PLACE_ALIGN - 1ull);

			try_split(plan, (struct split) { lb, sram - lb });
		}
}

/* the splits beside @best, nearer and nearer */
static void climb(struct plan *plan, struct split best)
{
	static const int ways[][2] = { { 1, 0 }, { -1, 0 }, { 0, 1 }, { 0, -1 }, { 1, -1 }, { -1, 1 } };
	uint64_t sram = plan->p->machine->sram;

	for (uint64_t step = sram / 16; step >= sram / 64; step /= 2)
		for (bool moved = true; moved && plan->p->budget;) {
			struct split from = best;

			moved = false;
			for (int i = 0; i < 6; i++) {
				struct split s = {
					from.lb + (uint64_t)ways[i][0] * step,
					from.staging + (uint64_t)ways[i][1] * step,
				};

				if (try_split(plan, s)) {
					best = s;
					moved = true;
				}
			}
		}
}

static void plan_full(struct plan *plan, bool chains)
{
	/* 1/1024 of the SRAM; the usual first */
	static const uint16_t lb[] = { 192, 96, 256, 144, 48, 320 };
	static const uint16_t staging[] = { 256, 384, 192, 512, 128, 640, 64, 768, 896 };
	uint64_t sram = plan->p->machine->sram;
	struct split best = { sram / 4, sram / 4 };

	plan->p->longest = chains ? OCTET_CYCLES_CHAIN : 1;
	for (size_t i = 0; i < sizeof(lb) / sizeof(lb[0]); i++)
		for (size_t k = 0; k < sizeof(staging) / sizeof(staging[0]); k++) {
			struct split s = {
				round_up(lb[i] * sram / 1024), round_up(staging[k] * sram / 1024),
			};

			if (plan->cost <= plan->enough)
				return;
			if (try_split(plan, s))
				best = s;
		}
	climb(plan, best);
}

static void *array(uint64_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}

static int make_result(const struct octet_place_net *net, struct octet_place *out)
{
	out->spots = array(net->tensor_count, sizeof(*out->spots));
	out->cmds = array(net->layer_count, sizeof(*out->cmds));
	out->reports = array(net->layer_count, sizeof(*out->reports));
	return out->spots && out->cmds && out->reports ? 0 : -ENOMEM;
}

static int search(struct plan *plan)
{
	struct place_ctx *p = plan->p;
	const struct octet_place_net *net = p->net;
	struct octet_place *out = plan->best;

	for (uint32_t i = 0; i < net->layer_count; i++) {
		int err = place_check_layer(p, i, out);

		if (err)
			return err;
	}
	place_bound(p, &plan->enough, &plan->least_dram);
	plan->enough = place_cost(p, plan->enough, plan->least_dram);
	plan->enough = plan->enough - plan->enough / NOTHING_LEAVES + plan->enough / ENOUGH;
	plan_none(plan);
	if (plan->cost != UINT64_MAX) {
		plan->most_cycles = out->cycles;
		plan->most_dram = out->dram_read + out->dram_write;
	}
	if (p->level != OCTET_PLACE_NONE && net->layer_count)
		plan_full(plan, p->level == OCTET_PLACE_FULL);
	if (p->arena.failed || p->cases.failed)
		return -ENOMEM;
	if (plan->cost != UINT64_MAX || !net->layer_count)
		return 0;
	return place_check_job(p, out);
}

int octet_place(const struct octet_cycles_machine *machine, const struct octet_place_net *net,
		enum octet_place_level level, struct octet_place *place)
{
	struct place_ctx p = {
		.machine = machine, .net = net, .level = level, .budget = BUDGET,
		.longest = OCTET_CYCLES_CHAIN,
	};
	struct plan plan = {
		.p = &p, .best = place, .cost = UINT64_MAX, .most_cycles = UINT64_MAX,
		.most_dram = UINT64_MAX,
	};
	int err;

	*place = (struct octet_place) { 0 };
	err = place_check_net(net, place);
	if (err)
		return err;
	plan.steps = array(net->layer_count, sizeof(*plan.steps));
	plan.blocks = array(net->layer_count, sizeof(*plan.blocks));
	plan.block_of = array(net->tensor_count, sizeof(*plan.block_of));
	err = make_result(net, place);
	if (make_result(net, &plan.now) || !plan.steps || !plan.blocks || !plan.block_of)
		err = -ENOMEM;
	if (!err)
		err = place_graph(&p);
	if (!err)
		err = search(&plan);
	if (err == -ENOMEM)
		place_fail(place, err, 0, "out of memory");
	place_free_all(&p.arena);
	place_free_all(&p.cases);
	octet_place_free(&plan.now);
	free(plan.steps);
	free(plan.blocks);
	free(plan.block_of);
	return err;
}

void octet_place_free(struct octet_place *place)
{
	free(place->spots);
	free(place->cmds);
	free(place->reports);
	place->spots = NULL;
	place->cmds = NULL;
	place->reports = NULL;
}
