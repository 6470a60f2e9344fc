// SPDX-License-Identifier: MIT
/* See ranges.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ranges.h"

/* Index of the first range that starts above @addr. */
static size_t above(const struct octet_ranges *ranges, uint64_t addr)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ranges->at[middle].start > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int octet_ranges_add(struct octet_ranges *ranges, uint64_t start, uint64_t size, bool writable)
{
	size_t i;

	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? 2 * ranges->room : 64;
		void *grown = realloc(ranges->at, room * sizeof(*ranges->at));

		if (!grown)
			return -ENOMEM;
		ranges->at = grown;
		ranges->room = room;
	}
	i = above(ranges, start);
	memmove(&ranges->at[i + 1], &ranges->at[i], (ranges->count - i) * sizeof(*ranges->at));
	ranges->at[i] = (struct octet_range){ start, size, writable };
	ranges->count++;
	return 0;
}

void octet_ranges_del(struct octet_ranges *ranges, uint64_t start)
{
	size_t i = above(ranges, start);

	if (!i || ranges->at[i - 1].start != start)
		return;
	ranges->count--;
	memmove(&ranges->at[i - 1], &ranges->at[i],
		(ranges->count - (i - 1)) * sizeof(*ranges->at));
}

const struct octet_range *octet_ranges_find(const struct octet_ranges *ranges, uint64_t addr,
					    uint64_t bytes)
{
	size_t i = above(ranges, addr);
	const struct octet_range *range;
	uint64_t offset;

	if (!i)
		return NULL;
	range = &ranges->at[i - 1];
	offset = addr - range->start;
	return offset < range->size && bytes <= range->size - offset ? range : NULL;
}
