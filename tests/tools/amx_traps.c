// SPDX-License-Identifier: MIT
/*
 * AMX, instruction by instruction, on processors that have none: each of its instructions
 * traps, and the handler does what the manual says. So compiled code runs as it is, with
 * its encodings, its operands and the shapes of its tiles. What the processor would
 * refuse ends the program, and so does an end with tiles in use or without a product.
 */
#if defined(__x86_64__)

#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* registers of a context */
#endif
#include <cpuid.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define TILES		8
#define MOST_ROWS	16
#define MOST_BYTES	64

/* as LDTILECFG and STTILECFG have it */
struct shapes {
	uint8_t palette, start_row, reserved[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};

struct tile {
	uint8_t row[MOST_ROWS][MOST_BYTES];
};

static _Thread_local struct shapes shapes;
static _Thread_local struct tile tiles[TILES];
static atomic_ulong products;
static atomic_int users;	/* threads with tiles in use */

/* an instruction, taken apart */
struct instruction {
	uint8_t opcode, prefix;		/* prefix: 0, 1 66, 2 F3, 3 F2 */
	unsigned int reg, rm, vvvv;	/* rm: of a register */
	bool memory, sib;
	uintptr_t address;		/* without a scaled index if sib */
	intptr_t step;			/* the scaled index */
	size_t length;
};

/* for those that the processor refuses */
static void refuse(const uint8_t *at, const char *why)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "amx: %02x %02x %02x %02x %02x at %p: %s\n", at[0],
			 at[1], at[2], at[3], at[4], (const void *)at, why);

	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(2);
	_exit(1);
}

static uint64_t reg(const ucontext_t *c, unsigned int number)
{
	static const int place[16] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};

	return (uint64_t)c->uc_mcontext.gregs[place[number]];
}

/* displacement of @size bytes */
static int32_t displacement(const uint8_t *at, size_t size)
{
	int32_t wide;

	if (size < 4)
		return size ? (int8_t)*at : 0;
	memcpy(&wide, at, 4);
	return wide;
}

/* operand in memory: ModRM, SIB and displacement */
static void operand(struct instruction *in, const ucontext_t *c, const uint8_t *at)
{
	const unsigned int mod = at[4] >> 6, rm = at[4] & 7;
	const bool high_base = !(at[1] & 0x20), high_index = !(at[1] & 0x40);
	unsigned int base = rm | high_base << 3;
	size_t size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	bool no_base = false;

	in->sib = rm == 4;
	in->length = 5 + in->sib;
	if (in->sib) {
		const unsigned int index = (at[5] >> 3 & 7) | high_index << 3;

		base = (at[5] & 7) | high_base << 3;
		no_base = !mod && (at[5] & 7) == 5;
		if (index != 4)
			in->step = (intptr_t)(reg(c, index) << (at[5] >> 6));
	}
	if (no_base || (!mod && rm == 5))
		size = 4;
	in->address = (uintptr_t)(intptr_t)displacement(at + in->length, size);
	in->length += size;
	if (!mod && rm == 5)
		in->address += (uintptr_t)at + in->length;
	else if (!no_base)
		in->address += reg(c, base);
}

/* VEX.128.W0 in the map 0F38, as all of them are; false: something else */
static bool take_apart(struct instruction *in, const ucontext_t *c, const uint8_t *at)
{
	*in = (struct instruction) { .length = 5 };
	if (at[0] != 0xc4 || (at[1] & 0x1f) != 2 || at[2] & 0x84)
		return false;
	in->opcode = at[3];
	in->prefix = at[2] & 3;
	in->vvvv = ~at[2] >> 3 & 15;
	in->reg = (at[4] >> 3 & 7) | (at[1] & 0x80 ? 0 : 8);
	in->memory = at[4] >> 6 != 3;
	if (in->memory)
		operand(in, c, at);
	else
		in->rm = (at[4] & 7) | (at[1] & 0x20 ? 0 : 8);
	return true;
}

static const char *wrong_shapes(const struct shapes *s)
{
	static const uint8_t none[14];

	if (s->palette != 1 || s->start_row || memcmp(s->reserved, none, sizeof(none)))
		return "a palette other than 1, a first row, or reserved bits";
	for (int i = 0; i < 16; i++) {
		if (i >= TILES && (s->rows[i] || s->row_bytes[i]))
			return "a shape for a ninth tile";
		if (s->rows[i] > MOST_ROWS || s->row_bytes[i] > MOST_BYTES)
			return "a tile is too large";
		if (!s->rows[i] != !s->row_bytes[i])
			return "a tile of rows without bytes, or bytes without rows";
	}
	return NULL;
}

static void load_shapes(const uint8_t *at, uintptr_t address)
{
	const bool used = shapes.palette;
	const char *wrong;

	memcpy(&shapes, (const void *)address, sizeof(shapes));
	wrong = wrong_shapes(&shapes);
	if (wrong)
		refuse(at, wrong);
	memset(tiles, 0, sizeof(tiles));
	if (!used)
		atomic_fetch_add(&users, 1);
}

static void release(void)
{
	if (shapes.palette)
		atomic_fetch_sub(&users, 1);
	memset(&shapes, 0, sizeof(shapes));
	memset(tiles, 0, sizeof(tiles));
}

