// SPDX-License-Identifier: MIT
/* What cannot be placed, and why. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "place_priv.h"

int place_fail(struct octet_place *out, int error, uint32_t layer, const char *format, ...)
{
	va_list args;

	out->bad = layer;
	va_start(args, format);
	vsnprintf(out->error, sizeof(out->error), format, args);
	va_end(args);
	return error;
}

/* a layer alone and in DRAM, with @part / PLACE_PARTS of the SRAM for line buffers */
static bool fits(const struct place_ctx *p, uint32_t i, uint64_t part, const char **why)
{
	const struct octet_place_layer *l = place_layer(p, i);
	uint64_t lb = p->machine->sram * part / PLACE_PARTS;
	struct octet_cycles_cmd c = l->cost;
	struct octet_report report;

	c.src = l->src < 0 ? OCTET_CYCLES_NONE : OCTET_CYCLES_DRAM;
	c.src2 = l->src2 < 0 ? OCTET_CYCLES_NONE : OCTET_CYCLES_DRAM;
	c.dst = OCTET_CYCLES_DRAM;
	if (l->b >= 0) {
		c.weights = OCTET_CYCLES_DRAM;
		c.weights_const = false;
	}
	c.chain = false;
	c.policy = OCTET_POLICY_AUTO;
	c.rows = 0;
	return !octet_cycles_job(p->machine, &c, 1, 0, lb & ~(OCTET_PLACE_ALIGN - 1ull), &report,
				 NULL, why);
}

int place_check_layer(const struct place_ctx *p, uint32_t i, struct octet_place *out)
{
	const char *why = "";

	/* from the middle, where most layers fit */
	for (uint64_t k = PLACE_PARTS / 2; k < PLACE_PARTS / 2 + PLACE_PARTS; k++)
		if (fits(p, i, k % PLACE_PARTS, &why))
			return 0;
	return place_fail(out, -EINVAL, i,
		    "layer %u does not fit %llu bytes of SRAM, however they are divided: %s", i,
		    (unsigned long long)p->machine->sram, why);
}

/* all layers fit alone, but no division suits all: the first that does not go with those before it */
int place_check_job(const struct place_ctx *p, struct octet_place *out)
{
	bool left[PLACE_PARTS];
	const char *why = "";
	uint32_t i;

	memset(left, true, sizeof(left));
	for (i = 0; i + 1 < p->net->layer_count; i++) {
		bool any = false;

		for (uint64_t k = 0; k < PLACE_PARTS; k++) {
			left[k] = left[k] && fits(p, i, k, &why);
			any |= left[k];
		}
		if (!any)
			break;
	}
	return place_fail(out, -EINVAL, i, "layer %u does not fit %llu bytes of SRAM together with the "
		    "layers before it: one needs the line buffers, another the staging; cut the job "
		    "there", i, (unsigned long long)p->machine->sram);
}

int place_check_net(const struct octet_place_net *net, struct octet_place *out)
{
	for (uint32_t i = 0; i < net->tensor_count; i++) {
		const struct octet_place_tensor *t = &net->tensors[i], *root;

		if (t->alias_of < 0)
			continue;
		if ((uint32_t)t->alias_of >= net->tensor_count)
			return place_fail(out, -EINVAL, 0, "tensor %u is part of %d, there are %u", i,
				    t->alias_of, net->tensor_count);
		root = &net->tensors[t->alias_of];
		if (root->alias_of >= 0 || t->alias_offset > root->bytes ||
		    t->bytes > root->bytes - t->alias_offset)
			return place_fail(out, -EINVAL, 0, "tensor %u, %llu bytes at %llu, is no part of "
				    "tensor %d with %llu bytes: a part lies inside a tensor that is no part itself",
				    i, (unsigned long long)t->bytes,
				    (unsigned long long)t->alias_offset, t->alias_of,
				    (unsigned long long)root->bytes);
	}
	for (uint32_t i = 0; i < net->layer_count; i++) {
		const struct octet_place_layer *l = &net->layers[i];
		const struct octet_cycles_cmd *c = &l->cost;
		const int32_t used[] = { l->src, l->src2, l->b, l->dst };
		octet_u128 result = (octet_u128)((uint64_t)c->n * c->oh) * c->ow * c->cout * c->obytes;

		for (int k = 0; k < 4; k++)
			if (used[k] < (k == 3 ? 0 : -1) || used[k] >= (int64_t)net->tensor_count)
				return place_fail(out, -EINVAL, i, "layer %u names tensor %d, there are %u",
						  i, used[k], net->tensor_count);
		if (!l->dst_view && result > net->tensors[l->dst].bytes)
			return place_fail(out, -EINVAL, i, "layer %u writes %llu bytes, tensor %d has "
					  "%llu", i, (unsigned long long)result, l->dst,
					  (unsigned long long)net->tensors[l->dst].bytes);
	}
	return 0;
}
