// SPDX-License-Identifier: MIT
#include <errno.h>

#include "matmul.h"

int octet_work_compute(struct octet_work *work)
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
	default:
		/* decoding refuses what the machine does not offer */
		err = -EINVAL;
		break;
	}
	octet_requant_free(&rq);
	return err;
}
