// SPDX-License-Identifier: MIT
/* SOFTMAX along the last dimension. */
#include <stdlib.h>

#include "../tables/tables.h"
#include "lower_priv.h"

int lower_softmax(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	struct octet_low_cmd c;
	int32_t *table;
	int ret;

	if (!x || !lower_is8(x) || x->type != y->type)
		return lower_refuse(l, "the device does not make %s of %s here",
				    octet_graph_type_name(y->type),
				    x ? octet_graph_type_name(x->type) : "nothing");
	if (!x->rank || x->dims[x->rank - 1] > OCTET_SOFTMAX_MAX)
		return lower_refuse(l, "its rows have more than %d values", OCTET_SOFTMAX_MAX);
	if (x->quants != 1 || y->quants != 1 || lower_scale(y) != 1.0f / 256 ||
	    lower_zero(y) != (y->type == OCTET_INT8 ? -128 : 0))
		return lower_refuse(l, "its result does not have scale 1/256 from the lowest code");
	lower_init(&c, OCTET_OP_SOFTMAX);
	c.cmd.sub = OCTET_SOFTMAX_RECIPROCAL;
	ret = lower_pointwise(l, &c, in, out);
	if (ret)
		return ret;
	table = calloc(OCTET_SOFTMAX_ENTRIES, sizeof(*table));
	if (!table)
		return -ENOMEM;
	if (octet_table_softmax(op->opt.softmax.beta, lower_scale(x), table)) {
		free(table);
		return lower_refuse(l, "there is no table for its scale and beta");
	}
	ret = lower_tensor(l, OCTET_SOFTMAX_ENTRIES * sizeof(*table), table,
			   &c.tensor[OCTET_OPERAND_TABLE]);
	c.cmd.dst.zero_point = lower_zero(y);
	lower_limits(y->type, &c.cmd.act_min, &c.cmd.act_max);
	return ret ? ret : lower_emit(l, &c);
}
