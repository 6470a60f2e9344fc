// SPDX-License-Identifier: MIT
/* What other frameworks choose. */
#include <string.h>

#include "quantize.h"

static const char *const names[] = {
	[OCTET_PRESET_TFLITE] = "tflite",
	[OCTET_PRESET_PYTORCH_FBGEMM] = "fbgemm",
	[OCTET_PRESET_PYTORCH_QNNPACK] = "qnnpack",
	[OCTET_PRESET_ONNXRUNTIME] = "onnxruntime",
	[OCTET_PRESET_TENSORRT] = "tensorrt",
};

#define PRESETS (sizeof(names) / sizeof(names[0]))

/** struct preset - one role of a preset */
struct preset {
	enum octet_dtype type;
	enum octet_scheme scheme;
	enum octet_rounding rounding;
	enum octet_scaling scaling;
	enum octet_params_rule rule;
	enum octet_observer_kind kind;
	uint32_t bits, levels;
	bool full, per_channel;
};

/* By preset and role. */
static const struct preset presets[][2] = {
	[OCTET_PRESET_TFLITE] = {
		{ .type = OCTET_INT8, .rule = OCTET_PARAMS_TFLITE },
		{ .type = OCTET_INT8, .scheme = OCTET_SYMMETRIC, .rule = OCTET_PARAMS_TFLITE,
		  .per_channel = true },
	},
	[OCTET_PRESET_PYTORCH_FBGEMM] = {
		{ .type = OCTET_UINT8, .bits = 7, .levels = 256, .rounding = OCTET_ROUND_EVEN,
		  .scaling = OCTET_RECIPROCAL, .rule = OCTET_PARAMS_PYTORCH,
		  .kind = OCTET_OBSERVE_HISTOGRAM },
		{ .type = OCTET_INT8, .scheme = OCTET_SYMMETRIC, .full = true,
		  .rounding = OCTET_ROUND_EVEN, .scaling = OCTET_RECIPROCAL,
		  .rule = OCTET_PARAMS_PYTORCH, .per_channel = true },
	},
	[OCTET_PRESET_PYTORCH_QNNPACK] = {
		{ .type = OCTET_UINT8, .levels = 256, .rounding = OCTET_ROUND_EVEN,
		  .scaling = OCTET_RECIPROCAL, .rule = OCTET_PARAMS_PYTORCH,
		  .kind = OCTET_OBSERVE_HISTOGRAM },
		{ .type = OCTET_INT8, .scheme = OCTET_SYMMETRIC, .full = true,
		  .rounding = OCTET_ROUND_EVEN, .scaling = OCTET_RECIPROCAL,
		  .rule = OCTET_PARAMS_PYTORCH },
	},
	[OCTET_PRESET_ONNXRUNTIME] = {
		{ .type = OCTET_INT8, .rounding = OCTET_ROUND_EVEN,
		  .rule = OCTET_PARAMS_ONNXRUNTIME },
		{ .type = OCTET_INT8, .scheme = OCTET_SYMMETRIC, .rounding = OCTET_ROUND_EVEN,
		  .rule = OCTET_PARAMS_ONNXRUNTIME },
	},
	/* max |x| / 127 by default, and codes from -128. */
	[OCTET_PRESET_TENSORRT] = {
		{ .type = OCTET_INT8, .scheme = OCTET_SYMMETRIC, .full = true,
		  .rounding = OCTET_ROUND_EVEN, .kind = OCTET_OBSERVE_ENTROPY },
		{ .type = OCTET_INT8, .scheme = OCTET_SYMMETRIC, .rounding = OCTET_ROUND_EVEN,
		  .per_channel = true },
	},
};

int octet_preset_get(enum octet_preset preset, enum octet_role role, struct octet_quant_opts *quant,
		     struct octet_observer_opts *observer, bool *per_channel)
{
	OCTET_OPTS(octet_observer_opts, o);
	OCTET_OPTS(octet_quant_opts, q);
	const struct preset *p;

	if ((size_t)preset >= PRESETS || (unsigned int)role > OCTET_ROLE_WEIGHTS)
		return -EINVAL;
	p = &presets[preset][role];
	q.type = p->type;
	q.scheme = p->scheme;
	q.bits = p->bits ? p->bits : 8;
	q.full = p->full;
	q.rounding = p->rounding;
	q.scaling = p->scaling;
	q.rule = p->rule;
	o.kind = p->kind;
	o.levels = p->levels;
	if (quant && octet_opts_out(NULL, "octet_quant_opts", &q, sizeof(q), quant))
		return -EINVAL;
	if (observer && octet_opts_out(NULL, "octet_observer_opts", &o, sizeof(o), observer))
		return -EINVAL;
	if (per_channel)
		*per_channel = p->per_channel;
	return 0;
}

const char *octet_preset_name(enum octet_preset preset)
{
	return (size_t)preset < PRESETS ? names[preset] : "?";
}

int octet_preset_parse(const char *name, enum octet_preset *preset)
{
	for (size_t i = 0; name && preset && i < PRESETS; i++) {
		if (strcmp(name, names[i]))
			continue;
		*preset = (enum octet_preset)i;
		return 0;
	}
	return -EINVAL;
}
