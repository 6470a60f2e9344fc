// SPDX-License-Identifier: MIT
/* Cases of TFLite_Detection_PostProcess, and the FlexBuffers it takes. */

#include <math.h>
#include <string.h>

#include "test_host_cases.h"

static uint8_t flex[2048];

static size_t put32(size_t at, uint32_t v)
{
	memcpy(flex + at, &v, sizeof(v));
	return at + sizeof(v);
}

const uint8_t *case_flex(uint32_t n, const char *const *keys, const char *kinds,
			 const double *values, size_t *bytes)
{
	size_t text[32], at = 0, list, map;

	memset(flex, 0, sizeof(flex));
	for (uint32_t i = 0; i < n; i++) {
		text[i] = at;
		memcpy(flex + at, keys[i], strlen(keys[i]) + 1);
		at += strlen(keys[i]) + 1;
	}
	at = put32((at + 3) / 4 * 4, n);
	list = at;
	for (uint32_t i = 0; i < n; i++)
		at = put32(at, (uint32_t)(at - text[i]));
	at = put32(at, (uint32_t)(at - list));
	at = put32(at, 4);
	at = put32(at, n);
	map = at;
	for (uint32_t i = 0; i < n; i++) {
		float real = (float)values[i];
		uint32_t word = (uint32_t)(int32_t)values[i];

		if (kinds[i] == 'f')
			memcpy(&word, &real, sizeof(word));
		at = put32(at, word);
	}
	for (uint32_t i = 0; i < n; i++)
		flex[at++] = (uint8_t)((kinds[i] == 'f' ? 3 : kinds[i] == 'b' ? 26 : 1) << 2 | 2);
	at = put32(at, (uint32_t)(at - map));
	flex[at++] = 9 << 2 | 2;
	flex[at++] = 4;
	*bytes = at;
	return flex;
}

static void options(struct one *o, uint32_t classes, uint32_t most, uint32_t per_box, bool regular)
{
	static const char *const keys[] = {
		"detections_per_class", "h_scale", "max_classes_per_detection", "max_detections",
		"nms_iou_threshold", "nms_score_threshold", "num_classes", "use_regular_nms",
		"w_scale", "x_scale", "y_scale",
	};
	double values[] = { 1 + one_random(o, 9), 5, per_box, most, one_real(o, 0.2, 0.9),
			    one_real(o, 0, 0.4), classes, regular, 5, 10, 10 };

	o->op.custom = case_flex(11, keys, "ifiiffibfff", values, &o->op.custom_bytes);
}

/* Scores that differ, so that no order is left to chance. */
static void scores(struct one *o, int32_t t)
{
	for (uint64_t i = 0; i < o->t[t].elements; i++) {
		if (o->t[t].type == OCTET_FLOAT32)
			((float *)o->buffers[t])[i] = (float)one_real(o, 0, 1);
		else
			((uint8_t *)o->buffers[t])[i] = (uint8_t)one_random(o, 256);
	}
}

static void detect(struct one *o)
{
	bool real = one_random(o, 2), regular = one_random(o, 2);
	enum octet_dtype type = real ? OCTET_FLOAT32 : OCTET_UINT8;
	uint32_t boxes = 1 + one_random(o, 40), classes = 1 + one_random(o, 5);
	uint32_t most = 1 + one_random(o, 10), per_box = real ? 1 + one_random(o, 3) : 1;
	uint32_t code[3] = { 1, boxes, 4 }, score[3] = { 1, boxes, classes + one_random(o, 2) };
	uint32_t anchor[2] = { boxes, 4 }, y[3] = { 1, 0, 4 }, single = 1;
	int32_t t;

	/* The fast form leaves places open that have no class. */
	per_box = per_box < classes ? per_box : classes;
	y[1] = most * per_box;
	t = one_tensor(o, type, 3, code, real ? 0 : 0.05f, 120);
	one_fill(o, t);
	one_input(o, t);
	t = one_tensor(o, type, 3, score, real ? 0 : 1.0f / 256, 0);
	one_fill(o, t);
	scores(o, t);
	one_input(o, t);
	t = one_tensor(o, type, 2, anchor, real ? 0 : 1.0f / 256, 0);
	one_fill(o, t);
	for (uint64_t i = 0; i < 4 * (uint64_t)boxes && real; i++)
		((float *)o->buffers[t])[i] = (float)one_real(o, 0.1, 0.9);
	one_const(o, t);
	one_input(o, t);
	options(o, classes, most, per_box, regular);
	for (int i = 0; i < 4; i++)
		one_output(o, one_tensor(o, OCTET_FLOAT32, i == 3 ? 1 : i ? 2 : 3,
					 i == 3 ? &single : y, 0, 0));
}

const struct host_group host_groups_boxes[] = {
	{ "TFLite_Detection_PostProcess", OCTET_G_CUSTOM, detect },
	{ 0 },
};
