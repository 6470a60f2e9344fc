// SPDX-License-Identifier: MIT
/*
 * TFLite_Detection_PostProcess: boxes from anchors and encodings, the best of
 * them, as SSD networks end.
 *
 * Where TFLite leaves the order of equal scores to its library (more than one
 * class per box in the fast form), the lower class comes first; results beyond
 * the last detection, which the fast form does not write, are 0.
 */

#include "detect.h"
#include "flex.h"

static double option(const struct octet_graph_op *op, const char *key, double otherwise)
{
	double v;

	return octet_flex_number(op->custom, op->custom_bytes, key, &v) ? v : otherwise;
}

static bool count_option(const struct octet_graph_op *op, const char *key, double otherwise,
			 uint32_t *n)
{
	double v = option(op, key, otherwise);

	if (!(v >= 1 && v <= 100000))
		return false;
	*n = (uint32_t)v;
	return true;
}

static int setup(const struct octet_graph *g, const struct octet_graph_op *op,
		 struct octet_detect *d, const char **why)
{
	static const char *const scales[] = { "y_scale", "x_scale", "h_scale", "w_scale" };
	octet_tensor_t *scores = octet_graph_input(g, op, 1);

	memset(d, 0, sizeof(*d));
	OCTET_HOST_NEED(count_option(op, "max_detections", 0, &d->detections) &&
				count_option(op, "max_classes_per_detection", 0, &d->per_anchor) &&
				count_option(op, "detections_per_class", 100, &d->per_class) &&
				count_option(op, "num_classes", 0, &d->classes),
			-EINVAL, "a count among the options is missing or not in 1..100000");
	d->per_class = d->per_class < d->detections ? d->per_class : d->detections;
	d->regular = option(op, "use_regular_nms", 0) != 0;
	d->score = (float)option(op, "nms_score_threshold", 0);
	d->overlap = (float)option(op, "nms_iou_threshold", 0);
	OCTET_HOST_NEED(d->overlap > 0 && d->overlap <= 1, -EINVAL,
			"nms_iou_threshold is not in (0, 1]");
	for (int i = 0; i < 4; i++) {
		d->scale[i] = (float)option(op, scales[i], 0);
		OCTET_HOST_NEED(d->scale[i] > 0 && isfinite(d->scale[i]), -EINVAL,
				"a scale among the options is missing or not positive");
	}
	d->boxes = scores->dims[1];
	d->all_classes = scores->dims[2];
	OCTET_HOST_NEED(d->all_classes == d->classes || d->all_classes == d->classes + 1, -EINVAL,
			"num_classes does not fit the class predictions");
	d->offset = d->all_classes - d->classes;
	OCTET_HOST_NEED((uint64_t)d->boxes * d->all_classes < 1u << 30 &&
				(uint64_t)d->detections * d->per_anchor < 1u << 20,
			-EINVAL, "there are too many boxes or detections");
	return 0;
}

static bool codes_or_real(octet_tensor_t *t)
{
	return t->type == OCTET_FLOAT32 || (t->type == OCTET_UINT8 && octet_host_quantized(t));
}

