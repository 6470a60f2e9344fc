// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: debugfs
 *
 * For people, below accel/DEVICE: gem, vms, queues, counters, rings, registers.
 * The files go when the device is unplugged; those that read registers say so
 * when it sleeps instead of waking it. Documentation/debugging.rst shows them.
 */
#include <linux/bitfield.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "octet_compat.h"
#include "octet_debugfs.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_fault.h"
#include "octet_gem.h"
#include "octet_job.h"
#include "octet_pm.h"
#include "octet_queue.h"
#include "octet_vm.h"

static struct octet_device *octet_debugfs_device(struct seq_file *m)
{
	struct drm_debugfs_entry *entry = m->private;

	return to_octet_device(entry->dev);
}

/* buffers */

static void octet_debugfs_bo(struct seq_file *m, struct octet_bo *bo)
{
	struct drm_gem_object *obj = &bo->base.base;
	char name[DRM_OCTET_BO_NAME_MAX + 1];
	struct octet_mapping *mapping;

	octet_gem_name(bo, name);
	seq_printf(m, "%10zu %4u %4u %-8s %-8s %6d %-15s ", obj->size,
		   READ_ONCE(obj->handle_count), kref_read(&obj->refcount),
		   bo->readonly ? "readonly" : "-",
		   drm_gem_is_imported(obj) ? "imported" :
		   READ_ONCE(obj->dma_buf) ? "exported" : "-",
		   bo->creator, bo->comm);

	mutex_lock(&bo->lock);
	list_for_each_entry(mapping, &bo->mappings, bo_link)
		seq_printf(m, "%u:%#llx ", mapping->vm->asid,
			   octet_mapping_va(mapping));
	mutex_unlock(&bo->lock);
	seq_printf(m, "\"%s\"\n", name);
}

static int octet_debugfs_gem(struct seq_file *m, void *data)
{
	struct octet_device *odev = octet_debugfs_device(m);
	size_t count = 0, bytes = 0;
	struct octet_bo *bo;

	seq_printf(m, "%10s %4s %4s %-8s %-8s %6s %-15s %s\n", "bytes", "hdl",
		   "refs", "access", "shared", "pid", "process",
		   "asid:address... \"name\"");
	/* One on the list may have no reference left, but is not freed yet. */
	mutex_lock(&odev->bos_lock);
	list_for_each_entry(bo, &odev->bos, node) {
		octet_debugfs_bo(m, bo);
		count++;
		bytes += bo->base.base.size;
	}
	mutex_unlock(&odev->bos_lock);
	seq_printf(m, "%zu buffers, %zu bytes\n", count, bytes);
	return 0;
}

/* address spaces */

static void octet_debugfs_process(struct seq_file *m, struct drm_file *file)
{
	struct octet_client *client = file->driver_priv;
	struct task_struct *task;
	struct pid *pid;

	rcu_read_lock();
	pid = rcu_dereference(file->pid);
	task = pid_task(pid, PIDTYPE_TGID);
	seq_printf(m, "client %llu asid %u pid %d %s", client->id,
		   octet_client_asid(client), pid_nr(pid),
		   task ? task->comm : "-");
	rcu_read_unlock();
}

static void octet_debugfs_mappings(struct seq_file *m, struct octet_vm *vm)
{
	char name[DRM_OCTET_BO_NAME_MAX + 1];
	struct octet_mapping *mapping;
	struct drm_mm_node *node;

	mutex_lock(&vm->lock);
	seq_printf(m, ": %u mappings, %llu bytes, %u tables%s\n", vm->mappings,
		   vm->bytes, vm->pt.tables, vm->banned ? ", banned" : "");
	drm_mm_for_each_node(node, &vm->mm) {
		mapping = container_of(node, struct octet_mapping, node);
		octet_gem_name(mapping->bo, name);
		seq_printf(m, "  %#llx..%#llx %s \"%s\"\n", node->start,
			   node->start + node->size,
			   mapping->bo->readonly ? "r-" : "rw", name);
	}
	mutex_unlock(&vm->lock);
}

