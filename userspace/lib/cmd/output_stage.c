// SPDX-License-Identifier: MIT
/* Scales, zero points, activation and clamp: the output stage of a command. */

#include <math.h>
#include <stdlib.h>

#include "cmd.h"

static int fail_tensor(struct octet_job *job, const struct octet_output *out,
		       const struct octet_tensor *tensor, const char *role, const char *rule)
{
	char label[OCTET_LABEL_SIZE];

	octet_tensor_label(tensor, role, label, sizeof(label));
	return octet_set_error(job->ctx, -EINVAL, "%s: tensor %s %s", out->call, label, rule);
}

static int input_check(struct octet_job *job, const struct octet_output *out,
		       const struct octet_tensor *tensor, const char *role)
{
	if (!tensor)
		return octet_set_error(job->ctx, -EINVAL, "%s: tensor '%s' is NULL", out->call,
				       role);
	if (tensor->ctx != job->ctx)
		return fail_tensor(job, out, tensor, role, "belongs to another context");
	if (tensor->type == OCTET_INT32)
		return fail_tensor(job, out, tensor, role, "is int32, allowed are int8 and uint8");
	return 0;
}

static int bias_check(struct octet_job *job, const struct octet_output *out)
{
	const struct octet_tensor *bias = out->bias;
	char label[OCTET_LABEL_SIZE];

	if (!bias)
		return 0;
	if (bias->ctx != job->ctx)
		return fail_tensor(job, out, bias, "bias", "belongs to another context");
	octet_tensor_label(bias, "bias", label, sizeof(label));
	if (bias->type != OCTET_INT32)
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: tensor %s is %s, must be int32: see octet_quantize_bias()", out->call,
			label, octet_dtype_name(bias->type));
	if (bias->bytes != (size_t)out->channels * 4)
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: tensor %s has %zu values, must have one for each of %u output channels",
			out->call, label, bias->bytes / 4, out->channels);
	return 0;
}

static int result_check(struct octet_job *job, const struct octet_output *out)
{
	bool raw = out->stage == OCTET_RAW;
	char label[OCTET_LABEL_SIZE];

	if (!out->y)
		return octet_set_error(job->ctx, -EINVAL, "%s: tensor 'y' is NULL", out->call);
	if (out->y->ctx != job->ctx)
		return fail_tensor(job, out, out->y, "y", "belongs to another context");
	if ((unsigned int)out->stage > OCTET_FP32_RNE)
		return octet_set_error(job->ctx, -EINVAL,
				       "%s: stage %d is no output stage, 0 to %d are", out->call,
				       out->stage, OCTET_FP32_RNE);
	if ((unsigned int)out->activation > OCTET_ACT_RELU_N1_TO_1)
		return octet_set_error(job->ctx, -EINVAL,
				       "%s: activation %d is unknown, 0 to %d are", out->call,
				       out->activation, OCTET_ACT_RELU_N1_TO_1);
	if (raw && out->activation != OCTET_ACT_NONE)
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: activation with stage RAW: raw results have no scale, use has_clamp",
			out->call);
	if (raw != (out->y->type == OCTET_INT32)) {
		octet_tensor_label(out->y, "y", label, sizeof(label));
		return octet_set_error(job->ctx, -EINVAL, "%s: tensor %s is %s with stage %s: %s",
				       out->call, label, octet_dtype_name(out->y->type),
				       octet_stage_name(out->stage),
				       raw ? "RAW gives int32" : "only RAW (stage 0) gives int32");
	}
	return 0;
}

int octet_cmd_tensors(struct octet_job *job, const struct octet_output *out)
{
	int ret = input_check(job, out, out->x, out->x_role);

	if (!ret)
		ret = input_check(job, out, out->w, out->w_role);
	if (!ret)
		ret = result_check(job, out);
	return ret;
}

/* TFLite's Quantize() of an activation bound: float32, half away from zero. */
static int bound(struct octet_job *job, const struct octet_output *out, float value, int32_t *q)
{
	float steps = roundf(value / out->y->scale0);
	char label[OCTET_LABEL_SIZE];

	if (!(fabsf(steps) < 0x1p30f)) {
		octet_tensor_label(out->y, "y", label, sizeof(label));
		return octet_set_error(job->ctx, -ERANGE,
				       "%s: tensor %s: %g is %g steps of scale %g, over int32",
				       out->call, label, (double)value, (double)steps,
				       (double)out->y->scale0);
	}
	*q = out->y->zero0 + (int32_t)steps;
	return 0;
}

