// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Dumps
 *
 * What there was to see when the hardware failed, as a device core dump: text, for
 * people. Only what no client can bring about by commands or addresses of its
 * own making leads to one.
 *
 * It is taken where fences wait: into memory that is there from the beginning, one
 * at a time, and never with a lock that allocates. A work makes the text of it.
 */
#include <linux/devcoredump.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/vmalloc.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/octet_isa.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_dump.h"
#include "octet_fault.h"
#include "octet_gem.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_vm.h"

#define OCTET_DUMP_GLOBAL	(OCTET_REG_TLB_STATUS / sizeof(u32) + 1)
#define OCTET_DUMP_CORE		(OCTET_CORE_FAULT_SEQ_HI / sizeof(u32) + 1)
#define OCTET_DUMP_ENTRIES	16
#define OCTET_DUMP_BEFORE	4	/* entries before the oldest job's */
#define OCTET_DUMP_CMDS		8
#define OCTET_DUMP_BOS		64
#define OCTET_DUMP_TEXT		SZ_64K

/**
 * struct octet_dump_bo - a buffer of the client
 *
 * @va: where it is mapped
 * @size: bytes
 * @readonly: the device may not write
 * @name: as given by the client
 */
struct octet_dump_bo {
	u64 va;
	u64 size;
	bool readonly;
	char name[DRM_OCTET_BO_NAME_MAX + 1];
};

/**
 * struct octet_dump - what was seen
 *
 * @work: makes the text
 * @odev: device
 * @taken: somebody fills it, or the work reads it
 * @time: wall clock
 * @reason: what happened
 * @core: where
 * @global: registers from 0 on
 * @regs: registers of the core from its 0 on
 * @first: sequence number of the first entry and completion
 * @tail: of the ring
 * @head: of the completion queue
 * @entries: around @head
 * @completions: around @head
 * @fault: what the device said, if it did
 * @has_job: the rest is of a job
 * @client: whose it is, until its memory has been read
 * @client_id: its number
 * @pid: process that submitted the job
 * @comm: its name
 * @queue: number
 * @seqno: of the job's fence
 * @seq: of its ring entry
 * @start: its first command that had not run when it was put on the ring
 * @args: the job
 * @num_cmds: commands that could be read
 * @first_cmd: index of the first of them
 * @cmds: the commands
 * @num_bos: entries of @bos
 * @all_bos: buffers that the client has mapped
 * @bos: some of them
 * @locked: the address space was in use: no commands, no buffers
 */
struct octet_dump {
	struct work_struct work;
	struct octet_device *odev;
	atomic_t taken;
	time64_t time;
	const char *reason;
	u32 core;
	u32 global[OCTET_DUMP_GLOBAL];
	u32 regs[OCTET_DUMP_CORE];
	u64 first;
	u64 tail;
	u64 head;
	struct octet_ring_entry entries[OCTET_DUMP_ENTRIES];
	struct octet_completion completions[OCTET_DUMP_ENTRIES];
	struct octet_fault fault;

	bool has_job;
	struct octet_client *client;
	u64 client_id;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u32 queue;
	u64 seqno;
	u64 seq;
	u32 start;
	struct drm_octet_job args;

	u32 num_cmds;
	u32 first_cmd;
	u8 cmds[OCTET_DUMP_CMDS][OCTET_CMD_SIZE];
	u32 num_bos;
	u32 all_bos;
	struct octet_dump_bo bos[OCTET_DUMP_BOS];
	bool locked;
};

static void octet_dump_registers(struct octet_dump *dump, struct octet_core *core)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(dump->global); i++)
		dump->global[i] = octet_read(core->odev, i * sizeof(u32));
	for (i = 0; i < ARRAY_SIZE(dump->regs); i++)
		dump->regs[i] = octet_core_read(core, i * sizeof(u32));
}

static void octet_dump_ring(struct octet_dump *dump, struct octet_core *core)
{
	const struct octet_ring *ring = &core->ring;
	u32 i, at;

	dump->head = ring->head;
	dump->tail = ring->tail;
	dump->first = ring->head - min_t(u64, ring->head, OCTET_DUMP_BEFORE);
	for (i = 0; i < OCTET_DUMP_ENTRIES; i++) {
		at = (dump->first + i) & (BIT(ring->order) - 1);
		dump->entries[i] = ring->entries[at];
		dump->completions[i] = ring->cq[at];
	}
}

static void octet_dump_job(struct octet_dump *dump, const struct octet_job *job)
{
	const struct octet_batch *batch = job->batch;

	dump->client = batch->client;
	kref_get(&dump->client->kref);
	dump->client_id = batch->client->id;
	dump->pid = batch->pid;
	memcpy(dump->comm, batch->comm, sizeof(dump->comm));
	dump->queue = batch->queue->id;
	dump->seqno = job->fence->seqno;
	dump->seq = job->seq;
	dump->start = job->first;
	dump->args = job->args;
}

