/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Octet accel driver: ioctls of /dev/accel/accelN.
 */
#ifndef _UAPI_DRM_OCTET_ACCEL_H_
#define _UAPI_DRM_OCTET_ACCEL_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: Rules
 *
 * - Every open file is a client: it has its own device address space, its own
 *   buffer handles and queues, and reaches nothing of another's.
 * - Fields marked [in] are read, [out] written, [in/out] both. Padding and
 *   fields not used must be zero, unknown flags are refused, with -EINVAL.
 * - Arrays carry the size of their element (stride); a longer element than
 *   the kernel knows is accepted if the rest is zero (-E2BIG otherwise), a
 *   shorter one than version 1.0 had is refused with -EINVAL.
 * - Times are absolute, CLOCK_MONOTONIC, in nanoseconds.
 * - Any call may return -EFAULT for a bad pointer, -ENOMEM, -EINTR or
 *   -ERESTARTSYS (restart it), -ENODEV when the device is gone, -EIO when it is
 *   beyond recovery.
 * - open() may fail with -ENOSPC: the address spaces of the device are all in
 *   use, of which there is one for each open file; and with -EIO, as above.
 * - Whatever maps a buffer, and DRM_OCTET_SUBMIT, return -EIO to a client for good
 *   when the device did not let go of one of its buffers: open the device again.
 *
 * Fences of jobs signal with error 0 or: -EFAULT (the device refused or
 * faulted the job; ask DRM_OCTET_QUEUE_QUERY), -ETIME (over its budget or its
 * time), -ECANCELED (an earlier job of the same queue failed, or the queue was
 * destroyed), -ENODEV (device gone).
 *
 * Versions: 1.0 first; 1.1 DRM_OCTET_BO_SET_NAME.
 */
#define DRM_OCTET_MAJOR 1
#define DRM_OCTET_MINOR 1

#define DRM_OCTET_DEV_QUERY		0x00
#define DRM_OCTET_BO_CREATE		0x01
#define DRM_OCTET_BO_INFO		0x02
#define DRM_OCTET_BO_WAIT		0x03
#define DRM_OCTET_QUEUE_CREATE		0x04
#define DRM_OCTET_QUEUE_DESTROY		0x05
#define DRM_OCTET_QUEUE_QUERY		0x06
#define DRM_OCTET_SUBMIT		0x07
#define DRM_OCTET_BO_SET_NAME		0x08

/**
 * struct drm_octet_array - an array in user memory
 *
 * @ptr: [in] address
 * @count: [in] elements
 * @stride: [in] bytes from one element to the next
 */
struct drm_octet_array {
	__u64 ptr;
	__u32 count;
	__u32 stride;
};

/** enum drm_octet_query - what DRM_OCTET_DEV_QUERY returns */
enum drm_octet_query {
	DRM_OCTET_QUERY_DEVICE = 0,	/* struct drm_octet_device_info */
	DRM_OCTET_QUERY_CORE = 1,	/* struct drm_octet_core_counters of core @index */
	DRM_OCTET_QUERY_CLIENT = 2,	/* struct drm_octet_client_info */
};

/**
 * struct drm_octet_dev_query - DRM_OCTET_DEV_QUERY
 *
 * With @size 0 only @size is written. Otherwise min(@size, what the kernel
 * knows) bytes are copied and the rest of the buffer is zeroed.
 *
 * -EINVAL: unknown @query, @index not 0 where it has no meaning
 * -ENOENT: no core @index
 *
 * @query: [in] enum drm_octet_query
 * @index: [in] core number
 * @size: [in/out] bytes of the buffer / of the struct in this kernel
 * @pad: MBZ
 * @ptr: [in] buffer
 */
struct drm_octet_dev_query {
	__u32 query;
	__u32 index;
	__u32 size;
	__u32 pad;
	__u64 ptr;
};

/**
 * struct drm_octet_device_info - the device, from its capability registers
 *
 * @version: major in bits 31..16, minor in 15..0
 * @cores: cores
 * @array_p: pixels of the array
 * @array_k: output channels of the array
 * @array_c: width of a dot product
 * @sram_size: bytes per core
 * @clock_khz: clock
 * @dram_bpc: DRAM bytes per cycle
 * @va_bits: width of a device virtual address
 * @ops: BIT(enum octet_op)
 * @stages: BIT(enum octet_stage)
 * @types: BIT(enum octet_type)
 * @features: OCTET_FEATURE_*
 * @max_cmds: commands per job
 * @operand_order: log2 of an operand's largest size in bytes
 * @dim_order: log2 of the largest extent
 * @tlb_entries: per core
 * @ring_entries: entries in a core's ring
 * @max_jobs: jobs per DRM_OCTET_SUBMIT
 * @max_bos: entries of a submit's BO list
 * @job_timeout_ms: longest time a job may take from its start on the hardware
 * @pad: 0
 * @va_start: first address that the kernel hands out
 * @va_end: end of the address space
 */