static int check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *boxes = octet_graph_input(g, op, 0), *scores = octet_graph_input(g, op, 1);
	octet_tensor_t *anchors = octet_graph_input(g, op, 2);
	struct octet_detect d;
	uint64_t total, sizes[4];
	int ret;

	OCTET_HOST_NEED(op->name && !strcmp(op->name, "TFLite_Detection_PostProcess"), -ENOTSUP,
			"the host has no such custom operator");
	OCTET_HOST_NEED(boxes->rank == 3 && scores->rank == 3 && anchors->rank == 2, -EINVAL,
			"boxes and scores must have rank 3, anchors rank 2");
	OCTET_HOST_NEED(boxes->dims[0] == 1 && scores->dims[0] == 1 && boxes->dims[2] >= 4 &&
				anchors->dims[1] == 4 && boxes->dims[1] == scores->dims[1] &&
				boxes->dims[1] == anchors->dims[0],
			-EINVAL, "boxes, scores and anchors do not fit each other");
	OCTET_HOST_NEED(codes_or_real(boxes) && codes_or_real(scores) &&
				codes_or_real(anchors) && boxes->type == anchors->type,
			-ENOTSUP, "the inputs must be float32, or uint8 with a scale");
	ret = setup(g, op, &d, why);
	if (ret)
		return ret;
	total = (uint64_t)d.detections * d.per_anchor;
	sizes[0] = 4 * total;
	sizes[1] = sizes[2] = total;
	sizes[3] = 1;
	for (uint32_t i = 0; i < 4; i++)
		OCTET_HOST_NEED(octet_graph_output(g, op, i)->type == OCTET_FLOAT32 &&
					octet_graph_output(g, op, i)->elements == sizes[i],
				-EINVAL, "an output is not float32 of the right size");
	return 0;
}

static size_t scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_detect_work w;
	struct octet_detect d;
	const char *why;

	setup(g, op, &d, &why);
	return octet_detect_work(&d, NULL, &w);
}

static float real_at(octet_tensor_t *t, const void *x, size_t i)
{
	if (t->type == OCTET_FLOAT32)
		return ((const float *)x)[i];
	return ((float)((const uint8_t *)x)[i] - (float)t->zero_point[0]) * t->scale[0];
}

/* A box from its encoding (y, x, h, w) and its anchor; in double, as TFLite does. */
static int decode(const struct octet_host_call *c, const struct octet_detect *d,
		  struct octet_detect_work *w)
{
	octet_tensor_t *boxes = octet_host_tin(c, 0), *anchors = octet_host_tin(c, 2);

	for (uint32_t i = 0; i < d->boxes; i++) {
		struct octet_box *b = &w->boxes[i];
		double e[4], a[4];
		float y, x, h, wide;

		for (uint32_t k = 0; k < 4; k++) {
			size_t at = (size_t)i * boxes->dims[2] + k;

			e[k] = (double)real_at(boxes, octet_host_in(c, 0), at);
			e[k] /= (double)d->scale[k];
			a[k] = (double)real_at(anchors, octet_host_in(c, 2), (size_t)i * 4 + k);
		}
		y = (float)(e[0] * a[2] + a[0]);
		x = (float)(e[1] * a[3] + a[1]);
		h = (float)(0.5 * exp(e[2]) * a[2]);
		wide = (float)(0.5 * exp(e[3]) * a[3]);
		*b = (struct octet_box){ y - h, x - wide, y + h, x + wide };
		if (!(b->ymin <= b->ymax && b->xmin <= b->xmax))
			return octet_host_fail(c, "%s: box %u is inside out (%g..%g, %g..%g)",
					       c->op->name, i, (double)b->ymin, (double)b->ymax,
					       (double)b->xmin, (double)b->xmax);
	}
	return 0;
}

static void dequantize_scores(const struct octet_host_call *c, const struct octet_detect *d,
			      struct octet_detect_work *w)
{
	octet_tensor_t *t = octet_host_tin(c, 1);
	const void *x = octet_host_in(c, 1);

	for (size_t i = 0; i < (size_t)d->boxes * d->all_classes; i++) {
		if (t->type == OCTET_FLOAT32) {
			w->scores[i] = ((const float *)x)[i];
			continue;
		}
		w->scores[i] = (float)((double)t->scale[0] *
				       (((const uint8_t *)x)[i] - t->zero_point[0]));
	}
}

static void put(const struct octet_host_call *c, const struct octet_detect_work *w, size_t slot,
		uint32_t box, uint32_t class, float score)
{
	memcpy((float *)octet_host_out(c, 0) + 4 * slot, &w->boxes[box], sizeof(*w->boxes));
	((float *)octet_host_out(c, 1))[slot] = (float)class;
	((float *)octet_host_out(c, 2))[slot] = score;
}

