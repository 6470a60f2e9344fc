// SPDX-License-Identifier: MIT
/* For which operators a flavour claims its ecosystem's own bits. */
#include "lower_priv.h"

bool lower_exact(const struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	bool device = l->low->ops[l->op].where == OCTET_LOW_ON_DEVICE;

	/* What moves nothing rounds nothing. */
	if (l->low->ops[l->op].where == OCTET_LOW_FREE)
		return true;
	switch (op->code) {
	case OCTET_G_CONV_2D:
	case OCTET_G_DEPTHWISE_CONV_2D:
	case OCTET_G_FULLY_CONNECTED:
		return l->o.flavour == OCTET_FLAVOUR_TFLITE || device;
	case OCTET_G_ADD:
		if (l->o.flavour == OCTET_FLAVOUR_XNNPACK)
			return device && x && lower_is8(x);
		return l->o.flavour == OCTET_FLAVOUR_TFLITE;
	case OCTET_G_NEG:
	case OCTET_G_SQUARE:
	case OCTET_G_SIN:
	case OCTET_G_LOG:
	case OCTET_G_SQRT:
		/* TFLite 2.14 has no integer kernels for these. */
		return l->o.flavour == OCTET_FLAVOUR_TFLITE && !device;
	default:
		return l->o.flavour == OCTET_FLAVOUR_TFLITE;
	}
}
