/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_RING_H__
#define __OCTET_RING_H__

#include <linux/types.h>

#include "octet_regs.h"

/**
 * struct octet_ring - ring and completion queue of one core, in memory
 *
 * Sequence numbers are positions: the entry with number n lies at n modulo the
 * size, and so does its completion, since every entry gets exactly one.
 *
 * @entries: the ring, written by the driver
 * @cq: the completion queue, of the same size, written by the device
 * @order: log2 of both sizes
 * @tail: entries ever put, the next sequence number
 * @head: completions ever taken
 */
struct octet_ring {
	struct octet_ring_entry *entries;
	struct octet_completion *cq;
	u32 order;
	u64 tail;
	u64 head;
};

void octet_ring_init(struct octet_ring *ring, struct octet_ring_entry *entries,
		     struct octet_completion *cq, u32 order);
void octet_ring_reset(struct octet_ring *ring);
u32 octet_ring_space(const struct octet_ring *ring);
u64 octet_ring_put(struct octet_ring *ring, const struct octet_ring_entry *entry);
void octet_ring_cancel(struct octet_ring *ring, u64 seq);
bool octet_ring_peek(const struct octet_ring *ring, struct octet_completion *out);
bool octet_ring_take(struct octet_ring *ring, struct octet_completion *out);

#endif /* __OCTET_RING_H__ */
