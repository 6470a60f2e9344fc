// SPDX-License-Identifier: MIT
/* gemm: shapes, batches and their broadcast, one command packed. */

#include "cmd.h"

static const char call[] = "octet_gemm";

/* Batch extent of @t, counted from the matrices outwards; 1 where it has none. */
static uint32_t batch(const struct octet_tensor *t, uint32_t level)
{
	return t->rank > 2 + level ? t->dims[t->rank - 3 - level] : 1;
}

static uint32_t rows(const struct octet_tensor *t)
{
	return t->dims[t->rank - 2];
}

static uint32_t columns(const struct octet_tensor *t)
{
	return t->dims[t->rank - 1];
}

static int matrices_check(struct octet_job *job, const struct octet_tensor *a,
			  const struct octet_tensor *b, const struct octet_tensor *y,
			  const struct octet_gemm_opts *o)
{
	const struct octet_tensor *all[] = { a, b, y };
	static const char *const roles[] = { "a", "b", "y" };
	uint32_t m, k, kb, n;
	char la[OCTET_LABEL_SIZE], lb[OCTET_LABEL_SIZE], ly[OCTET_LABEL_SIZE];

	for (int i = 0; i < 3; i++) {
		octet_tensor_label(all[i], roles[i], la, sizeof(la));
		if (all[i]->rank < 2)
			return octet_set_error(
				job->ctx, -EINVAL,
				"%s: tensor %s has rank %u, a matrix has 2, with batches up to 4",
				call, la, all[i]->rank);
	}
	octet_tensor_label(a, "a", la, sizeof(la));
	octet_tensor_label(b, "b", lb, sizeof(lb));
	octet_tensor_label(y, "y", ly, sizeof(ly));
	m = o->transpose_a ? columns(a) : rows(a);
	k = o->transpose_a ? rows(a) : columns(a);
	kb = o->transpose_b ? columns(b) : rows(b);
	n = o->transpose_b ? rows(b) : columns(b);
	if (k != kb)
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: tensor %s is %ux%u%s and %s is %ux%u%s: the inner extents %u and %u differ",
			call, la, rows(a), columns(a), o->transpose_a ? " transposed" : "", lb,
			rows(b), columns(b), o->transpose_b ? " transposed" : "", k, kb);
	if (rows(y) != m || columns(y) != n)
		return octet_set_error(job->ctx, -EINVAL,
				       "%s: tensor %s is %ux%u, %s times %s gives %ux%u", call, ly,
				       rows(y), columns(y), la, lb, m, n);
	return 0;
}

static int batches_check(struct octet_job *job, const struct octet_tensor *a,
			 const struct octet_tensor *b, const struct octet_tensor *y)
{
	for (uint32_t level = 0; level < 2; level++) {
		uint32_t ba = batch(a, level), bb = batch(b, level), by = batch(y, level);
		uint32_t want = ba == 1 ? bb : ba;

		if (bb != 1 && bb != want)
			return octet_set_error(
				job->ctx, -EINVAL,
				"%s: %s batch of 'a' is %u, of 'b' %u: equal or 1 is needed", call,
				level ? "outer" : "inner", ba, bb);
		if (by != want)
			return octet_set_error(job->ctx, -EINVAL,
					       "%s: %s batch of 'y' is %u, 'a' and 'b' give %u",
					       call, level ? "outer" : "inner", by, want);
	}
	return 0;
}

/* A batch of 1 is repeated by a stride of 0. */
static void fill_operand(struct octet_operand *operand, const struct octet_tensor *t)
{
	uint64_t size = octet_dtype_size(t->type);
	uint64_t matrix = (uint64_t)rows(t) * columns(t) * size;

	octet_point_operand(operand, t);
	operand->stride[2] = columns(t) * size;
	operand->stride[1] = batch(t, 0) > 1 ? matrix : 0;
	operand->stride[0] = batch(t, 1) > 1 ? matrix * batch(t, 0) : 0;
}

static void fill(struct octet_cmd *cmd, const struct octet_tensor *a, const struct octet_tensor *b,
		 const struct octet_tensor *y, const struct octet_gemm_opts *o)
{
	cmd->op = OCTET_OP_GEMM;
	cmd->n = batch(y, 0);
	cmd->n2 = batch(y, 1);
	cmd->h = rows(y);
	cmd->oh = rows(y);
	cmd->cin = o->transpose_a ? rows(a) : columns(a);
	cmd->cout = columns(y);
	cmd->w = 1;
	cmd->ow = 1;
	cmd->groups = 1;
	cmd->r = 1;
	cmd->s = 1;
	cmd->sh = 1;
	cmd->sw = 1;
	cmd->dh = 1;
	cmd->dw = 1;
	cmd->pad_value = 0;
	fill_operand(&cmd->src, a);
	fill_operand(&cmd->wgt, b);
	fill_operand(&cmd->dst, y);
	if (o->transpose_a)
		cmd->src.flags |= OCTET_OPERAND_TRANSPOSED;
	if (o->transpose_b)
		cmd->wgt.flags |= OCTET_OPERAND_TRANSPOSED;
	if (o->const_b)
		cmd->wgt.flags |= OCTET_OPERAND_CONST;
}

static int pack(struct octet_job *job, const struct octet_output *out,
		const struct octet_gemm_opts *o)
{
	const struct octet_want wants[] = {
		{ out->x, "a", OCTET_USE_READ },
		{ out->w, "b", OCTET_USE_READ | (o->const_b ? OCTET_USE_CONST : 0) },
		{ out->y, "y", OCTET_USE_WRITE },
		{ out->bias, "bias", OCTET_USE_CONST },
	};
	struct octet_planned *planned = octet_job_add(job, call);
	struct octet_cmd *cmd;
	int ret;

	if (!planned)
		return octet_job_add_error(job);
	cmd = &planned->cmd;
	fill(cmd, out->x, out->w, out->y, o);
	planned->macs = (uint64_t)cmd->n * cmd->n2 * cmd->oh * cmd->cin * cmd->cout;
	ret = octet_cmd_output(job, out, planned);
	if (!ret)
		ret = octet_job_uses(job, call, wants, 4);
	if (ret)
		octet_job_drop(job);
	return ret;
}

int octet_cmd_gemm(struct octet_job *job, struct octet_tensor *a, struct octet_tensor *b,
		   struct octet_tensor *bias, struct octet_tensor *y,
		   const struct octet_gemm_opts *opts)
{
	struct octet_gemm_opts o;
	struct octet_output out;
	int ret;

	ret = octet_opts_in(job->ctx, "octet_gemm_opts", opts, sizeof(o), &o);
	if (ret)
		return ret;
	out = (struct octet_output){
		.call = call,
		.x = a,
		.w = b,
		.bias = bias,
		.y = y,
		.x_role = "a",
		.w_role = "b",
		.stage = o.stage,
		.activation = o.activation,
		.has_clamp = o.has_clamp,
		.clamp_min = o.clamp_min,
		.clamp_max = o.clamp_max,
	};
	ret = octet_cmd_tensors(job, &out);
	if (!ret)
		ret = matrices_check(job, a, b, y, &o);
	if (!ret)
		ret = batches_check(job, a, b, y);
	if (ret)
		return ret;
	out.channels = columns(y);
	out.w_axis = o.transpose_b ? b->rank - 2 : b->rank - 1;
	return pack(job, &out, &o);
}
