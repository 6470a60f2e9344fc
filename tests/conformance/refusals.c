// SPDX-License-Identifier: MIT
/*
 * The device's model and the CPU fallback refuse the same commands: random
 * valid jobs with a field or two changed, run on both. Either both accept and
 * all of memory is equal afterwards, or both name the same status, command
 * and operand. usage: refusals [SEED [MUTATIONS]]
 *
 * What the fallback does not have is taken into account: NO_FIT, as it has no
 * line buffers, and NON_CANONICAL, which is UNMAPPED there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_fake_host.h"
#include "cpu/cpu_priv.h"
#include "mutate.h"
#include "randop.h"

#define SEED		1u
#define MUTATIONS	40000u
#define PER_COMMAND	16u
#define FAILURES_SHOWN	10u

/* Blocks lie too far apart for a stride to reach from one to the next. */
#define PLACES		17
#define PLACE(i)	(UINT64_C(0x400000000) + ((uint64_t)(i) << 30))
#define PLACE_SIZE	UINT64_C(0x8000)
#define READ_ONLY	(PLACES - 1)	/* no block, but mutations go there */
/* Of the device alone: the fallback takes commands from anywhere. */
#define COMMANDS	UINT64_C(0x3000055000)
#define LB		(256u << 10)
/* Commands that would take too long are checked, but not run. */
#define WORK_MAX	(UINT64_C(1) << 21)

enum verdict { BOTH_RAN, BOTH_REFUSED, NOT_RUN, NO_FIT, DIFFERENT };

struct result {
	uint32_t status, command, operand;
};

struct bench {
	struct fake *f;
	struct octet_cpu *cpu;
	uint8_t *device[PLACES];	/* the fake host's memory */
	uint8_t *before[PLACES];
	uint8_t *host[PLACES];		/* the fallback's */
	struct octet_cmd cmds[RANDOP_CMDS];
	uint32_t count, sw;
	uint8_t *commands;
	unsigned long tally[DIFFERENT + 1];
	unsigned long by_status[256];
};

static void *memory_at(void *opaque, uint64_t va, uint64_t size, bool write)
{
	struct bench *b = opaque;

	for (unsigned int i = 0; i < PLACES; i++)
		if (va >= PLACE(i) && size <= PLACE_SIZE &&
		    va - PLACE(i) <= PLACE_SIZE - size && !(write && i == READ_ONLY))
			return b->host[i] + (va - PLACE(i));
	return NULL;
}

static uint32_t same_class(uint32_t status)
{
	return status == OCTET_STATUS_NON_CANONICAL ? OCTET_STATUS_UNMAPPED : status;
}

static struct result run_device(struct bench *b)
{
	struct octet_ring_entry *e = fake_push(b->f, 0, 1);
	struct octet_completion c;

	memcpy(b->commands, b->cmds, b->count * sizeof(b->cmds[0]));
	e->opcode = OCTET_RING_RUN;
	e->asid = 1;
	e->cmd_va = COMMANDS;
	e->cmd_count = b->count;
	e->lb = LB;
	e->sw = b->sw;
	fake_doorbell(b->f, 0);
	fake_run(b->f);
	if (!fake_pop(b->f, 0, &c)) {
		fputs("the job did not complete\n", stderr);
		abort();
	}
	if (!c.status)
		return (struct result) { 0 };
	fake_cwrite(b->f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
	return (struct result) {
		same_class(c.status), c.command, c.detail & OCTET_CQ_DETAIL_OPERAND
	};
}

static struct result run_cpu(struct bench *b, char *text, size_t size)
{
	struct octet_cpu_memory memory = { .opaque = b, .at = memory_at };
	struct octet_cpu_fault fault;
	int ret = octet_cpu_run(b->cpu, &memory, b->cmds, b->count, 1u << 20, b->sw, NULL,
				&fault);

