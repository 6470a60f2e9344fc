// SPDX-License-Identifier: MIT
/*
 * Products of matrices on AMX: sums of 32 rows by two panels are four tiles, fed by two
 * tiles of inputs and two of weights, each loaded from where it lies: sixteen lines of
 * a panel are a tile. An edge is a tile of fewer rows or shorter ones, never a copy.
 *
 * Instructions are written out, because the compilers' intrinsics do not say which
 * memory they read and write.
 */
#if defined(__x86_64__)

#include "simd.h"

#define ROWS	16	/* of a tile */
#define WORDS	16	/* of a row of inputs, lines of weights */

/* Tiles 0 to 3: sums, two for each tile of inputs; 4, 5: inputs; 6, 7: weights. */
#define LOAD(tile, from, step)								\
	__asm__ volatile("tileloadd (%0,%1), %%tmm" #tile : :				\
			 "r"(from), "r"(sizeof(uint32_t) * (step)) : "memory")
#define STORE(tile, to, step)								\
	__asm__ volatile("tilestored %%tmm" #tile ", (%0,%1)" : :			\
			 "r"(to), "r"(sizeof(uint32_t) * (step)) : "memory")
/* bytes of inputs are unsigned, those of weights signed */
#define ADD(sums, x, w)									\
	__asm__ volatile("tdpbusd %tmm" #w ", %tmm" #x ", %tmm" #sums)

/* what LDTILECFG reads */
struct shapes {
	uint8_t palette, start_row, reserved[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};

static void set_shape(struct shapes *s, unsigned int tile, size_t rows, size_t words)
{
	s->rows[tile] = (uint8_t)rows;
	s->row_bytes[tile] = rows ? (uint16_t)(4 * words) : 0;
}

/* for @rows inputs of up to @words words at a time; the tiles become zero */
static void configure(size_t rows, size_t words)
{
	size_t low = rows < ROWS ? rows : ROWS;
	struct shapes s = { .palette = 1 };

	for (unsigned int i = 0; i < 2; i++) {
		set_shape(&s, i, low, OCTET_PANEL);
		set_shape(&s, 2 + i, rows - low, OCTET_PANEL);
		set_shape(&s, 6 + i, words, OCTET_PANEL);
	}
	set_shape(&s, 4, low, words);
	set_shape(&s, 5, rows - low, words);
	__asm__ volatile("ldtilecfg %0" : : "m"(s));
}

/* idle tiles cost nothing when threads are switched */
static void release(void)
{
	__asm__ volatile("tilerelease");
}

/**
 * struct product - operands of one or two rows and columns of tiles
 *
 * @from: what sums start from
 * @ldacc: words from a row of sums to the next; likewise @ldfrom and @lda
 * @ldb: words from a panel to the next
 * @words: of a tile of inputs
 * @count: tiles along a row of inputs
 * @tall: there is a second row of tiles
 * @wide: and a second column
 */
struct product {
	int32_t *acc;
	const int32_t *from;
	const uint32_t *a, *b;
	size_t ldacc, ldfrom, lda, ldb;
	size_t words, count;
	bool tall, wide;
};

static void load_sums(const struct product *p)
{
	const int32_t *low = p->from + ROWS * p->ldfrom;

	LOAD(0, p->from, p->ldfrom);
	if (p->wide)
		LOAD(1, p->from + OCTET_PANEL, p->ldfrom);
	if (p->tall)
		LOAD(2, low, p->ldfrom);
	if (p->tall && p->wide)
		LOAD(3, low + OCTET_PANEL, p->ldfrom);
}

static void store_sums(const struct product *p)
{
	int32_t *low = p->acc + ROWS * p->ldacc;

	STORE(0, p->acc, p->ldacc);
	if (p->wide)
		STORE(1, p->acc + OCTET_PANEL, p->ldacc);
	if (p->tall)
		STORE(2, low, p->ldacc);
	if (p->tall && p->wide)
		STORE(3, low + OCTET_PANEL, p->ldacc);
}

static void multiply(const struct product *p)
{
	const size_t lda = p->lda, ldb = p->ldb, words = p->words;
	const uint32_t *a = p->a, *low = a + ROWS * lda, *b = p->b;
	const bool tall = p->tall, wide = p->wide;

	load_sums(p);
	for (size_t i = p->count; i; i--) {
		LOAD(6, b, OCTET_PANEL);
		LOAD(4, a, lda);
		ADD(0, 4, 6);
		if (wide) {
			LOAD(7, b + ldb, OCTET_PANEL);
			ADD(1, 4, 7);
		}
		if (tall) {
			LOAD(5, low, lda);
			ADD(2, 5, 6);
		}
		if (tall && wide)
			ADD(3, 5, 7);
		a += words;
		low += words;
		b += words * OCTET_PANEL;
	}
	store_sums(p);
}

/* all rows, in two shapes at most */
static void all_rows(struct product p, size_t rows)
{
	size_t i = rows;

	for (p.tall = true; i >= 2 * ROWS; i -= 2 * ROWS) {
		if (i == rows)
			configure(2 * ROWS, p.words);
		multiply(&p);
		p.acc += 2 * ROWS * p.ldacc;
		p.from += 2 * ROWS * p.ldfrom;
		p.a += 2 * ROWS * p.lda;
	}
	if (!i)
		return;
	configure(i, p.words);
	p.tall = i > ROWS;
	multiply(&p);
}

/* all rows by one or two panels, of one part */
static void part(struct product *p, size_t words, size_t rows)
{
	const size_t rest = words % WORDS, whole = words - rest;
	struct product tail;

	p->words = WORDS;
	p->count = whole / WORDS;
	if (p->count) {
		all_rows(*p, rows);
		p->from = p->acc;
		p->ldfrom = p->ldacc;
	}
	if (rest) {
		tail = *p;
		tail.a += whole;
		tail.b += whole * OCTET_PANEL;
		tail.words = rest;
		tail.count = 1;
		all_rows(tail, rows);
		p->from = p->acc;
		p->ldfrom = p->ldacc;
	}
}

void octet_amx_mm(const struct octet_product *m)
{
	struct product p = { .ldacc = m->ldacc, .lda = m->lda, .ldb = m->ldb };

	/* where tiles would be next to empty */
	if (m->rows < OCTET_AMX_LEAST || m->words < OCTET_AMX_LEAST) {
		octet_simd_avx512.mm(m);
		return;
	}
	for (size_t i = 0; i < m->panels; i += 2) {
		p.wide = i + 2 <= m->panels;
		p.acc = m->acc + i * OCTET_PANEL;
		p.from = m->from + i * OCTET_PANEL;
		p.ldfrom = m->ldfrom;
		p.a = m->a;
		p.b = m->b + i * m->ldb;
		for (size_t k = 0; k < m->parts; k++) {
			part(&p, m->words, m->rows);
			p.a += m->step;
			p.b += m->words * OCTET_PANEL;
		}
	}
	release();
}

#else
typedef int octet_simd_amx_absent;
#endif
