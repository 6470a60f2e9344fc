// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Ring
 *
 * Arithmetic on a core's ring and completion queue. Nothing here touches a
 * register, so that it can be tested without a device. Callers hold the core's
 * lock.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/string.h>

#include <asm/barrier.h>
#include <asm/byteorder.h>

#include "octet_ring.h"

static_assert(sizeof(struct octet_ring_entry) == 64);
static_assert(sizeof(struct octet_completion) == 64);

static u32 octet_ring_index(const struct octet_ring *ring, u64 seq)
{
	return seq & (BIT(ring->order) - 1);
}

void octet_ring_init(struct octet_ring *ring, struct octet_ring_entry *entries,
		     struct octet_completion *cq, u32 order)
{
	ring->entries = entries;
	ring->cq = cq;
	ring->order = order;
	octet_ring_reset(ring);
}

/* As after a core reset: both empty, and the phase bit of round one is 1. */
void octet_ring_reset(struct octet_ring *ring)
{
	ring->tail = 0;
	ring->head = 0;
	memset(ring->entries, 0, sizeof(*ring->entries) << ring->order);
	memset(ring->cq, 0, sizeof(*ring->cq) << ring->order);
}

u32 octet_ring_space(const struct octet_ring *ring)
{
	return BIT(ring->order) - (u32)(ring->tail - ring->head);
}

/* The caller has made sure of space. The doorbell publishes what is put. */
u64 octet_ring_put(struct octet_ring *ring, const struct octet_ring_entry *entry)
{
	struct octet_ring_entry *to;

	to = &ring->entries[octet_ring_index(ring, ring->tail)];
	*to = *entry;
	to->seq = cpu_to_le64(ring->tail);
	return ring->tail++;
}

/* Turns an entry into a NOP that still completes. Only while it is not fetched. */
void octet_ring_cancel(struct octet_ring *ring, u64 seq)
{
	struct octet_ring_entry *entry;

	entry = &ring->entries[octet_ring_index(ring, seq)];
	WRITE_ONCE(entry->opcode, OCTET_RING_NOP);
}

/* The next completion, if the device has written it. */
bool octet_ring_peek(const struct octet_ring *ring, struct octet_completion *out)
{
	const struct octet_completion *from;
	bool phase, expected;

	from = &ring->cq[octet_ring_index(ring, ring->head)];
	phase = le16_to_cpu(READ_ONCE(from->flags)) & OCTET_CQ_PHASE;
	expected = !((ring->head >> ring->order) & 1);
	if (phase != expected)
		return false;

	/* The device writes the phase bit last; read the rest after it. */
	dma_rmb();
	*out = *from;
	return true;
}

/* Takes it. */
bool octet_ring_take(struct octet_ring *ring, struct octet_completion *out)
{
	if (!octet_ring_peek(ring, out))
		return false;
	ring->head++;
	return true;
}