struct drm_octet_device_info {
	__u32 version;
	__u32 cores;
	__u32 array_p;
	__u32 array_k;
	__u32 array_c;
	__u32 sram_size;
	__u32 clock_khz;
	__u32 dram_bpc;
	__u32 va_bits;
	__u32 ops;
	__u32 stages;
	__u32 types;
	__u32 features;
	__u32 max_cmds;
	__u32 operand_order;
	__u32 dim_order;
	__u32 tlb_entries;
	__u32 ring_entries;
	__u32 max_jobs;
	__u32 max_bos;
	__u32 job_timeout_ms;
	__u32 pad;
	__u64 va_start;
	__u64 va_end;
};

/**
 * struct drm_octet_core_counters - counters of one core
 *
 * All are sums since probe: the driver carries the device's own, those up to
 * @core_resets, over device resets and power states.
 *
 * @cycles: sum of job cycles
 * @compute: of these, array cycles
 * @dma_stall: waiting for memory
 * @output_stall: waiting for the output stage or the SRAM
 * @overhead: decode
 * @macs: useful multiply-accumulates
 * @dram_read: bytes
 * @dram_write: bytes
 * @sram: bytes
 * @jobs: ring entries run without error
 * @commands: commands completed
 * @entries: ring entries fetched
 * @doorbells: doorbell writes
 * @irqs: interrupt messages sent
 * @errors: error completions
 * @tlb_misses: translations walked
 * @doorbell_cycles: cost of doorbells, outside @cycles
 * @fetch_cycles: cost of fetching, outside @cycles
 * @irq_cycles: cost of interrupts, outside @cycles
 * @core_resets: resets of this core, by the device
 * @submitted: jobs put on the ring by the driver
 * @completed: fences signalled without error
 * @failed: fences signalled with an error
 * @interrupts: interrupts handled
 * @timeouts: jobs ended for taking too long
 * @device_resets: resets of the whole device since probe
 */
struct drm_octet_core_counters {
	__u64 cycles;
	__u64 compute;
	__u64 dma_stall;
	__u64 output_stall;
	__u64 overhead;
	__u64 macs;
	__u64 dram_read;
	__u64 dram_write;
	__u64 sram;
	__u64 jobs;
	__u64 commands;
	__u64 entries;
	__u64 doorbells;
	__u64 irqs;
	__u64 errors;
	__u64 tlb_misses;
	__u64 doorbell_cycles;
	__u64 fetch_cycles;
	__u64 irq_cycles;
	__u64 core_resets;
	__u64 submitted;
	__u64 completed;
	__u64 failed;
	__u64 interrupts;
	__u64 timeouts;
	__u64 device_resets;
};

/**
 * struct drm_octet_client_info - what this file holds
 *
 * @bo_bytes: buffer objects mapped
 * @table_bytes: page tables
 * @bos: number of mappings
 * @queues: number of queues
 * @asid: address-space number
 * @pad: MBZ
 */
struct drm_octet_client_info {
	__u64 bo_bytes;
	__u64 table_bytes;
	__u32 bos;
	__u32 queues;
	__u32 asid;
	__u32 pad;
};

/* Buffer objects */

#define DRM_OCTET_BO_READONLY	(1 << 0)	/* the device may not write: weights, commands */

/**
 * struct drm_octet_bo_create - DRM_OCTET_BO_CREATE
 *
 * Zeroed memory, mapped into the client's address space at once. Freed with
 * DRM_IOCTL_GEM_CLOSE; a job whose BO list has it keeps it mapped.
 *
 * -EINVAL: size 0, unknown flags; -ENOSPC: no room in the address space, or
 * over the client's cap on bytes, mappings or page tables. Bytes count until the
 * buffer is freed: one that was exported may live without a handle.
 *
 * @size: [in/out] bytes, rounded up to pages
 * @flags: [in] DRM_OCTET_BO_*
 * @vm_id: MBZ
 * @handle: [out]
 * @pad: MBZ
 * @va: [out] device address
 * @mmap_offset: [out] for mmap() on the file
 */