	snprintf(text, size, "%s", fault.text);
	if (!ret)
		return (struct result) { 0 };
	if (ret != -EFAULT)
		fault.status = (uint32_t)-ret << 16;
	return (struct result) { fault.status, fault.command, fault.detail & 0xff };
}

/* Whether a command that passes the checks would take long. */
static bool heavy(const struct octet_cmd *cmd)
{
	uint64_t work = (uint64_t)cmd->r * cmd->s;
	struct cpu_shape shape;

	if (octet_cpu_weighted(cmd) && cmd->op != OCTET_OP_DEPTHWISE)
		work *= cmd->cin / cmd->groups;
	for (unsigned int i = 0; i < RANDOP_OPERANDS; i++) {
		if (octet_cpu_operand(cmd, i)->space == OCTET_SPACE_NONE)
			continue;
		octet_cpu_shape(cmd, i, &shape);
		if (shape.elements > WORK_MAX)
			return true;
		if (i == OCTET_OPERAND_DST && work * shape.elements > WORK_MAX * 16)
			return true;
	}
	return false;
}

/* All commands pass the device's checks and one is heavy. */
static bool too_long(const struct bench *b)
{
	struct octet_fault fault;
	bool any = false;

	if (octet_decode_job(b->cmds, b->count, b->sw, &fault))
		return false;
	for (uint32_t i = 0; i < b->count; i++)
		any = any || heavy(&b->cmds[i]);
	return any;
}

static const char *memory_differs(const struct bench *b)
{
	static char where[64];

	for (int i = 0; i < PLACES; i++) {
		if (!memcmp(b->device[i], b->host[i], PLACE_SIZE))
			continue;
		for (uint32_t k = 0; k < PLACE_SIZE; k++) {
			if (b->device[i][k] == b->host[i][k])
				continue;
			snprintf(where, sizeof(where), "byte %u of memory %d: %u, fallback %u", k,
				 i, b->device[i][k], b->host[i][k]);
			return where;
		}
	}
	return NULL;
}

static void restore(struct bench *b)
{
	for (int i = 0; i < PLACES; i++) {
		memcpy(b->device[i], b->before[i], PLACE_SIZE);
		memcpy(b->host[i], b->before[i], PLACE_SIZE);
	}
}

/* The checks of the device are passed: so must those of the fallback be. */
static enum verdict only_check(struct bench *b, enum verdict good, char *why, size_t size)
{
	struct octet_cpu_fault fault;

	for (uint32_t i = 0; i < b->count; i++) {
		if (!octet_cpu_check_one(b->cmds, b->count, i, b->sw, &fault))
			continue;
		snprintf(why, size, "device accepts, fallback 0x%x, command %u, operand %u (%s)",
			 fault.status, i, fault.detail, fault.text);
		return DIFFERENT;
	}
	return good;
}

static enum verdict compare(struct bench *b, char *why, size_t size)
{
	struct result device, cpu;
	const char *differs;
	char text[200];