static int octet_debugfs_vms(struct seq_file *m, void *data)
{
	struct octet_device *odev = octet_debugfs_device(m);
	struct octet_client *client;
	struct drm_file *file;

	mutex_lock(&odev->drm.filelist_mutex);
	list_for_each_entry(file, &odev->drm.filelist, lhead) {
		client = file->driver_priv;
		octet_debugfs_process(m, file);
		octet_debugfs_mappings(m, client->vm);
	}
	mutex_unlock(&odev->drm.filelist_mutex);
	return 0;
}

/* queues */

static const char *octet_debugfs_priority(const struct octet_queue *queue)
{
	switch (queue->entity.priority) {
	case DRM_SCHED_PRIORITY_HIGH:
		return "high";
	case DRM_SCHED_PRIORITY_NORMAL:
		return "normal";
	default:
		return "low";
	}
}

static void octet_debugfs_queue(struct seq_file *m, struct octet_queue *queue)
{
	struct octet_fault fault;
	bool banned;

	spin_lock_irq(&queue->info_lock);
	banned = queue->banned;
	fault = queue->fault;
	spin_unlock_irq(&queue->info_lock);

	seq_printf(m, "  queue %u %s core %u: submitted %llu, completed %lld",
		   queue->id, octet_debugfs_priority(queue),
		   READ_ONCE(queue->core), READ_ONCE(queue->seqno),
		   atomic64_read(&queue->completed));
	seq_printf(m, ", waiting batches %u, resets %lld",
		   spsc_queue_count(&queue->entity.job_queue),
		   atomic64_read(&queue->resets));
	if (banned && fault.status)
		seq_printf(m, ", banned: %s, command %u, operand %s, access %s, va %#llx",
			   octet_status_name(fault.status), fault.command,
			   octet_operand_name(fault.detail),
			   octet_access_name(fault.detail), fault.va);
	else if (banned)
		seq_printf(m, ", banned: error %d", fault.error);
	seq_putc(m, '\n');
}

static int octet_debugfs_queues(struct seq_file *m, void *data)
{
	struct octet_device *odev = octet_debugfs_device(m);
	struct octet_client *client;
	struct octet_queue *queue;
	struct drm_file *file;
	unsigned long id;

	mutex_lock(&odev->drm.filelist_mutex);
	list_for_each_entry(file, &odev->drm.filelist, lhead) {
		client = file->driver_priv;
		octet_debugfs_process(m, file);
		seq_printf(m, ": %d jobs not finished\n",
			   atomic_read(&client->queued));
		xa_for_each(&client->queues, id, queue) {
			queue = octet_queue_get(client, id);
			if (!queue)
				continue;
			octet_debugfs_queue(m, queue);
			octet_queue_put(queue);
		}
	}
	mutex_unlock(&odev->drm.filelist_mutex);
	return 0;
}

/* cores */

/**
 * struct octet_debugfs_counter - a line of the table
 *
 * @name: of the field
 * @offset: where it is
 */
struct octet_debugfs_counter {
	const char *name;
	size_t offset;
};

