// SPDX-License-Identifier: MIT
/* LESS, GREATER, EQUAL and their like, LOGICAL_AND, LOGICAL_OR, SELECT. */

#include "host_priv.h"

static int check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *a = octet_graph_input(g, op, 0), *b = octet_graph_input(g, op, 1);
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	struct octet_host_walk w;

	octet_host_walk_begin(&w, y);
	OCTET_HOST_NEED(octet_host_walk_add(&w, 0, a) && octet_host_walk_add(&w, 1, b), -EINVAL,
			"the inputs cannot be broadcast to the output's shape");
	OCTET_HOST_NEED(a->type == b->type, -EINVAL, "the inputs differ in type");
	OCTET_HOST_NEED(y->type == OCTET_BOOL, -EINVAL, "the output must be bool");
	OCTET_HOST_NEED(a->type != OCTET_INT4 && a->type != OCTET_FLOAT16, -ENOTSUP,
			"the host has this operator for other types only");
	if (op->code == OCTET_G_LOGICAL_AND || op->code == OCTET_G_LOGICAL_OR)
		OCTET_HOST_NEED(a->type == OCTET_BOOL, -EINVAL, "the inputs must be bool");
	if (octet_host_is8(a))
		OCTET_HOST_NEED(octet_host_quantized(a) && octet_host_quantized(b) &&
					a->scale[0] < 0x1p20f && b->scale[0] < 0x1p20f,
				-EINVAL, "the inputs need one valid scale and zero point each");
	return 0;
}

static bool decide(uint32_t code, int order)
{
	switch (code) {
	case OCTET_G_LESS:
		return order < 0;
	case OCTET_G_LESS_EQUAL:
		return order <= 0;
	case OCTET_G_GREATER:
		return order > 0;
	case OCTET_G_GREATER_EQUAL:
		return order >= 0;
	case OCTET_G_EQUAL:
		return !order;
	default:
		return order;
	}
}

/* No number is unequal to all, and in no order. */
static bool decide_real(uint32_t code, float a, float b)
{
	if (isnan(a) || isnan(b))
		return code == OCTET_G_NOT_EQUAL;
	return decide(code, (a > b) - (a < b));
}

/* Codes on a common scale, eight more bits. */
static int64_t common(octet_tensor_t *t, int64_t v)
{
	int32_t mult;
	int shift;

	octet_fx_multiplier((double)t->scale[0], &mult, &shift);
	return octet_fx_scale((int32_t)(v - t->zero_point[0]) * 256, mult, shift);
}

static int run(const struct octet_host_call *c)
{
	octet_tensor_t *t_a = octet_host_tin(c, 0), *t_b = octet_host_tin(c, 1);
	const void *a = octet_host_in(c, 0), *b = octet_host_in(c, 1);
	uint8_t *y = octet_host_out(c, 0);
	uint32_t code = c->op->code;
	struct octet_host_walk w;

	octet_host_walk_begin(&w, octet_host_tout(c, 0));
	octet_host_walk_add(&w, 0, t_a);
	octet_host_walk_add(&w, 1, t_b);
	do {
		int64_t v_a, v_b;

		if (t_a->type == OCTET_FLOAT32) {
			*y++ = decide_real(code, ((const float *)a)[w.at[0]],
					   ((const float *)b)[w.at[1]]);
			continue;
		}
		v_a = octet_host_load(t_a->type, a, (size_t)w.at[0]);
		v_b = octet_host_load(t_b->type, b, (size_t)w.at[1]);
		if (octet_host_is8(t_a)) {
			v_a = common(t_a, v_a);
			v_b = common(t_b, v_b);
		}
		if (code == OCTET_G_LOGICAL_AND)
			*y++ = v_a && v_b;
		else if (code == OCTET_G_LOGICAL_OR)
			*y++ = v_a || v_b;
		else
			*y++ = decide(code, (v_a > v_b) - (v_a < v_b));
	} while (octet_host_walk_next(&w));
	return 0;
}

/* ---- SELECT ----------------------------------------------------------------- */

/* SELECT's condition may be one for each slice of the first dimension. */
static bool by_slice(octet_tensor_t *condition, octet_tensor_t *x)
{
	return condition->rank == 1 && x->rank > 1 && condition->dims[0] == x->dims[0];
}

static bool select_walk(const struct octet_graph *g, const struct octet_graph_op *op,
			struct octet_host_walk *w)
{
	octet_tensor_t *condition = octet_graph_input(g, op, 0);

	octet_host_walk_begin(w, octet_graph_output(g, op, 0));
	if (!octet_host_walk_add(w, 1, octet_graph_input(g, op, 1)) ||
	    !octet_host_walk_add(w, 2, octet_graph_input(g, op, 2)))
		return false;
	if (op->code == OCTET_G_SELECT && by_slice(condition, octet_graph_input(g, op, 1))) {
		w->stride[0][0] = 1;
		return octet_host_same_shape(octet_graph_input(g, op, 1),
					     octet_graph_output(g, op, 0));
	}
	return octet_host_walk_add(w, 0, condition);
}

static int select_check(const struct octet_graph *g, const struct octet_graph_op *op,
			const char **why)
{
	octet_tensor_t *x = octet_graph_input(g, op, 1), *y = octet_graph_output(g, op, 0);
	struct octet_host_walk w;

	OCTET_HOST_NEED(octet_graph_input(g, op, 0)->type == OCTET_BOOL, -EINVAL,
			"the condition must be bool");
	OCTET_HOST_NEED(x->type == octet_graph_input(g, op, 2)->type && x->type == y->type, -EINVAL,
			"both choices and the output must have one type");
	OCTET_HOST_NEED(octet_host_size(x->type), -ENOTSUP, "SELECT of int4 is not on the host");
	OCTET_HOST_NEED(select_walk(g, op, &w), -EINVAL,
			"the inputs cannot be broadcast to the output's shape");
	return 0;
}

static int select_run(const struct octet_host_call *c)
{
	size_t size = octet_host_size(octet_host_tout(c, 0)->type);
	const uint8_t *condition = octet_host_in(c, 0);
	const char *a = octet_host_in(c, 1), *b = octet_host_in(c, 2);
	char *y = octet_host_out(c, 0);
	struct octet_host_walk w;

	select_walk(c->g, c->op, &w);
	do {
		if (condition[w.at[0]])
			memcpy(y, a + (size_t)w.at[1] * size, size);
		else
			memcpy(y, b + (size_t)w.at[2] * size, size);
		y += size;
	} while (octet_host_walk_next(&w));
	return 0;
}

#define COMPARE(code) { code, 2, 2, 1, check, run, NULL }

const struct octet_host_kernel octet_host_compare[] = {
	COMPARE(OCTET_G_LESS), COMPARE(OCTET_G_LESS_EQUAL), COMPARE(OCTET_G_GREATER),
	COMPARE(OCTET_G_GREATER_EQUAL), COMPARE(OCTET_G_EQUAL), COMPARE(OCTET_G_NOT_EQUAL),
	COMPARE(OCTET_G_LOGICAL_AND), COMPARE(OCTET_G_LOGICAL_OR),
	{ OCTET_G_SELECT, 3, 3, 1, select_check, select_run, NULL },
	{ OCTET_G_SELECT_V2, 3, 3, 1, select_check, select_run, NULL },
	{ 0 },
};
