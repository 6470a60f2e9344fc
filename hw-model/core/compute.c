// SPDX-License-Identifier: MIT
#include <errno.h>

#include "compute.h"
#include "depthwise.h"
#include "int16.h"
#include "output_stage.h"

/* operations with the output stage of the command */
static int staged(const struct octet_work *work)
{
	struct octet_requant rq;
	int err;

	err = octet_requant_init(&rq, work);
	if (err)
		return err;
	/* DEPTHWISE may have an order of its own */
	if (work->cmd.op != OCTET_OP_DEPTHWISE)
		octet_requant_prepare(&rq, work->cmd.cout);
	switch (work->cmd.op) {
	case OCTET_OP_CONV2D:
		err = octet_compute_conv(work, &rq);
		break;
	case OCTET_OP_DEPTHWISE:
		err = octet_compute_depthwise(work, &rq);
		break;
	case OCTET_OP_GEMM:
		err = octet_compute_gemm(work, &rq);
		break;
	case OCTET_OP_TCONV2D:
		err = octet_compute_tconv(work, &rq);
		break;
	case OCTET_OP_POOL:
		err = octet_compute_pool(work, &rq);
		break;
	}
	octet_requant_free(&rq);
	return err;
}

/* the same for int16 inputs */
static int staged16(const struct octet_work *work)
{
	switch (work->cmd.op) {
	case OCTET_OP_DEPTHWISE:
		return octet_compute_depthwise16(work);
	case OCTET_OP_GEMM:
		return octet_compute_gemm16(work);
	}
	return octet_compute_window16(work);
}

/*
 * Elements of results and inputs that any operation handles in some 50 us; where there are
 * products, these are what takes the time.
 */
#define BRIEF_ELEMENTS	(1 << 17)
#define BRIEF_OPERANDS	(1 << 18)

/* products, or what takes as long, of a result of 8-bit inputs */
static double effort(const struct octet_cmd *cmd)
{
	double taps = (double)cmd->r * cmd->s;

	switch (cmd->op) {
	case OCTET_OP_GEMM:
		return cmd->cin;
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		return taps * (cmd->cin / cmd->groups);
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_POOL:
		return taps * 8;
	}
	return 1;
}

bool octet_work_is_brief(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	double batches = (double)cmd->n * cmd->n2, times = cmd->src.type == OCTET_TYPE_INT16 ? 16 : 1;
	double in = batches * cmd->h * cmd->w * cmd->cin;
	double results = batches * cmd->oh * cmd->ow * cmd->cout;
	double most = effort(cmd) > 1 ? BRIEF_OPERANDS : BRIEF_ELEMENTS;

	return (in + results) * times <= most &&
	       results * effort(cmd) * times <= octet_simd_get()->brief;
}

/* Bytes for each weight that bringing them in order may take. */
#define PACKED_BYTES	3

uint64_t octet_work_packed(const struct octet_cmd *cmd, uint64_t weights)
{
	uint64_t bytes = PACKED_BYTES * weights, lines = 0;

	if (cmd->op == OCTET_OP_DEPTHWISE && cmd->src.type != OCTET_TYPE_INT16 &&
	    octet_depthwise_has_rows(cmd))
		lines = octet_depthwise_lines(cmd);
	return bytes > lines ? bytes : lines;
}

int octet_work_compute(struct octet_work *work)
{
	switch (work->cmd.op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_TCONV2D:
	case OCTET_OP_GEMM:
		return work->cmd.src.type == OCTET_TYPE_INT16 ? staged16(work) : staged(work);
	case OCTET_OP_POOL:
		return work->cmd.sub == OCTET_POOL_SUM ? staged(work) :
							 octet_compute_pool(work, NULL);
	case OCTET_OP_EW:
		return octet_compute_ew(work);
	case OCTET_OP_LUT:
		return octet_compute_lut(work);
	case OCTET_OP_COPY:
		return octet_compute_copy(work);
	case OCTET_OP_SOFTMAX:
		return octet_compute_softmax(work);
	case OCTET_OP_REDUCE:
		return octet_compute_reduce(work);
	case OCTET_OP_RESIZE:
		return octet_compute_resize(work);
	}
	/* decoding refuses what the machine does not offer */
	return -EINVAL;
}
