// SPDX-License-Identifier: MIT
/* Operators of one value: a table of the device. */
#include <stdlib.h>

#include "../tables/tables.h"
#include "lower_priv.h"

static int table8(struct lower *l, const struct octet_graph_op *op, uint8_t *table)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const struct octet_graph_tensor *y = lower_of(l, op->outputs[0]);
	int ret;

	if (op->code == OCTET_G_PRELU) {
		const struct octet_graph_tensor *a = lower_of(l, lower_in(op, 1));
		const uint8_t *data = a ? lower_data(l, lower_in(op, 1)) : NULL;
		struct octet_table_quant in = { x->type, lower_scale(x), lower_zero(x) };
		struct octet_table_quant out = { y->type, lower_scale(y), lower_zero(y) };
		struct octet_table_quant alpha;

		if (!data || !lower_is8(a) || a->elements != 1)
			return lower_refuse(l, "its slope differs from channel to channel");
		alpha = (struct octet_table_quant){ a->type, lower_scale(a), lower_zero(a) };
		ret = octet_table_prelu(&in, &alpha, a->type == OCTET_INT8 ? (int8_t)data[0] : data[0],
					&out, table);
	} else {
		ret = octet_table_unary(op->code, &op->opt, x->type, lower_scale(x), lower_zero(x),
					y->type, lower_scale(y), lower_zero(y), table);
	}
	if (ret == -ENOMEM)
		return ret;
	return ret ? lower_refuse(l, "there is no table for these types and scales") : 0;
}

static int table16(struct lower *l, const struct octet_graph_op *op, int16_t *table)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const struct octet_graph_tensor *y = lower_of(l, op->outputs[0]);
	int ret = octet_table_unary16(op->code, &op->opt, lower_scale(x), lower_zero(x),
				      lower_scale(y), lower_zero(y), table);

	if (ret == -ENOMEM)
		return ret;
	if (ret)
		return lower_refuse(l, "its int16 arithmetic is no table");
	/* TFLite's slopes are int16 and wrap. */
	for (int i = 0; i + 1 < OCTET_LUT16_ENTRIES; i++)
		if (abs(table[i + 1] - table[i]) > INT16_MAX)
			return lower_refuse(l, "its table is too steep for int16");
	return 0;
}

int lower_unary(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	bool wide = x && x->type == OCTET_INT16 && y->type == OCTET_INT16;
	size_t bytes = wide ? OCTET_LUT16_ENTRIES * sizeof(int16_t) : OCTET_LUT8_SIZE;
	struct octet_low_cmd c;
	void *table;
	int ret;

	if (!x || (!wide && (!lower_is8(x) || !lower_is8(y))))
		return lower_refuse(l, "the device does not make %s of %s here",
				    octet_graph_type_name(y->type),
				    x ? octet_graph_type_name(x->type) : "nothing");
	if (x->quants != 1 || y->quants != 1)
		return lower_refuse(l, "input or result have no quantization");
	if (wide && (op->code == OCTET_G_RELU || op->code == OCTET_G_RELU6 ||
		     op->code == OCTET_G_LEAKY_RELU || op->code == OCTET_G_QUANTIZE))
		return lower_wide(l, op);
	table = calloc(1, bytes);
	if (!table)
		return -ENOMEM;
	lower_init(&c, OCTET_OP_LUT);
	ret = wide ? table16(l, op, table) : table8(l, op, table);
	if (!ret)
		ret = lower_pointwise(l, &c, in, out);
	if (ret) {
		free(table);
		return ret;
	}
	lower_limits(y->type, &c.cmd.act_min, &c.cmd.act_max);
	ret = lower_tensor(l, bytes, table, &c.tensor[OCTET_OPERAND_TABLE]);
	return ret ? ret : lower_emit(l, &c);
}