static int activation_range(struct octet_job *job, const struct octet_output *out, int32_t *min,
			    int32_t *max)
{
	int32_t low = *min, high = *max;
	int ret = 0;

	switch (out->activation) {
	case OCTET_ACT_NONE:
		break;
	case OCTET_ACT_RELU:
		ret = bound(job, out, 0, &low);
		break;
	case OCTET_ACT_RELU6:
		ret = bound(job, out, 0, &low);
		if (!ret)
			ret = bound(job, out, 6, &high);
		break;
	case OCTET_ACT_RELU_N1_TO_1:
		ret = bound(job, out, -1, &low);
		if (!ret)
			ret = bound(job, out, 1, &high);
		break;
	}
	if (low > *min)
		*min = low;
	if (high < *max)
		*max = high;
	return ret;
}

static int clamp_range(struct octet_job *job, const struct octet_output *out, int32_t *min,
		       int32_t *max)
{
	int ret;

	*min = INT32_MIN;
	*max = INT32_MAX;
	if (out->y->type == OCTET_INT8) {
		*min = -128;
		*max = 127;
	} else if (out->y->type == OCTET_UINT8) {
		*min = 0;
		*max = 255;
	}
	ret = activation_range(job, out, min, max);
	if (ret)
		return ret;
	if (out->has_clamp) {
		*min = out->clamp_min > *min ? out->clamp_min : *min;
		*max = out->clamp_max < *max ? out->clamp_max : *max;
	}
	if (*min > *max) {
		char label[OCTET_LABEL_SIZE];

		octet_tensor_label(out->y, "y", label, sizeof(label));
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: tensor %s: clamp and activation leave no value (%d..%d)", out->call,
			label, *min, *max);
	}
	return 0;
}

/* The factor of a channel, by the rule of its code. */
static double factor(const struct octet_output *out, float s_w)
{
	float s_x = out->x->scale0, s_y = out->y->scale0;

	if (out->stage == OCTET_FP32_RNE) {
		float product = s_x * s_w;

		return (double)(product / s_y);
	}
	return (double)s_x * (double)s_w / (double)s_y;
}

static int scales_check(struct octet_job *job, const struct octet_output *out)
{
	char label[OCTET_LABEL_SIZE];

	if (out->x->scale)
		return fail_tensor(job, out, out->x, out->x_role,
				   "has a scale per channel; inputs have one for all");
	if (out->y->scale)
		return fail_tensor(job, out, out->y, "y",
				   "has a scale per channel; results have one for all");
	if (out->w->scale && out->w->axis != out->w_axis) {
		octet_tensor_label(out->w, out->w_role, label, sizeof(label));
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: tensor %s has scales along axis %u, its output channels are axis %u",
			out->call, label, out->w->axis, out->w_axis);
	}
	return 0;
}

static int records(struct octet_job *job, const struct octet_output *out,
		   struct octet_planned *planned)
{
	const struct octet_tensor *w = out->w;
	char label[OCTET_LABEL_SIZE];
	uint32_t shift;

	planned->mult = calloc(out->channels, sizeof(*planned->mult));
	planned->chn = calloc(out->channels, sizeof(*planned->chn));
	if (!planned->mult || !planned->chn)
		return octet_set_error(job->ctx, -ENOMEM, "%s: out of memory", out->call);
	planned->channels = out->channels;
	for (uint32_t c = 0; c < out->channels; c++) {
		float s_w = w->scale ? w->scale[c] : w->scale0;
		double f = factor(out, s_w);

		if (octet_requant(out->stage, f, &planned->mult[c], &shift)) {
			octet_tensor_label(w, out->w_role, label, sizeof(label));
			return octet_set_error(
				job->ctx, -ERANGE,
				"%s: tensor %s: channel %u: factor %g (%g * %g / %g) cannot be expressed in %s",
				out->call, label, c, f, (double)out->x->scale0, (double)s_w,
				(double)out->y->scale0, octet_stage_name(out->stage));
		}
		planned->chn[c].shift = (uint8_t)shift;
		planned->chn[c].zero_point = (int16_t)(w->scale ? w->zero[c] : w->zero0);
	}
	return 0;
}

int octet_cmd_output(struct octet_job *job, const struct octet_output *out,
		     struct octet_planned *planned)
{
	struct octet_cmd *cmd = &planned->cmd;
	int ret;

	ret = bias_check(job, out);
	if (!ret)
		ret = scales_check(job, out);
	if (!ret)
		ret = clamp_range(job, out, &cmd->act_min, &cmd->act_max);
	if (!ret)
		ret = records(job, out, planned);
	if (ret)
		return ret;
	cmd->stage = (uint8_t)out->stage;
	cmd->src.zero_point = out->x->zero0;
	/* Weight zero points are in the channel records. */
	cmd->dst.zero_point = out->stage == OCTET_RAW ? 0 : out->y->zero0;
	if (out->bias)
		planned->bias = out->bias->buffer;
	planned->weights = out->w->buffer;
	return 0;
}
