// SPDX-License-Identifier: MIT
/* Aliases: tensors that are other tensors' bytes. RESHAPE and its like. */
#include "lower_priv.h"

bool lower_movable(const struct lower *l, int32_t tensor)
{
	const struct octet_graph_tensor *t = lower_of(l, tensor);

	return t->producer >= 0 && !t->data && !t->variable && !l->uses[tensor].output &&
	       !l->uses[tensor].input && l->low->tensors[tensor].alias < 0;
}

bool lower_alias_out(struct lower *l, int32_t out, int32_t in, uint64_t offset)
{
	struct octet_low_tensor *t = &l->low->tensors[out];

	if (!lower_movable(l, out) || lower_of(l, in)->variable || !lower_is_dense(l, in) ||
	    !lower_is_dense(l, out))
		return false;
	t->alias = in;
	t->offset = offset;
	return true;
}

bool lower_alias_in(struct lower *l, int32_t in, int32_t out, uint64_t offset)
{
	struct octet_low_tensor *t = l->low->tensors;

	if (!lower_is_dense(l, in) || !lower_is_dense(l, out))
		return false;
	/* A reshaped tensor moves with what it is made of. */
	while (t[in].alias >= 0 && !t[in].offset && t[t[in].alias].bytes == t[in].bytes)
		in = t[in].alias;
	if (in == out || !lower_movable(l, in))
		return false;
	t[in].alias = out;
	t[in].offset = offset;
	return true;
}

int lower_reshape(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);

	if (!x || x->bytes != y->bytes || x->type != y->type)
		return lower_refuse(l, "input and result differ in size or type");
	if (lower_alias_out(l, out, in, 0)) {
		lower_free(l, "the result is its input's memory");
		return 0;
	}
	if (lower_alias_in(l, in, out, 0)) {
		lower_free(l, "its input is made in the result's memory");
		return 0;
	}
	return lower_copy_tensor(l, out, in);
}
