// SPDX-License-Identifier: MIT
/*
 * Large parts behind small ones: a network's first activations fill the SRAM with few
 * samples, its last layers have the weights. Where it pays a segment is cut in two
 * jobs, and the second takes the batch in larger parts.
 */
#include <stdlib.h>

#include "plan.h"

/** Cycles that another job costs outside its commands: doorbell, fetch, interrupt. */
#define JOB 1000

/** The part of the cycles that another job has to save. */
#define PAYS 256

/* Bytes that a command's activations have with all samples of a part. */
static uint64_t activations(const struct octet_plan *plan, const struct octet_low *low,
			    const struct octet_low_cmd *c)
{
	static const int operand[] = { OCTET_OPERAND_SRC, OCTET_OPERAND_SRC2, OCTET_OPERAND_DST };
	uint64_t sum = 0;

	for (int k = 0; k < 3; k++)
		if (c->tensor[operand[k]] >= 0)
			sum += low->tensors[plan->tensors[c->tensor[operand[k]]].root].bytes;
	return sum;
}

/* May a segment end before its command @at: between operators, and not in a chain. */
static bool border(const struct plan_segment *seg, uint32_t at)
{
	const struct octet_low *low = seg->low;

	return !seg->place.cmds[at - 1].chain &&
	       low->cmds[low->steps[seg->first + at - 1].index].op !=
		       low->cmds[low->steps[seg->first + at].index].op;
}

/* The first command from which on all have room for a form's samples; the count: none. */
static uint32_t fits_from(const struct octet_plan *plan, const struct plan_segment *seg,
			  const struct plan_form *form, uint64_t room)
{
	const struct octet_low *low = form->low;
	uint32_t at = seg->count;

	while (at && activations(plan, low, &low->cmds[low->steps[seg->first + at - 1].index]) <=
			     room)
		at--;
	while (at && at < seg->count && !border(seg, at))
		at++;
	return at;
}

static uint64_t cycles_before(const struct plan_segment *seg, uint32_t at)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < seg->count * seg->parts; i++)
		if (i % seg->count < at)
			sum += seg->place.reports[i].total;
	return sum;
}

/* The cycles if command @at on runs in parts of @form; UINT64_MAX: it cannot. */
static uint64_t estimate(struct octet_plan *plan, uint32_t index, uint32_t at,
			 const struct plan_form *form)
{
	struct plan_segment *seg = &plan->segments[index], behind;
	uint64_t before = cycles_before(seg, at), sum = UINT64_MAX;

	if (octet_plan_split(plan, index, at))
		return UINT64_MAX;
	behind = plan->segments[index + 1];
	if (!octet_plan_attempt(plan, &behind, form))
		sum = before + behind.place.cycles;
	octet_place_free(&behind.place);
	octet_plan_join(plan, index);
	return sum;
}

/* Cuts the segment for good if the cycles of both jobs are fewer. */
static int cut(struct octet_plan *plan, uint32_t index, uint32_t at, uint64_t enough)
{
	struct plan_segment whole = plan->segments[index], behind = { 0 };
	int ret = octet_plan_split(plan, index, at);
	uint32_t bad;

	if (ret)
		return ret;
	plan->segments[index].place = (struct octet_place){ 0 };
	ret = octet_plan_choose(plan, &plan->segments[index], &bad);
	behind = plan->segments[index + 1];
	if (!ret)
		ret = octet_plan_choose(plan, &behind, &bad);
	if (!ret && plan->segments[index].place.cycles + behind.place.cycles <= enough) {
		octet_place_free(&whole.place);
	} else {
		octet_place_free(&plan->segments[index].place);
		octet_plan_join(plan, index);
		plan->segments[index] = whole;
	}
	octet_place_free(&behind.place);
	return ret == -ENOMEM ? ret : 0;
}

int octet_plan_mix(struct octet_plan *plan, uint32_t index)
{
	const struct plan_segment *seg = &plan->segments[index];
	uint64_t enough = seg->place.cycles, least = UINT64_MAX;
	uint32_t best = 0;

	enough -= enough / PAYS;
	if (plan->ctx->backend == OCTET_BACKEND_CPU || enough <= JOB)
		return 0;
	enough -= JOB;
	for (uint32_t i = 0; i < plan->form_count; i++) {
		uint32_t last = 0;

		if (plan->forms[i].batch * seg->parts <= plan->opts.batch)
			continue;
		for (uint64_t room = 3; room >= 2; room--) {
			uint32_t at = fits_from(plan, seg, &plan->forms[i],
						room * plan->machine.sram / 4);
			uint64_t sum;

			if (!at || at == seg->count || at == last)
				continue;
			last = at;
			sum = estimate(plan, index, at, &plan->forms[i]);
			seg = &plan->segments[index];
			if (sum < least) {
				least = sum;
				best = at;
			}
		}
	}
	return least <= enough ? cut(plan, index, best, enough) : 0;
}
