// SPDX-License-Identifier: MIT
/* Parts of a compute, in as many threads as the host offers: see struct octet_work. */
#include "compute.h"

/* What the threads of a call share. */
struct shared {
	octet_part_fn *fn;
	void *arg;
	size_t count, lanes;
	atomic_size_t next;
	atomic_int err;
};

/* One thread: takes the next part until there is none, or one has failed. */
static void lane(void *arg, unsigned int index)
{
	struct shared *s = arg;
	size_t part;

	while (!atomic_load_explicit(&s->err, memory_order_relaxed)) {
		int err, none = 0;

		part = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
		if (part >= s->count)
			return;
		err = s->fn(s->arg, index, part);
		if (err)
			atomic_compare_exchange_strong(&s->err, &none, err);
	}
}

unsigned int octet_lanes(const struct octet_work *work, double cost)
{
	unsigned int most = work->parallel ? work->threads : 1;

	most = most < OCTET_LANES_MAX ? most : OCTET_LANES_MAX;
	/* Another thread has to be woken first. */
	return most > 1 && cost >= 2.0 * octet_simd_get()->brief ? most : 1;
}

int octet_parts(const struct octet_work *work, unsigned int lanes, size_t count,
		octet_part_fn *fn, void *arg)
{
	struct shared s = { .fn = fn, .arg = arg, .count = count };

	atomic_init(&s.next, 0);
	atomic_init(&s.err, 0);
	if (lanes > count)
		lanes = count ? (unsigned int)count : 1;
	if (lanes > 1)
		work->parallel(work->opaque, lanes, lane, &s);
	else
		lane(&s, 0);
	return atomic_load(&s.err);
}
