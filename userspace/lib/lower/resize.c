// SPDX-License-Identifier: MIT
/* RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR. */
#include <stdlib.h>

#include "../tables/tables.h"
#include "lower_priv.h"

int lower_resize(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	struct lower_shape sx, sy;
	struct octet_low_cmd c;
	struct octet_tap *taps;
	uint64_t bytes;
	int ret;

	if (!x || x->rank != 4 || y->rank != 4 || x->type != y->type ||
	    (!lower_is8(x) && x->type != OCTET_INT16))
		return lower_refuse(l, "its input is %s",
				    x ? octet_graph_type_name(x->type) : "missing");
	if (op->code == OCTET_G_RESIZE_BILINEAR && x->type == OCTET_UINT8)
		return lower_refuse(l, "TFLite computes it in float32 for uint8");
	if (!lower_shape(l, in, &sx) || !lower_shape(l, out, &sy))
		return lower_refuse(l, "its channels do not lie side by side");
	lower_init(&c, OCTET_OP_RESIZE);
	lower_put(l, &c, OCTET_OPERAND_SRC, in, &sx);
	lower_put(l, &c, OCTET_OPERAND_DST, out, &sy);
	lower_limits(y->type, &c.cmd.act_min, &c.cmd.act_max);
	if (sx.e[1] > LOWER_EXTENT || sx.e[2] > LOWER_EXTENT || sy.e[1] > LOWER_EXTENT ||
	    sy.e[2] > LOWER_EXTENT)
		return lower_refuse(l, "its images have more than %u rows or columns", LOWER_EXTENT);
	bytes = ((uint64_t)sy.e[1] + sy.e[2]) * sizeof(*taps);
	taps = calloc(1, bytes);
	if (!taps)
		return -ENOMEM;
	ret = octet_table_taps(op->code, &op->opt.resize, sx.e[1], sy.e[1], taps);
	if (!ret)
		ret = octet_table_taps(op->code, &op->opt.resize, sx.e[2], sy.e[2],
				       taps + sy.e[1]);
	if (ret) {
		free(taps);
		return lower_refuse(l, "there are no taps for its options");
	}
	ret = lower_tensor(l, bytes, taps, &c.tensor[OCTET_OPERAND_TABLE]);
	return ret ? ret : lower_emit(l, &c);
}