/**
 * octet_dump_capture - take a dump, unless the last one is still in work
 * @core: core that failed, with its lock held; inside drm_dev_enter()
 * @job: job to blame, or NULL
 * @fault: what the device says about it, or NULL
 * @reason: what happened
 *
 * Return: whether it was taken. Then octet_dump_finish() is due when the lock
 * is not held any more, or octet_dump_defer().
 */
bool octet_dump_capture(struct octet_core *core, const struct octet_job *job,
			const struct octet_fault *fault, const char *reason)
{
	struct octet_dump *dump = core->odev->dump;

	lockdep_assert_held(&core->lock);

	if (atomic_cmpxchg_acquire(&dump->taken, 0, 1))
		return false;

	dump->time = ktime_get_real_seconds();
	dump->reason = reason;
	dump->core = core->index;
	dump->fault = fault ? *fault : (struct octet_fault){};
	dump->has_job = job;
	dump->client = NULL;
	dump->num_cmds = 0;
	dump->num_bos = 0;
	dump->all_bos = 0;
	dump->locked = false;
	octet_dump_registers(dump, core);
	octet_dump_ring(dump, core);
	if (job)
		octet_dump_job(dump, job);
	return true;
}

/* @size bytes at @offset of a buffer with pages of its own. */
static bool octet_dump_read(struct octet_bo *bo, u64 offset, u8 *to, u32 size)
{
	struct page **pages = bo->base.pages;
	u32 part, at = offset_in_page(offset);

	if (!pages || bo->base.base.import_attach ||
	    offset + size > bo->base.base.size)
		return false;
	for (; size; size -= part, to += part, offset += part, at = 0) {
		part = min_t(u32, size, PAGE_SIZE - at);
		memcpy_from_page(to, pages[offset >> PAGE_SHIFT], at, part);
	}
	return true;
}

static void octet_dump_commands(struct octet_dump *dump,
				const struct octet_mapping *mapping)
{
	const struct drm_octet_job *args = &dump->args;
	u64 va, offset;
	u32 i;

	for (i = dump->first_cmd; i < args->cmd_count &&
	     dump->num_cmds < OCTET_DUMP_CMDS; i++) {
		va = args->cmd_va + (u64)i * OCTET_CMD_SIZE;
		if (va < octet_mapping_va(mapping))
			return;
		offset = va - octet_mapping_va(mapping);
		if (!octet_dump_read(mapping->bo, offset,
				     dump->cmds[dump->num_cmds], OCTET_CMD_SIZE))
			return;
		dump->num_cmds++;
	}
}

static void octet_dump_bo(struct octet_dump *dump,
			  const struct octet_mapping *mapping)
{
	struct octet_dump_bo *bo;

	if (dump->num_bos == OCTET_DUMP_BOS)
		return;
	bo = &dump->bos[dump->num_bos++];
	bo->va = octet_mapping_va(mapping);
	bo->size = mapping->bo->base.base.size;
	bo->readonly = mapping->bo->readonly;
	octet_gem_name(mapping->bo, bo->name);
}

/* Whatever lies at @va, which a client may have made up. */
static void octet_dump_at(struct octet_dump *dump, struct octet_vm *vm, u64 va)
{
	struct octet_mapping *mapping;
	struct drm_mm_node *node;

	/* The iterator takes the end of the space for a node. */
	if (va < OCTET_VA_START || va >= OCTET_VA_END)
		return;
	drm_mm_for_each_node_in_range(node, &vm->mm, va, va + 1) {
		mapping = container_of(node, struct octet_mapping, node);
		octet_dump_commands(dump, mapping);
		octet_dump_bo(dump, mapping);
	}
}

static void octet_dump_memory(struct octet_dump *dump, struct octet_vm *vm)
{
	const struct drm_octet_job *args = &dump->args;
	struct octet_mapping *mapping;
	struct drm_mm_node *node;

	/* Who holds it may wait for the very job that hangs. */
	if (!mutex_trylock(&vm->lock)) {
		dump->locked = true;
		return;
	}
	dump->all_bos = vm->mappings;
	dump->first_cmd = max(dump->fault.command, 2U) - 2;
	octet_dump_at(dump, vm, args->cmd_va + (u64)dump->first_cmd * OCTET_CMD_SIZE);
	drm_mm_for_each_node(node, &vm->mm) {
		mapping = container_of(node, struct octet_mapping, node);
		if (dump->num_bos == OCTET_DUMP_BOS)
			break;
		octet_dump_bo(dump, mapping);
	}
	mutex_unlock(&vm->lock);
}

static void octet_dump_client(struct octet_dump *dump)
{
	if (!dump->client)
		return;
	octet_dump_memory(dump, dump->client->vm);
	octet_client_put(dump->client);
	dump->client = NULL;
}

/* From an interrupt: what the client has in memory is read later. */
void octet_dump_defer(struct octet_device *odev)
{
	queue_work(odev->vm_wq, &odev->dump->work);
}

/* In process context, before the job's fence is signalled. Sleeps for nothing. */
void octet_dump_finish(struct octet_device *odev)
{
	octet_dump_client(odev->dump);
	octet_dump_defer(odev);
}

