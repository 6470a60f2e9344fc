// SPDX-License-Identifier: MIT
#include <errno.h>

#include "compute.h"
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
