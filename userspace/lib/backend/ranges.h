/* SPDX-License-Identifier: MIT */
/* A sorted list of address ranges that do not overlap. */
#ifndef OCTET_RANGES_H
#define OCTET_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct octet_range {
	uint64_t start, size;
	bool writable;
};

struct octet_ranges {
	struct octet_range *at;
	size_t count, room;
};

int octet_ranges_add(struct octet_ranges *ranges, uint64_t start, uint64_t size, bool writable);
void octet_ranges_del(struct octet_ranges *ranges, uint64_t start);
/** octet_ranges_find() - the range with all of [@addr, @addr + @bytes), or NULL */
const struct octet_range *octet_ranges_find(const struct octet_ranges *ranges, uint64_t addr,
					    uint64_t bytes);

#endif /* OCTET_RANGES_H */
