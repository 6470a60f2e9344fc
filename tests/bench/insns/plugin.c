// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A TCG plugin that counts the guest's instructions between events:
 *   M n	the guest ran "nopl 0x4f4300nn(%rax)": a program's mark
 *   W a	a module wrote to a device at physical address a: a doorbell
 *   S n	the guest's kernel entered symbol n of the list
 * With one processor and -icount each run gives the same numbers. Events are kept
 * between the marks 254 and 255 and written at exit, one a line, with the
 * count of instructions before each.
 *
 * arguments: out=FILE,sym=ADDRESS,sym=ADDRESS,...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

#define MARK		0x4f430000u
#define MARK_ON		254
#define MARK_OFF	255
#define MODULES		0xffffffffa0000000ull	/* where modules are, without KASLR */
#define MAX_EVENTS	(1u << 20)
#define MAX_SYMBOLS	64

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

struct event {
	uint64_t count, arg;
	char kind;
};

static struct {
	qemu_plugin_u64 count;
	struct event *events;
	size_t n;
	bool on;
	char *out;
	uint64_t symbol[MAX_SYMBOLS];
	unsigned int symbols;
} p;

static void event(char kind, uint64_t arg)
{
	if (!p.on || p.n == MAX_EVENTS)
		return;
	p.events[p.n++] = (struct event){ qemu_plugin_u64_sum(p.count), arg, kind };
}

static void on_mark(unsigned int cpu, void *data)
{
	uintptr_t id = (uintptr_t)data;

	(void)cpu;
	if (id == MARK_ON)
		p.on = true;
	else if (id == MARK_OFF)
		p.on = false;
	else
		event('M', id);
}

static void on_symbol(unsigned int cpu, void *data)
{
	(void)cpu;
	event('S', (uintptr_t)data);
}

static void on_store(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t va, void *data)
{
	struct qemu_plugin_hwaddr *hw;

	(void)cpu;
	(void)data;
	if (!p.on)
		return;
	hw = qemu_plugin_get_hwaddr(info, va);
	if (hw && qemu_plugin_hwaddr_is_io(hw))
		event('W', qemu_plugin_hwaddr_phys_addr(hw));
}

/* Return: the number of a mark, or -1. */
static int mark_of(const struct qemu_plugin_insn *insn)
{
	unsigned char b[7];
	uint32_t disp;

	if (qemu_plugin_insn_size(insn) != sizeof(b) ||
	    qemu_plugin_insn_data(insn, b, sizeof(b)) != sizeof(b) ||
	    b[0] != 0x0f || b[1] != 0x1f || b[2] != 0x80)
		return -1;
	memcpy(&disp, b + 3, sizeof(disp));
	return (disp & ~0xffu) == MARK ? (int)(disp & 0xff) : -1;
}

static void instrument(struct qemu_plugin_insn *insn)
{
	uint64_t va = qemu_plugin_insn_vaddr(insn);
	int mark;

	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							    p.count, 1);
	if (va < (1ull << 47)) {
		mark = mark_of(insn);
		if (mark >= 0)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
							       QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)mark);
		return;
	}
	if (va >= MODULES)
		qemu_plugin_register_vcpu_mem_cb(insn, on_store, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_W, NULL);
	for (unsigned int i = 0; i < p.symbols; i++)
		if (p.symbol[i] == va)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_symbol,
							       QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)i);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		instrument(qemu_plugin_tb_get_insn(tb, i));
}

static void write_events(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(p.out, "w");

	(void)id;
	(void)data;
	if (!f) {
		fprintf(stderr, "insns: cannot write %s\n", p.out);
		return;
	}
	for (size_t i = 0; i < p.n; i++)
		fprintf(f, "%" PRIu64 " %c %" PRIu64 "\n", p.events[i].count, p.events[i].kind,
			p.events[i].arg);
	fclose(f);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			p.out = strdup(argv[i] + 4);
		else if (!strncmp(argv[i], "sym=", 4) && p.symbols < MAX_SYMBOLS)
			p.symbol[p.symbols++] = strtoull(argv[i] + 4, NULL, 16);
	}
	if (!p.out) {
		fprintf(stderr, "insns: out=FILE is missing\n");
		return -1;
	}
	p.events = calloc(MAX_EVENTS, sizeof(*p.events));
	p.count = qemu_plugin_scoreboard_u64(qemu_plugin_scoreboard_new(sizeof(uint64_t)));
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, write_events, NULL);
	return p.events ? 0 : -1;
}