static void need(const uint8_t *at, unsigned int tile)
{
	if (!shapes.palette)
		refuse(at, "no shapes are loaded");
	if (tile >= TILES || !shapes.rows[tile])
		refuse(at, "the tile has no shape");
}

static void move(const uint8_t *at, const struct instruction *in)
{
	uint8_t *memory = (uint8_t *)(in->address);	/* NOLINT: the program's own */
	const unsigned int t = in->reg;

	need(at, t);
	if (!in->sib)
		refuse(at, "an operand without SIB");
	if (in->prefix != 2)
		memset(&tiles[t], 0, sizeof(tiles[t]));
	for (size_t i = 0; i < shapes.rows[t]; i++, memory += in->step) {
		if (in->prefix == 2)
			memcpy(memory, tiles[t].row[i], shapes.row_bytes[t]);
		else
			memcpy(tiles[t].row[i], memory, shapes.row_bytes[t]);
	}
}

static inline __attribute__((always_inline)) int value(uint8_t byte, bool is_signed)
{
	return is_signed ? (int8_t)byte : byte;
}

/* for the loops over tiles' own contents, which take most of the time */
#if defined(__clang__)
#define BARE __attribute__((no_sanitize("address", "undefined")))
#else
#define BARE __attribute__((no_sanitize("address", "undefined"), optimize("O3")))
#endif

/* sums += a b: a row of @a holds bytes k, a row of @b bytes k to k + 3 of each column */
BARE static void add_products(const uint8_t *at, unsigned int sums, unsigned int a, unsigned int b,
			 bool a_signed, bool b_signed)
{
	need(at, sums);
	need(at, a);
	need(at, b);
	if (sums == a || sums == b || a == b)
		refuse(at, "the tiles are not three");
	if (shapes.rows[sums] != shapes.rows[a] || shapes.row_bytes[sums] != shapes.row_bytes[b] ||
	    shapes.row_bytes[a] != 4 * shapes.rows[b] || shapes.row_bytes[b] % 4)
		refuse(at, "shapes do not fit together");
	for (size_t i = 0; i < shapes.rows[a]; i++) {
		uint32_t row[MOST_BYTES / 4];

		memcpy(row, tiles[sums].row[i], sizeof(row));
		for (size_t k = 0; k < shapes.row_bytes[a]; k++) {
			const int x = value(tiles[a].row[i][k], a_signed);
			const uint8_t *w = tiles[b].row[k / 4] + k % 4;

			for (size_t j = 0; j < shapes.row_bytes[b] / 4u; j++)
				row[j] += (uint32_t)(x * value(w[4 * j], b_signed));
		}
		memset(&tiles[sums].row[i], 0, sizeof(row));
		memcpy(&tiles[sums].row[i], row, shapes.row_bytes[sums]);
	}
	atomic_fetch_add_explicit(&products, 1, memory_order_relaxed);
}

/* false: no instruction of AMX for integers */
static bool execute(const uint8_t *at, const struct instruction *in)
{
	if (in->opcode == 0x49 && in->memory && !in->prefix && !in->reg) {
		load_shapes(at, in->address + (uintptr_t)in->step);
	} else if (in->opcode == 0x49 && !in->memory && !in->prefix && !in->reg && !in->rm) {
		release();
	} else if (in->opcode == 0x49 && !in->memory && in->prefix == 3 && !in->rm) {
		need(at, in->reg);
		memset(&tiles[in->reg], 0, sizeof(tiles[in->reg]));
	} else if (in->opcode == 0x4b && in->memory && in->prefix) {
		move(at, in);
	} else if (in->opcode == 0x5e && !in->memory) {
		/* 66 and none: inputs unsigned; F3 is signed by unsigned */
		add_products(at, in->reg, in->rm, in->vvvv, in->prefix >= 2,
			     in->prefix == 1 || in->prefix == 3);
		return true;
	} else {
		return false;
	}
	if (in->vvvv)
		refuse(at, "a third operand");
	return true;
}

static void trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	const uint8_t *at = (const uint8_t *)c->uc_mcontext.gregs[REG_RIP];
	struct instruction in;

	(void)number;
	(void)info;
	if (!take_apart(&in, c, at) || !execute(at, &in))
		refuse(at, "no instruction of AMX for integers");
	c->uc_mcontext.gregs[REG_RIP] += (greg_t)in.length;
}

/* In the C library's place: cmocka wants the signal for itself. */
sighandler_t signal(int number, sighandler_t handler)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	if (number == SIGILL)
		return SIG_DFL;
	return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

__attribute__((constructor)) static void begin(void)
{
	struct sigaction action = { .sa_sigaction = trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGILL, &action, NULL);
}

/* there they may have run without a trap */
static bool has_amx(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && d & 1u << 24;
}

__attribute__((destructor)) static void end(void)
{
	if (atomic_load(&users)) {
		fprintf(stderr, "amx: %d threads ended with tiles in use\n",
			atomic_load(&users));
		_exit(1);
	}
	if (__builtin_cpu_supports("avx512vnni") && !has_amx() && !atomic_load(&products)) {
		fprintf(stderr, "amx: not one product of tiles was asked for\n");
		_exit(1);
	}
}

#else
typedef int amx_traps_absent;
#endif