#define OCTET_COUNTER_FIELD(name) \
	{ #name, offsetof(struct drm_octet_core_counters, name) }

static const struct octet_debugfs_counter octet_debugfs_fields[] = {
	OCTET_COUNTER_FIELD(cycles),
	OCTET_COUNTER_FIELD(compute),
	OCTET_COUNTER_FIELD(dma_stall),
	OCTET_COUNTER_FIELD(output_stall),
	OCTET_COUNTER_FIELD(overhead),
	OCTET_COUNTER_FIELD(macs),
	OCTET_COUNTER_FIELD(dram_read),
	OCTET_COUNTER_FIELD(dram_write),
	OCTET_COUNTER_FIELD(sram),
	OCTET_COUNTER_FIELD(jobs),
	OCTET_COUNTER_FIELD(commands),
	OCTET_COUNTER_FIELD(entries),
	OCTET_COUNTER_FIELD(doorbells),
	OCTET_COUNTER_FIELD(irqs),
	OCTET_COUNTER_FIELD(errors),
	OCTET_COUNTER_FIELD(tlb_misses),
	OCTET_COUNTER_FIELD(doorbell_cycles),
	OCTET_COUNTER_FIELD(fetch_cycles),
	OCTET_COUNTER_FIELD(irq_cycles),
	OCTET_COUNTER_FIELD(core_resets),
};

static_assert(ARRAY_SIZE(octet_debugfs_fields) == OCTET_COUNTERS);

#undef OCTET_COUNTER_FIELD
#define OCTET_STATS_FIELD(name) \
	{ #name, offsetof(struct octet_core_stats, name) }

static const struct octet_debugfs_counter octet_debugfs_stats[] = {
	OCTET_STATS_FIELD(submitted),
	OCTET_STATS_FIELD(completed),
	OCTET_STATS_FIELD(failed),
	OCTET_STATS_FIELD(faults),
	OCTET_STATS_FIELD(interrupts),
	OCTET_STATS_FIELD(timeouts),
	OCTET_STATS_FIELD(resets),
	OCTET_STATS_FIELD(busy_ns),
};

#undef OCTET_STATS_FIELD

static int octet_debugfs_counters(struct seq_file *m, void *data)
{
	struct octet_device *odev = octet_debugfs_device(m);
	struct drm_octet_core_counters counters;
	struct octet_core_stats stats;
	bool awake;
	u32 i, k;
	int idx;

	seq_printf(m, "device_resets: %llu\n", READ_ONCE(odev->resets));
	for (i = 0; i < odev->caps.cores; i++) {
		octet_core_stats(&odev->cores[i], &stats);
		for (k = 0; k < ARRAY_SIZE(octet_debugfs_stats); k++)
			seq_printf(m, "core%u.driver.%s: %llu\n", i,
				   octet_debugfs_stats[k].name,
				   *(u64 *)((char *)&stats +
					    octet_debugfs_stats[k].offset));
	}
	if (!drm_dev_enter(&odev->drm, &idx))
		return 0;
	/* Of a device that sleeps all are saved. */
	awake = octet_pm_enter(odev);
	for (i = 0; i < odev->caps.cores; i++) {
		octet_core_counters(&odev->cores[i], &counters);
		for (k = 0; k < ARRAY_SIZE(octet_debugfs_fields); k++)
			seq_printf(m, "core%u.device.%s: %llu\n", i,
				   octet_debugfs_fields[k].name,
				   *(u64 *)((char *)&counters +
					    octet_debugfs_fields[k].offset));
	}
	if (awake)
		octet_pm_exit(odev);
	drm_dev_exit(idx);
	return 0;
}

/**
 * struct octet_ring_copy - a core's ring at one moment
 *
 * @head: completions taken
 * @tail: entries put
 * @entries: ring
 * @cq: completion queue
 */
struct octet_ring_copy {
	u64 head;
	u64 tail;
	struct octet_ring_entry entries[OCTET_RING_ENTRIES];
	struct octet_completion cq[OCTET_RING_ENTRIES];
};

static void octet_debugfs_copy_ring(struct octet_core *core,
				    struct octet_ring_copy *copy)
{
	spin_lock_irq(&core->lock);
	copy->head = core->ring.head;
	copy->tail = core->ring.tail;
	memcpy(copy->entries, core->ring.entries, sizeof(copy->entries));
	memcpy(copy->cq, core->ring.cq, sizeof(copy->cq));
	spin_unlock_irq(&core->lock);
}

static void octet_debugfs_entry(struct seq_file *m,
				const struct octet_ring_entry *entry)
{
	seq_printf(m, "  entry %llu: %s%s asid %u queue %u cmd_va %#llx cmd_count %u first %u",
		   le64_to_cpu(entry->seq),
		   entry->opcode == OCTET_RING_RUN ? "RUN" : "NOP",
		   entry->flags & OCTET_RING_F_IRQ ? " IRQ" : "",
		   le16_to_cpu(entry->asid), le32_to_cpu(entry->queue),
		   le64_to_cpu(entry->cmd_va), le32_to_cpu(entry->cmd_count),
		   le32_to_cpu(entry->first));
	seq_printf(m, " sw %u lb %u budget %llu report_va %#llx\n",
		   le32_to_cpu(entry->sw), le32_to_cpu(entry->lb),
		   le64_to_cpu(entry->budget), le64_to_cpu(entry->report_va));
}

static void octet_debugfs_completion(struct seq_file *m,
				     const struct octet_completion *c)
{
	u32 detail = le32_to_cpu(c->detail), status = le16_to_cpu(c->status);

	seq_printf(m, "  completion %llu: %s, command %u, asid %u, cycles %llu",
		   le64_to_cpu(c->seq), octet_status_name(status),
		   le32_to_cpu(c->command), le32_to_cpu(c->asid),
		   le64_to_cpu(c->cycles));
	if (status)
		seq_printf(m, ", operand %s, access %s, va %#llx",
			   octet_operand_name(detail), octet_access_name(detail),
			   le64_to_cpu(c->fault_va));
	seq_putc(m, '\n');
}

/* What is in flight, and the newest completions, as many as fit on a screen. */
#define OCTET_DEBUGFS_COMPLETIONS	16

static int octet_debugfs_rings(struct seq_file *m, void *data)
{
	struct octet_device *odev = octet_debugfs_device(m);
	struct octet_ring_copy *copy;
	u64 seq;
	u32 i;

	copy = kvzalloc_obj(*copy);
	if (!copy)
		return -ENOMEM;

	for (i = 0; i < odev->caps.cores; i++) {
		octet_debugfs_copy_ring(&odev->cores[i], copy);
		seq_printf(m, "core %u: ring of %lu, %llu put, %llu completed, %d jobs given to it\n",
			   i, OCTET_RING_ENTRIES, copy->tail, copy->head,
			   atomic_read(&odev->cores[i].load));
		seq = copy->head - min(copy->head, OCTET_DEBUGFS_COMPLETIONS);
		for (; seq < copy->head; seq++)
			octet_debugfs_completion(m, &copy->cq[seq % OCTET_RING_ENTRIES]);
		for (; seq < copy->tail; seq++)
			octet_debugfs_entry(m, &copy->entries[seq % OCTET_RING_ENTRIES]);
	}
	kvfree(copy);
	return 0;
}

/**
 * struct octet_debugfs_reg - a register
 *
 * @name: as in octet_regs.h
 * @reg: offset
 */
struct octet_debugfs_reg {
	const char *name;
	u32 reg;
};

#define OCTET_GLOBAL(name) { #name, OCTET_REG_##name }
#define OCTET_LOCAL(name) { #name, OCTET_CORE_##name }

static const struct octet_debugfs_reg octet_debugfs_global[] = {
	OCTET_GLOBAL(ID), OCTET_GLOBAL(VERSION), OCTET_GLOBAL(CORES),
	OCTET_GLOBAL(ARRAY), OCTET_GLOBAL(SRAM_SIZE), OCTET_GLOBAL(CLOCK_KHZ),
	OCTET_GLOBAL(DRAM_BPC), OCTET_GLOBAL(ADDR_BITS), OCTET_GLOBAL(OPS),
	OCTET_GLOBAL(STAGES), OCTET_GLOBAL(TYPES), OCTET_GLOBAL(FEATURES),
	OCTET_GLOBAL(LIMITS), OCTET_GLOBAL(MAX_CMDS), OCTET_GLOBAL(TLB_ENTRIES),
	OCTET_GLOBAL(VECTORS), OCTET_GLOBAL(CTRL), OCTET_GLOBAL(STATUS),
	OCTET_GLOBAL(IRQ_STATUS), OCTET_GLOBAL(RESETS),
	OCTET_GLOBAL(ASID_TABLE_LO), OCTET_GLOBAL(ASID_TABLE_HI),
	OCTET_GLOBAL(ASID_COUNT), OCTET_GLOBAL(TLB_STATUS),
};

static const struct octet_debugfs_reg octet_debugfs_local[] = {
	OCTET_LOCAL(CTRL), OCTET_LOCAL(STATUS), OCTET_LOCAL(RING_LO),
	OCTET_LOCAL(RING_HI), OCTET_LOCAL(RING_ORDER), OCTET_LOCAL(RING_TAIL),
	OCTET_LOCAL(RING_HEAD), OCTET_LOCAL(CQ_LO), OCTET_LOCAL(CQ_HI),
	OCTET_LOCAL(CQ_ORDER), OCTET_LOCAL(CQ_HEAD), OCTET_LOCAL(CQ_TAIL),
	OCTET_LOCAL(IRQ_STATUS), OCTET_LOCAL(IRQ_ENABLE),
	OCTET_LOCAL(IRQ_DELAY_US), OCTET_LOCAL(VECTOR), OCTET_LOCAL(PROGRESS),
	OCTET_LOCAL(SEQ_LO), OCTET_LOCAL(SEQ_HI), OCTET_LOCAL(STOP_CMD),
	OCTET_LOCAL(FAULT_STATUS), OCTET_LOCAL(FAULT_ASID),
	OCTET_LOCAL(FAULT_VA_LO), OCTET_LOCAL(FAULT_VA_HI),
	OCTET_LOCAL(FAULT_CMD), OCTET_LOCAL(FAULT_DETAIL),
	OCTET_LOCAL(FAULT_SEQ_LO), OCTET_LOCAL(FAULT_SEQ_HI),
};

static void octet_debugfs_read_regs(struct seq_file *m, struct octet_device *odev)
{
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(octet_debugfs_global); k++)
		seq_printf(m, "%s: %#010x\n", octet_debugfs_global[k].name,
			   octet_read(odev, octet_debugfs_global[k].reg));
	for (i = 0; i < odev->caps.cores; i++)
		for (k = 0; k < ARRAY_SIZE(octet_debugfs_local); k++)
			seq_printf(m, "core%u.%s: %#010x\n", i,
				   octet_debugfs_local[k].name,
				   octet_read(odev, OCTET_CORE(i) +
					      octet_debugfs_local[k].reg));
}

static int octet_debugfs_regs(struct seq_file *m, void *data)
{
	struct octet_device *odev = octet_debugfs_device(m);
	int idx;

	if (!drm_dev_enter(&odev->drm, &idx))
		return 0;
	if (READ_ONCE(odev->lost)) {
		seq_puts(m, "the device is lost\n");
	} else if (octet_pm_enter(odev)) {
		octet_debugfs_read_regs(m, odev);
		octet_pm_exit(odev);
	} else {
		seq_puts(m, "the device sleeps\n");
	}
	drm_dev_exit(idx);
	return 0;
}

static const struct drm_debugfs_info octet_debugfs_files[] = {
	{ "gem", octet_debugfs_gem },
	{ "vms", octet_debugfs_vms },
	{ "queues", octet_debugfs_queues },
	{ "counters", octet_debugfs_counters },
	{ "rings", octet_debugfs_rings },
	{ "registers", octet_debugfs_regs },
};

/* Before the device is registered: not every kernel calls accel drivers later. */
void octet_debugfs_init(struct octet_device *odev)
{
	drm_debugfs_add_files(&odev->drm, octet_debugfs_files,
			      ARRAY_SIZE(octet_debugfs_files));
}
