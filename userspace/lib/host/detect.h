/* SPDX-License-Identifier: MIT */
/* What the two files of TFLite_Detection_PostProcess share. */
#ifndef OCTET_HOST_DETECT_H
#define OCTET_HOST_DETECT_H

#include "host_priv.h"

/**
 * struct octet_detect - options and sizes
 *
 * @per_anchor: classes that a box may have in the fast form
 * @per_class: boxes that a class may have in the regular form
 * @offset: 1 if class 0 is the background
 * @scale: y, x, h, w
 */
struct octet_detect {
	uint32_t boxes, classes, all_classes, offset;
	uint32_t detections, per_anchor, per_class;
	bool regular;
	float score, overlap, scale[4];
};

struct octet_box {
	float ymin, xmin, ymax, xmax;
};

/** struct octet_detection - a box and its class, by their common number */
struct octet_detection {
	uint32_t box, class;
	float score;
};

/** struct octet_detect_work - the scratch, laid out */
struct octet_detect_work {
	struct octet_box *boxes;
	float *scores, *column;
	uint32_t *kept, *spare, *selected;
	struct octet_detection *found, *merged;
	uint8_t *active;
};

/** octet_detect_work() - lay out @scratch (may be NULL); bytes */
size_t octet_detect_work(const struct octet_detect *d, void *scratch, struct octet_detect_work *w);

/**
 * octet_detect_suppress() - boxes of a column of scores, best first, that do not overlap
 *
 * @most: boxes at most
 * Return: how many are in w->selected
 */
uint32_t octet_detect_suppress(const struct octet_detect *d, struct octet_detect_work *w,
			       uint32_t most);

#endif /* OCTET_HOST_DETECT_H */
