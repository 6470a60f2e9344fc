// SPDX-License-Identifier: MIT
/* What no plan can do without: the array's work, and bytes that must move. */
#include "place_priv.h"

/* one stripe is the least work; the better of the shapes, whether there is room for it or not */
static uint64_t least_work(struct octet_cyc *x, const struct octet_cycles_cmd *c)
{
	uint64_t a = octet_cyc_work(x, c, 0, c->oh, octet_cyc_shape(x->m, 0)).cycles;

	if (!octet_cyc_on_array(c))
		return a;
	return octet_min(a, octet_cyc_work(x, c, 0, c->oh, octet_cyc_shape(x->m, 1)).cycles);
}

static uint64_t bytes(const struct place_ctx *p, int32_t tensor, uint64_t part)
{
	return tensor >= 0 && p->net->tensors[tensor].external ? part : 0;
}

void place_bound(struct place_ctx *p, uint64_t *cycles, uint64_t *dram)
{
	struct octet_cyc x = { .m = p->machine };
	uint64_t array = OCTET_CYCLES_JOB, ends = 0, dma, d = 17ull * p->machine->dram_bpc;
	uint32_t n = p->net->layer_count;

	p->fixed = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct octet_place_layer *l = place_layer(p, i);
		struct octet_cycles_cmd c = l->cost;

		c.src2 = l->src2 < 0 ? OCTET_CYCLES_NONE : OCTET_CYCLES_DRAM;
		if (l->b >= 0)
			c.weights_const = false;
		p->fixed += octet_cyc_const(&x, &c);
		array += OCTET_CYCLES_COMMAND + least_work(&x, &c);
		if (i == 0)
			ends += bytes(p, l->src, (uint64_t)octet_cyc_hi(&c, 1) *
				      octet_cyc_in_row(&x, &c));
		if (i + 1 == n)
			ends += bytes(p, l->dst, octet_cyc_out_row(&x, &c));
	}
	*dram = p->fixed;
	for (uint32_t i = 0; i < p->net->tensor_count; i++)
		if (p->net->tensors[i].external && p->lives[i].named)
			*dram += p->net->tensors[i].bytes;
	array += ends * 20 / d;
	dma = *dram * 20 / d;
	*cycles = array > dma ? array : dma;
}
