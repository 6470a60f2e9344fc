// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "../octet_ring.h"

#define ORDER	6
#define SIZE	BIT(ORDER)

struct octet_ring_test {
	struct octet_ring ring;
	u64 written;	/* completions that the pretended device wrote */
};

static int octet_ring_test_init(struct kunit *test)
{
	struct octet_ring_test *t;
	struct octet_ring_entry *entries;
	struct octet_completion *cq;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	entries = kunit_kzalloc(test, sizeof(*entries) * SIZE, GFP_KERNEL);
	cq = kunit_kzalloc(test, sizeof(*cq) * SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	KUNIT_ASSERT_NOT_NULL(test, cq);
	octet_ring_init(&t->ring, entries, cq, ORDER);
	test->priv = t;
	return 0;
}

/* Completes the oldest entry as the device would, by the manual's rule. */
static void octet_ring_test_complete(struct octet_ring_test *t)
{
	u32 i = t->written % SIZE;
	u16 phase = (t->written / SIZE) % 2 ? 0 : OCTET_CQ_PHASE;
	struct octet_completion c = {
		.seq = t->ring.entries[i].seq,
		.flags = cpu_to_le16(phase),
	};

	t->ring.cq[i] = c;
	t->written++;
}

static void octet_ring_test_empty(struct kunit *test)
{
	struct octet_ring_test *t = test->priv;
	struct octet_completion c;

	KUNIT_EXPECT_EQ(test, octet_ring_space(&t->ring), SIZE);
	KUNIT_EXPECT_FALSE(test, octet_ring_take(&t->ring, &c));
}

static void octet_ring_test_fill(struct kunit *test)
{
	struct octet_ring_test *t = test->priv;
	const struct octet_ring_entry entry = { .opcode = OCTET_RING_RUN };
	u32 i;

	for (i = 0; i < SIZE; i++) {
		KUNIT_EXPECT_EQ(test, octet_ring_space(&t->ring), SIZE - i);
		KUNIT_EXPECT_EQ(test, octet_ring_put(&t->ring, &entry), i);
		KUNIT_EXPECT_EQ(test, le64_to_cpu(t->ring.entries[i].seq), i);
	}
	KUNIT_EXPECT_EQ(test, octet_ring_space(&t->ring), 0);
}

/* Several rounds, in steps that do not divide the size: both indices wrap. */
static void octet_ring_test_wrap(struct kunit *test)
{
	struct octet_ring_test *t = test->priv;
	const struct octet_ring_entry entry = { .opcode = OCTET_RING_RUN };
	struct octet_completion c;
	u64 put = 0, taken = 0;
	u32 round, i;

	for (round = 0; round < 40; round++) {
		u32 n = 1 + round % 37;

		for (i = 0; i < n; i++)
			KUNIT_ASSERT_EQ(test, octet_ring_put(&t->ring, &entry), put++);
		for (i = 0; i < n; i++) {
			KUNIT_ASSERT_FALSE(test, octet_ring_take(&t->ring, &c));
			octet_ring_test_complete(t);
			KUNIT_ASSERT_TRUE(test, octet_ring_take(&t->ring, &c));
			KUNIT_ASSERT_EQ(test, le64_to_cpu(c.seq), taken++);
		}
		KUNIT_ASSERT_EQ(test, octet_ring_space(&t->ring), SIZE);
	}
	KUNIT_EXPECT_GT(test, put, 4 * SIZE);
}

/* All completions of a full ring are found at once, and no stale one after. */
static void octet_ring_test_full_rounds(struct kunit *test)
{
	struct octet_ring_test *t = test->priv;
	const struct octet_ring_entry entry = { .opcode = OCTET_RING_RUN };
	struct octet_completion c;
	u32 round, i;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < SIZE; i++)
			octet_ring_put(&t->ring, &entry);
		for (i = 0; i < SIZE; i++)
			octet_ring_test_complete(t);
		for (i = 0; i < SIZE; i++) {
			KUNIT_ASSERT_TRUE(test, octet_ring_take(&t->ring, &c));
			KUNIT_ASSERT_EQ(test, le64_to_cpu(c.seq), round * SIZE + i);
		}
		KUNIT_ASSERT_FALSE(test, octet_ring_take(&t->ring, &c));
	}
}

static void octet_ring_test_cancel(struct kunit *test)
{
	struct octet_ring_test *t = test->priv;
	const struct octet_ring_entry entry = {
		.opcode = OCTET_RING_RUN,
		.flags = OCTET_RING_F_IRQ,
	};
	u32 i;

	t->ring.tail = SIZE - 2;	/* so that the range wraps */
	t->ring.head = SIZE - 2;
	for (i = 0; i < 4; i++)
		octet_ring_put(&t->ring, &entry);
	octet_ring_cancel(&t->ring, SIZE - 1);
	octet_ring_cancel(&t->ring, SIZE);

	KUNIT_EXPECT_EQ(test, t->ring.entries[SIZE - 2].opcode, OCTET_RING_RUN);
	KUNIT_EXPECT_EQ(test, t->ring.entries[SIZE - 1].opcode, OCTET_RING_NOP);
	KUNIT_EXPECT_EQ(test, t->ring.entries[0].opcode, OCTET_RING_NOP);
	KUNIT_EXPECT_EQ(test, t->ring.entries[1].opcode, OCTET_RING_RUN);
	/* It still completes, with its number and its interrupt. */
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->ring.entries[0].seq), SIZE);
	KUNIT_EXPECT_EQ(test, t->ring.entries[0].flags, OCTET_RING_F_IRQ);
}

static void octet_ring_test_reset(struct kunit *test)
{
	struct octet_ring_test *t = test->priv;
	const struct octet_ring_entry entry = { .opcode = OCTET_RING_RUN };
	struct octet_completion c;

	octet_ring_put(&t->ring, &entry);
	octet_ring_put(&t->ring, &entry);
	octet_ring_test_complete(t);
	octet_ring_reset(&t->ring);
	t->written = 0;

	KUNIT_EXPECT_EQ(test, octet_ring_space(&t->ring), SIZE);
	KUNIT_EXPECT_FALSE(test, octet_ring_take(&t->ring, &c));
	KUNIT_EXPECT_EQ(test, octet_ring_put(&t->ring, &entry), 0);
	octet_ring_test_complete(t);
	KUNIT_EXPECT_TRUE(test, octet_ring_take(&t->ring, &c));
}

static struct kunit_case octet_ring_tests[] = {
	KUNIT_CASE(octet_ring_test_empty),
	KUNIT_CASE(octet_ring_test_fill),
	KUNIT_CASE(octet_ring_test_wrap),
	KUNIT_CASE(octet_ring_test_full_rounds),
	KUNIT_CASE(octet_ring_test_cancel),
	KUNIT_CASE(octet_ring_test_reset),
	{ }
};

static struct kunit_suite octet_ring_suite = {
	.name = "octet_ring",
	.init = octet_ring_test_init,
	.test_cases = octet_ring_tests,
};

kunit_test_suite(octet_ring_suite);