struct drm_octet_bo_create {
	__u64 size;
	__u32 flags;
	__u32 vm_id;
	__u32 handle;
	__u32 pad;
	__u64 va;
	__u64 mmap_offset;
};

/**
 * struct drm_octet_bo_info - DRM_OCTET_BO_INFO, imported buffers too
 *
 * -ENOENT: no such handle
 *
 * @handle: [in]
 * @flags: [out] DRM_OCTET_BO_*
 * @size: [out]
 * @va: [out]
 * @mmap_offset: [out]
 */
struct drm_octet_bo_info {
	__u32 handle;
	__u32 flags;
	__u64 size;
	__u64 va;
	__u64 mmap_offset;
};

/**
 * struct drm_octet_bo_wait - DRM_OCTET_BO_WAIT
 *
 * Until no job that lists the buffer is pending (@flags 0) or none that writes
 * it (DRM_OCTET_BO_WAIT_WRITERS).
 *
 * -ENOENT: no such handle; -ETIMEDOUT: @timeout_ns passed, at once for 0
 *
 * @handle: [in]
 * @flags: [in]
 * @timeout_ns: [in] absolute
 */
struct drm_octet_bo_wait {
	__u32 handle;
	__u32 flags;
	__s64 timeout_ns;
};

#define DRM_OCTET_BO_WAIT_WRITERS	(1 << 0)

#define DRM_OCTET_BO_NAME_MAX	127

/**
 * struct drm_octet_bo_set_name - DRM_OCTET_BO_SET_NAME
 *
 * A name for people, shown with the buffer in debugfs and in dumps. It replaces
 * the one before; @size 0 takes it away.
 *
 * -ENOENT: no such handle; -EINVAL: a byte that is not printable ASCII;
 * -E2BIG: longer than DRM_OCTET_BO_NAME_MAX
 *
 * @handle: [in]
 * @size: [in] bytes, without a terminating zero
 * @ptr: [in] the bytes
 */
struct drm_octet_bo_set_name {
	__u32 handle;
	__u32 size;
	__u64 ptr;
};

/* Queues */

enum drm_octet_priority {
	DRM_OCTET_PRIORITY_LOW = 0,
	DRM_OCTET_PRIORITY_NORMAL = 1,
	DRM_OCTET_PRIORITY_HIGH = 2,	/* needs CAP_SYS_NICE */
};

/**
 * struct drm_octet_queue_create - DRM_OCTET_QUEUE_CREATE
 *
 * Jobs of a queue start and finish in order. A queue runs on one core at a
 * time; several queues of a client use several cores.
 *
 * -EINVAL: unknown priority or flags; -EACCES: HIGH without CAP_SYS_NICE;
 * -EMFILE: over the client's cap
 *
 * @priority: [in] enum drm_octet_priority
 * @flags: MBZ
 * @queue: [out] number, never 0
 * @pad: MBZ
 */
struct drm_octet_queue_create {
	__u32 priority;
	__u32 flags;
	__u32 queue;
	__u32 pad;
};

/**
 * struct drm_octet_queue_destroy - DRM_OCTET_QUEUE_DESTROY
 *
 * Jobs not yet on the hardware are cancelled.
 *
 * -ENOENT: no such queue
 *
 * @queue: [in]
 * @pad: MBZ
 */
struct drm_octet_queue_destroy {
	__u32 queue;
	__u32 pad;
};

/* A job failed: submits get -ECANCELED, make a new queue. */
#define DRM_OCTET_QUEUE_BANNED	(1 << 0)

/**
 * struct drm_octet_queue_query - DRM_OCTET_QUEUE_QUERY
 *
 * The state of a queue and how its first failed job ended.
 *
 * -ENOENT: no such queue
 *
 * @queue: [in]
 * @flags: [out] DRM_OCTET_QUEUE_*
 * @error: [out] fence error of the failed job, 0 if none
 * @status: [out] enum octet_status; 0 for a timeout
 * @command: [out] index of the command
 * @detail: [out] operand in bits 7..0, access in 15..8
 * @fault_va: [out]
 * @completed: [out] jobs completed without error
 * @resets: [out] resets that this queue's jobs caused
 */
struct drm_octet_queue_query {
	__u32 queue;
	__u32 flags;
	__s32 error;
	__u32 status;
	__u32 command;
	__u32 detail;
	__u64 fault_va;
	__u64 completed;
	__u64 resets;
};

