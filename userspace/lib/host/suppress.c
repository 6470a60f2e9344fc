// SPDX-License-Identifier: MIT
/* Non-maximum suppression of boxes. */

#include "detect.h"

/* A piece of the scratch. */
static void *take(size_t *used, void *scratch, size_t count, size_t size)
{
	size_t at = *used;

	*used += (count * size + 15) / 16 * 16;
	return scratch ? (char *)scratch + at : NULL;
}

size_t octet_detect_work(const struct octet_detect *d, void *scratch, struct octet_detect_work *w)
{
	size_t used = 0, most = (size_t)d->detections + d->per_class;

	w->boxes = take(&used, scratch, d->boxes, sizeof(*w->boxes));
	w->scores = take(&used, scratch, (size_t)d->boxes * d->all_classes, sizeof(*w->scores));
	w->column = take(&used, scratch, d->boxes, sizeof(*w->column));
	w->kept = take(&used, scratch, d->boxes, sizeof(*w->kept));
	w->spare = take(&used, scratch, d->boxes, sizeof(*w->spare));
	w->selected = take(&used, scratch, d->boxes, sizeof(*w->selected));
	w->found = take(&used, scratch, most, sizeof(*w->found));
	w->merged = take(&used, scratch, most, sizeof(*w->merged));
	w->active = take(&used, scratch, d->boxes, sizeof(*w->active));
	return used;
}

/* Best first; of equal ones the first comes first. Merges runs that double. */
static void sort(const float *score, uint32_t *order, uint32_t *spare, uint32_t n)
{
	for (uint64_t run = 1; run < n; run *= 2) {
		for (uint64_t at = 0; at < n; at += 2 * run) {
			uint64_t a = at, a_end = at + run < n ? at + run : n;
			uint64_t b = a_end, b_end = at + 2 * run < n ? at + 2 * run : n;

			for (uint64_t to = at; to < b_end; to++) {
				bool second = a == a_end ||
					      (b < b_end && score[order[b]] > score[order[a]]);

				spare[to] = second ? order[b++] : order[a++];
			}
		}
		memcpy(order, spare, n * sizeof(*order));
	}
}

static float area(const struct octet_box *b)
{
	return (b->ymax - b->ymin) * (b->xmax - b->xmin);
}

/* Intersection over union. */
static float overlap(const struct octet_box *a, const struct octet_box *b)
{
	float area_a = area(a), area_b = area(b), h, w, shared;

	if (area_a <= 0 || area_b <= 0)
		return 0;
	h = fminf(a->ymax, b->ymax) - fmaxf(a->ymin, b->ymin);
	w = fminf(a->xmax, b->xmax) - fmaxf(a->xmin, b->xmin);
	shared = fmaxf(h, 0) * fmaxf(w, 0);
	return shared / (area_a + area_b - shared);
}

uint32_t octet_detect_suppress(const struct octet_detect *d, struct octet_detect_work *w,
			       uint32_t most)
{
	uint32_t n = 0, found = 0;

	for (uint32_t i = 0; i < d->boxes; i++)
		if (w->column[i] >= d->score)
			w->kept[n++] = i;
	sort(w->column, w->kept, w->spare, n);
	memset(w->active, 1, n);
	for (uint32_t i = 0; i < n && found < most; i++) {
		if (!w->active[i])
			continue;
		w->selected[found++] = w->kept[i];
		for (uint32_t j = i + 1; j < n; j++)
			if (w->active[j] && overlap(&w->boxes[w->kept[i]],
						    &w->boxes[w->kept[j]]) > d->overlap)
				w->active[j] = 0;
	}
	return found;
}
