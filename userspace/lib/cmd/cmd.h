/* SPDX-License-Identifier: MIT */
/* One tensor operation becomes one planned command. */
#ifndef OCTET_CMD_H
#define OCTET_CMD_H

#include "../internal.h"

/**
 * struct octet_conv_call - a convolution, its shapes brought to two dimensions
 *
 * @call: name of the public call, for messages
 * @depthwise: weights are HWC
 * @oned: conv1d
 */
struct octet_conv_call {
	const char *call;
	bool depthwise, oned;
	struct octet_tensor *x, *w, *bias, *y;
	struct octet_conv_opts o;
	uint32_t n, h, wd, cin;
	uint32_t oh, ow, cout;
	uint32_t r, s, wcin;
};

int octet_cmd_conv(struct octet_job *job, struct octet_conv_call *conv,
		   const struct octet_conv_opts *opts);
int octet_cmd_gemm(struct octet_job *job, struct octet_tensor *a, struct octet_tensor *b,
		   struct octet_tensor *bias, struct octet_tensor *y,
		   const struct octet_gemm_opts *opts);

/**
 * struct octet_output - what the output stage of a command needs
 *
 * @x: input, role @x_role; @w: weights, role @w_role, channels along @w_axis
 */
struct octet_output {
	const char *call;
	struct octet_tensor *x, *w, *bias, *y;
	const char *x_role, *w_role;
	uint32_t w_axis;
	uint32_t channels;
	enum octet_stage_code stage;
	enum octet_activation activation;
	bool has_clamp;
	int32_t clamp_min, clamp_max;
};

/** octet_cmd_output() - check and fill in stage, clamp, zero points and records */
int octet_cmd_output(struct octet_job *job, const struct octet_output *out,
		     struct octet_planned *planned);

/** octet_cmd_tensors() - each tensor is there, of this context, and of a type allowed */
int octet_cmd_tensors(struct octet_job *job, const struct octet_output *out);

/** octet_point_operand() - point an operand at a tensor */
void octet_point_operand(struct octet_operand *operand, const struct octet_tensor *tensor);

/** octet_cmd_emit() - write the commands and records of @job into its buffer */
void octet_cmd_emit(struct octet_job *job);
/** octet_cmd_bytes() - size of that buffer */
size_t octet_cmd_bytes(const struct octet_job *job);

#endif /* OCTET_CMD_H */