	if (too_long(b))
		return only_check(b, NOT_RUN, why, size);
	device = run_device(b);
	if (device.status == OCTET_STATUS_NO_FIT)
		return only_check(b, NO_FIT, why, size);
	cpu = run_cpu(b, text, sizeof(text));
	b->by_status[device.status & 0xff]++;
	snprintf(why, size, "device 0x%x, command %u, operand %u; fallback 0x%x, %u, %u (%s)",
		 device.status, device.command, device.operand, cpu.status, cpu.command,
		 cpu.operand, text);
	if (memcmp(&device, &cpu, sizeof(cpu)))
		return DIFFERENT;
	differs = memory_differs(b);
	if (differs) {
		snprintf(why, size, "%s", differs);
		return DIFFERENT;
	}
	return device.status ? BOTH_REFUSED : BOTH_RAN;
}

/* Puts a job into memory: false if it is too large for that. */
static bool load(struct bench *b, const struct randop *op)
{
	uint64_t base[RANDOP_BLOCKS] = { 0 };

	if (op->blocks > READ_ONLY)
		return false;
	for (unsigned int i = 0; i < op->blocks; i++) {
		if (op->block[i].bytes > PLACE_SIZE)
			return false;
		memset(b->before[i], 0, PLACE_SIZE);
		memcpy(b->before[i], op->block[i].data, op->block[i].bytes);
		base[i] = PLACE(i);
	}
	randop_place(op, base, b->cmds);
	b->count = op->count;
	b->sw = op->sram;
	return true;
}

/* Memory that an operand or the table of an unplaced command is in; or NULL. */
static void *bytes_of(struct bench *b, uint64_t addr, bool present)
{
	return present ? b->before[randop_block(addr)] : NULL;
}

static void mutate_memory(struct bench *b, const struct octet_cmd *cmd, struct tool_random *r,
			  char *text, size_t size)
{
	void *prm = bytes_of(b, cmd->prm.addr, cmd->prm.space);
	void *chn = bytes_of(b, cmd->chn.addr, cmd->chn.space);
	void *table = bytes_of(b, cmd->table, cmd->table);

	if (prm && cmd->src.type == OCTET_TYPE_INT16)
		mutate_param16(prm, cmd->cout, r, text, size);
	else if (chn && tool_below(r, 2))
		mutate_channel(chn, cmd->cout, r, text, size);
	else if (prm)
		mutate_param(prm, cmd->cout, r, text, size);
	else if (table && cmd->op == OCTET_OP_RESIZE)
		mutate_tap(table, cmd->oh + cmd->ow, r, text, size);
	else if (table && cmd->op == OCTET_OP_SOFTMAX)
		mutate_entry(table, OCTET_SOFTMAX_ENTRIES, r, text, size);
}

static void mutate_once(struct bench *b, const struct randop *op, struct tool_random *r,
			char *text, size_t size)
{
	uint32_t i = tool_below(r, b->count);
	uint64_t places[2 * PLACES + 1] = { 0 };

	for (int k = 0; k < PLACES; k++) {
		places[2 * k] = PLACE(k);
		places[2 * k + 1] = PLACE(k) + PLACE_SIZE;
	}
	switch (tool_below(r, 12)) {
	case 0:
	case 1:
		mutate_memory(b, &op->cmd[i], r, text, size);
		break;
	case 2:
		mutate_address(&b->cmds[i], r, places, 2 * PLACES + 1, text, size);
		break;
	case 3:
		mutate_operand(&b->cmds[i], r, text, size);
		break;
	default:
		mutate_cmd(&b->cmds[i], r, text, size);
		break;
	}
}

/* One command, changed in many ways. Returns the number of mutations. */
static unsigned long round_of(struct bench *b, uint64_t seed, unsigned long first)
{
	struct tool_random r = { seed * 1000003u + first };
	struct randop op;
	char why[4000], what[400];

	if (randop_make(&op, &r, true)) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	for (unsigned int i = 0; i < PER_COMMAND; i++) {
		enum verdict v;
		size_t n = 0;
		int changes;

		if (!load(b, &op))
			break;
		what[0] = 0;
		/* The first time unchanged, then a change, sometimes two or three. */
		changes = i ? 1 + !tool_below(&r, 4) + !tool_below(&r, 8) : 0;
		for (int k = 0; k < changes; k++) {
			if (n)
				n += (size_t)snprintf(what + n, sizeof(what) - n, ", ");
			mutate_once(b, &op, &r, what + n, 120);
			n += strlen(what + n);
		}
		restore(b);
		v = compare(b, why, sizeof(why));
		if (v == DIFFERENT && b->tally[v] < FAILURES_SHOWN) {
			printf("FAIL seed %" PRIu64 ": command %lu, change %u: %s\n  %s\n", seed,
			       first, i, what, why);
			randop_describe(&op, why, sizeof(why));
			printf("  %s\n", why);
		}
		b->tally[v]++;
	}
	randop_free(&op);
	return PER_COMMAND;
}

static void set_up(struct bench *b)
{
	char err[200];

	memset(b, 0, sizeof(*b));
	b->f = fake_new("");
	fake_asid(b->f, 1);
	b->commands = fake_buffer(b->f, 1, COMMANDS, 8192);
	fake_enable(b->f, 0);
	for (unsigned int i = 0; i < PLACES; i++) {
		uint64_t pa = fake_alloc(b->f, PLACE_SIZE, 4096);

		fake_map(b->f, 1, PLACE(i), pa, PLACE_SIZE, i == READ_ONLY ? FAKE_RO : FAKE_RW);
		b->device[i] = fake_at(b->f, pa);
		b->host[i] = calloc(1, PLACE_SIZE);
		b->before[i] = calloc(1, PLACE_SIZE);
		if (!b->host[i] || !b->before[i])
			abort();
	}
	if (octet_cpu_new(&b->cpu, NULL, 0, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
}

static void tear_down(struct bench *b)
{
	for (int i = 0; i < PLACES; i++) {
		free(b->host[i]);
		free(b->before[i]);
	}
	octet_cpu_free(b->cpu);
	fake_free(b->f);
}

/* Whether the mutations reached every refusal of a command that there is. */
static unsigned int unreached(const struct bench *b)
{
	unsigned int missing = 0;

	for (unsigned int s = OCTET_STATUS_BAD_OP; s <= OCTET_STATUS_BAD_CHAIN; s++) {
		if (b->by_status[s] || s == OCTET_STATUS_NO_FIT)
			continue;
		printf("FAIL no mutation was refused with status 0x%x\n", s);
		missing++;
	}
	return missing;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : SEED;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : MUTATIONS;
	unsigned long failed = 0, passed;
	struct bench b;

	if (!mutate_covers()) {
		puts("FAIL the fields of a command are not those of mutate.c");
		failed++;
	}
	set_up(&b);
	for (unsigned long i = 0; i < count; )
		i += round_of(&b, seed, i);
	if (count >= MUTATIONS)
		failed += unreached(&b);
	failed += b.tally[DIFFERENT];
	passed = b.tally[BOTH_RAN] + b.tally[BOTH_REFUSED] + b.tally[NOT_RUN] + b.tally[NO_FIT];
	printf("seed %" PRIu64 ": %lu ran, %lu refused, %lu only checked, %lu do not fit, %lu differ\n",
	       seed, b.tally[BOTH_RAN], b.tally[BOTH_REFUSED], b.tally[NOT_RUN], b.tally[NO_FIT],
	       b.tally[DIFFERENT]);
	tear_down(&b);
	printf("%lu passed, %lu failed, 0 skipped\n", passed, failed);
	return failed ? 1 : 0;
}