/* Submission */

#define DRM_OCTET_SYNC_TIMELINE	(1 << 0)	/* @point of a timeline; else binary, @point 0 */

/**
 * struct drm_octet_sync - a syncobj to wait for or to signal
 *
 * @handle: [in]
 * @flags: [in] DRM_OCTET_SYNC_*
 * @point: [in]
 */
struct drm_octet_sync {
	__u32 handle;
	__u32 flags;
	__u64 point;
};

#define DRM_OCTET_BO_READ	(1 << 0)
#define DRM_OCTET_BO_WRITE	(1 << 1)
#define DRM_OCTET_BO_IMPLICIT	(1 << 2)	/* wait for others' fences on this buffer */

/**
 * struct drm_octet_bo_ref - a buffer that the jobs of a submit use
 *
 * @handle: [in]
 * @flags: [in] DRM_OCTET_BO_READ, _WRITE (at least one), _IMPLICIT
 */
struct drm_octet_bo_ref {
	__u32 handle;
	__u32 flags;
};

/**
 * struct drm_octet_job - one job of a submit
 *
 * @cmd_va: [in] device address of struct octet_cmd[cmd_count], 64-byte aligned
 * @cmd_count: [in] 1..max_cmds
 * @flags: MBZ
 * @sw: [in] SRAM bytes placed by software
 * @lb: [in] SRAM bytes of line buffers
 * @budget: [in] cycles, 0 for the driver's largest; anew for what is left to do
 *	when a device reset comes in between
 * @report_va: [in] device address of struct octet_report[cmd_count], or 0
 * @in_syncs: [in] of struct drm_octet_sync, all exist already
 * @out_syncs: [in] of struct drm_octet_sync, get this job's fence
 */
struct drm_octet_job {
	__u64 cmd_va;
	__u32 cmd_count;
	__u32 flags;
	__u32 sw;
	__u32 lb;
	__u64 budget;
	__u64 report_va;
	struct drm_octet_array in_syncs;
	struct drm_octet_array out_syncs;
};

/**
 * struct drm_octet_submit - DRM_OCTET_SUBMIT
 *
 * All jobs are submitted, in order, to one queue, or none is. A job may wait
 * for nothing that a later ioctl provides: every in-sync must have its fence
 * when the call is made.
 *
 * -EINVAL: no jobs, more than max_jobs or max_bos, misaligned addresses,
 *	cmd_count, sw + lb larger than the SRAM, unknown flags; more than 64
 *	in-syncs or out-syncs of a job, point 0 of a timeline as an out-sync, an
 *	in-sync that has no fence yet
 * -ENOENT: no such queue, buffer or syncobj
 * -ECANCELED: the queue is banned
 * -EBUSY: too many jobs of this client are queued
 *
 * @queue: [in]
 * @flags: MBZ
 * @jobs: [in] of struct drm_octet_job
 * @bos: [in] of struct drm_octet_bo_ref, used by any of the jobs
 */
struct drm_octet_submit {
	__u32 queue;
	__u32 flags;
	struct drm_octet_array jobs;
	struct drm_octet_array bos;
};

#define DRM_IOCTL_OCTET_DEV_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_OCTET_DEV_QUERY, struct drm_octet_dev_query)
#define DRM_IOCTL_OCTET_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_OCTET_BO_CREATE, struct drm_octet_bo_create)
#define DRM_IOCTL_OCTET_BO_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_OCTET_BO_INFO, struct drm_octet_bo_info)
#define DRM_IOCTL_OCTET_BO_WAIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_OCTET_BO_WAIT, struct drm_octet_bo_wait)
#define DRM_IOCTL_OCTET_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_OCTET_QUEUE_CREATE, struct drm_octet_queue_create)
#define DRM_IOCTL_OCTET_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_OCTET_QUEUE_DESTROY, struct drm_octet_queue_destroy)
#define DRM_IOCTL_OCTET_QUEUE_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_OCTET_QUEUE_QUERY, struct drm_octet_queue_query)
#define DRM_IOCTL_OCTET_SUBMIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_OCTET_SUBMIT, struct drm_octet_submit)
#define DRM_IOCTL_OCTET_BO_SET_NAME \
	DRM_IOW(DRM_COMMAND_BASE + DRM_OCTET_BO_SET_NAME, struct drm_octet_bo_set_name)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_DRM_OCTET_ACCEL_H_ */