/* ---- Fast: each box once, with its best classes --------------------------------------- */

/* The class that comes after class @before with @score: the next best. */
static uint32_t next_class(const float *scores, uint32_t n, uint32_t before, float score, bool any)
{
	uint32_t best = n;

	for (uint32_t i = 0; i < n; i++) {
		bool after = any || scores[i] < score || (scores[i] == score && i > before);

		if (after && (best == n || scores[i] > scores[best]))
			best = i;
	}
	return best;
}

static uint32_t fast(const struct octet_host_call *c, const struct octet_detect *d,
		     struct octet_detect_work *w)
{
	uint32_t per_box = d->per_anchor < d->classes ? d->per_anchor : d->classes, n;

	for (uint32_t i = 0; i < d->boxes; i++) {
		const float *row = w->scores + (size_t)i * d->all_classes + d->offset;

		w->column[i] = row[next_class(row, d->classes, 0, 0, true) % d->classes];
	}
	n = octet_detect_suppress(d, w, d->detections);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t box = w->selected[i], class = 0;
		const float *row = w->scores + (size_t)box * d->all_classes + d->offset;

		for (uint32_t k = 0; k < per_box; k++) {
			class = next_class(row, d->classes, class, k ? row[class] : 0, !k);
			/* Scores that are no numbers have no order. */
			if (class == d->classes)
				break;
			put(c, w, (size_t)i * d->per_anchor + k, box, class, row[class]);
		}
	}
	return n;
}

/* ---- Regular: each class by itself ------------------------------------------------------ */

/* Puts the class's boxes in among those found before; a later one wins a tie. */
static uint32_t merge(const struct octet_detect *d, struct octet_detect_work *w, uint32_t found,
		      uint32_t class, uint32_t n)
{
	uint32_t a = 0, b = 0, total = found + n;

	for (uint32_t to = 0; to < total; to++) {
		bool second = a == found || (b < n && w->column[w->selected[b]] >=
							      w->found[a].score);

		if (!second) {
			w->merged[to] = w->found[a++];
			continue;
		}
		w->merged[to] = (struct octet_detection){
			.box = w->selected[b], .class = class,
			.score = w->column[w->selected[b]],
		};
		b++;
	}
	memcpy(w->found, w->merged, total * sizeof(*w->found));
	return total < d->detections ? total : d->detections;
}

static uint32_t regular(const struct octet_host_call *c, const struct octet_detect *d,
			struct octet_detect_work *w)
{
	uint32_t found = 0;

	for (uint32_t class = 0; class < d->classes; class++) {
		uint32_t n;

		for (uint32_t i = 0; i < d->boxes; i++)
			w->column[i] = w->scores[(size_t)i * d->all_classes + d->offset + class];
		n = octet_detect_suppress(d, w, d->per_class);
		found = merge(d, w, found, class, n);
	}
	for (uint32_t i = 0; i < found; i++)
		put(c, w, i, w->found[i].box, w->found[i].class, w->found[i].score);
	return found;
}

static int run(const struct octet_host_call *c)
{
	struct octet_detect_work w;
	struct octet_detect d;
	const char *why;
	uint32_t n;
	int ret;

	setup(c->g, c->op, &d, &why);
	octet_detect_work(&d, c->scratch, &w);
	ret = decode(c, &d, &w);
	if (ret)
		return ret;
	dequantize_scores(c, &d, &w);
	for (uint32_t i = 0; i < 3; i++)
		memset(octet_host_out(c, i), 0, octet_host_tout(c, i)->bytes);
	n = d.regular ? regular(c, &d, &w) : fast(c, &d, &w);
	*(float *)octet_host_out(c, 3) = (float)n;
	return 0;
}

const struct octet_host_kernel octet_host_detect[] = {
	{ OCTET_G_CUSTOM, 3, 3, 4, check, run, scratch },
	{ 0 },
};