static void octet_dump_print_words(struct seq_buf *s, const u32 *words, u32 count)
{
	u32 i;

	for (i = 0; i < count; i += 4)
		seq_buf_printf(s, "%#06zx: %08x %08x %08x %08x\n", i * sizeof(u32),
			       words[i], i + 1 < count ? words[i + 1] : 0,
			       i + 2 < count ? words[i + 2] : 0,
			       i + 3 < count ? words[i + 3] : 0);
}

static void octet_dump_print_job(struct seq_buf *s, const struct octet_dump *dump)
{
	const struct drm_octet_job *args = &dump->args;
	const struct octet_fault *fault = &dump->fault;

	seq_buf_printf(s, "process: %d %s\nclient: %llu\nqueue: %u\njob: %llu\n",
		       dump->pid, dump->comm, dump->client_id, dump->queue,
		       dump->seqno);
	seq_buf_printf(s, "sequence: %llu\ncommands: %u at %#llx, from %u on\n",
		       dump->seq, args->cmd_count, args->cmd_va, dump->start);
	seq_buf_printf(s, "sram: %u placed, %u line buffers\nbudget: %llu\nreport: %#llx\n",
		       args->sw, args->lb, args->budget, args->report_va);
	if (fault->status)
		seq_buf_printf(s, "fault: %s, command %u, operand %s, access %s, va %#llx\n",
			       octet_status_name(fault->status), fault->command,
			       octet_operand_name(fault->detail),
			       octet_access_name(fault->detail), fault->va);
}

static void octet_dump_print_ring(struct seq_buf *s, const struct octet_dump *dump)
{
	u32 i;

	seq_buf_printf(s, "\n[ring] head %llu tail %llu\n", dump->head, dump->tail);
	for (i = 0; i < OCTET_DUMP_ENTRIES; i++)
		seq_buf_printf(s, "%llu: %32phN %32phN\n", dump->first + i,
			       &dump->entries[i], (u8 *)&dump->entries[i] + 32);
	seq_buf_puts(s, "\n[completions]\n");
	for (i = 0; i < OCTET_DUMP_ENTRIES; i++)
		seq_buf_printf(s, "%llu: %32phN %32phN\n", dump->first + i,
			       &dump->completions[i],
			       (u8 *)&dump->completions[i] + 32);
}

static void octet_dump_print_memory(struct seq_buf *s, const struct octet_dump *dump)
{
	u32 i, k;

	seq_buf_puts(s, "\n[commands]\n");
	for (i = 0; i < dump->num_cmds; i++) {
		seq_buf_printf(s, "command %u:\n", dump->first_cmd + i);
		for (k = 0; k < OCTET_CMD_SIZE; k += 32)
			seq_buf_printf(s, "%#05x: %32phN\n", k, dump->cmds[i] + k);
	}
	seq_buf_printf(s, "\n[buffers] %u of %u\n", dump->num_bos, dump->all_bos);
	for (i = 0; i < dump->num_bos; i++)
		seq_buf_printf(s, "va %#llx size %llu %s name %s\n", dump->bos[i].va,
			       dump->bos[i].size,
			       dump->bos[i].readonly ? "ro" : "rw",
			       dump->bos[i].name[0] ? dump->bos[i].name : "-");
	if (dump->locked)
		seq_buf_puts(s, "the address space was in use\n");
}

static void octet_dump_print(struct seq_buf *s, const struct octet_dump *dump)
{
	seq_buf_printf(s, "octet dump 1\ndevice: %s\ntime: %lld\ncore: %u\nreason: %s\n",
		       dev_name(dump->odev->drm.dev), dump->time, dump->core,
		       dump->reason);
	if (dump->has_job)
		octet_dump_print_job(s, dump);
	seq_buf_puts(s, "\n[global registers]\n");
	octet_dump_print_words(s, dump->global, ARRAY_SIZE(dump->global));
	seq_buf_printf(s, "\n[core registers] %u\n", dump->core);
	octet_dump_print_words(s, dump->regs, ARRAY_SIZE(dump->regs));
	octet_dump_print_ring(s, dump);
	if (dump->has_job)
		octet_dump_print_memory(s, dump);
}

static void octet_dump_work(struct work_struct *work)
{
	struct octet_dump *dump = container_of(work, struct octet_dump, work);
	struct seq_buf s;
	char *text;

	octet_dump_client(dump);
	text = vmalloc(OCTET_DUMP_TEXT);
	if (text) {
		seq_buf_init(&s, text, OCTET_DUMP_TEXT);
		octet_dump_print(&s, dump);
		/* Frees it if there is one that nobody has read. */
		dev_coredumpv(dump->odev->drm.dev, text, seq_buf_used(&s),
			      GFP_KERNEL);
	}
	atomic_set_release(&dump->taken, 0);
}

int octet_dump_init(struct octet_device *odev)
{
	struct octet_dump *dump;

	dump = drmm_kzalloc(&odev->drm, sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;

	INIT_WORK(&dump->work, octet_dump_work);
	dump->odev = odev;
	odev->dump = dump;
	return 0;
}
