/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A job's life: submit (in the ioctl), run (its entry is in a core's ring), done
 * or fault. "client" is fdinfo's drm-client-id; client, queue and seqno name a
 * job in every event. context and seqno are its fence's, as in dma_fence
 * events.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM octet

#if !defined(__OCTET_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __OCTET_TRACE_H__

#include <linux/tracepoint.h>

#include "octet_device.h"
#include "octet_drv.h"
#include "octet_fault.h"
#include "octet_job.h"
#include "octet_queue.h"

TRACE_EVENT(octet_job_submit,
	    TP_PROTO(const struct octet_job *job, u32 core),
	    TP_ARGS(job, core),
	    TP_STRUCT__entry(__string(dev, dev_name(job->batch->odev->drm.dev))
			     __field(u64, client)
			     __field(u32, queue)
			     __field(u64, context)
			     __field(u64, seqno)
			     __field(u32, core)
			     __field(u64, cmd_va)
			     __field(u32, cmd_count)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->client = job->batch->client->id;
			   __entry->queue = job->batch->queue->id;
			   __entry->context = job->fence->context;
			   __entry->seqno = job->fence->seqno;
			   __entry->core = core;
			   __entry->cmd_va = job->args.cmd_va;
			   __entry->cmd_count = job->args.cmd_count;),
	    TP_printk("dev=%s client=%llu queue=%u context=%llu seqno=%llu core=%u cmd_va=%#llx cmd_count=%u",
		      __get_str(dev), __entry->client, __entry->queue,
		      __entry->context, __entry->seqno, __entry->core,
		      __entry->cmd_va, __entry->cmd_count));

/* Again after a reset that an innocent job survives, from command @first on. */
TRACE_EVENT(octet_job_run,
	    TP_PROTO(const struct octet_core *core, const struct octet_job *job),
	    TP_ARGS(core, job),
	    TP_STRUCT__entry(__string(dev, dev_name(core->odev->drm.dev))
			     __field(u64, client)
			     __field(u32, queue)
			     __field(u64, seqno)
			     __field(u32, core)
			     __field(u64, entry)
			     __field(u32, first)
			     __field(bool, canceled)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->client = job->batch->client->id;
			   __entry->queue = job->batch->queue->id;
			   __entry->seqno = job->fence->seqno;
			   __entry->core = core->index;
			   __entry->entry = job->seq;
			   __entry->first = job->first;
			   __entry->canceled = job->canceled;),
	    TP_printk("dev=%s client=%llu queue=%u seqno=%llu core=%u entry=%llu first=%u canceled=%d",
		      __get_str(dev), __entry->client, __entry->queue,
		      __entry->seqno, __entry->core, __entry->entry,
		      __entry->first, __entry->canceled));

/* @core: -1 for a job that never got to one. */
TRACE_EVENT(octet_job_done,
	    TP_PROTO(const struct octet_job *job, int core, int error),
	    TP_ARGS(job, core, error),
	    TP_STRUCT__entry(__string(dev, dev_name(job->batch->odev->drm.dev))
			     __field(u64, client)
			     __field(u32, queue)
			     __field(u64, seqno)
			     __field(int, core)
			     __field(int, error)
			     __field(u64, cycles)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->client = job->batch->client->id;
			   __entry->queue = job->batch->queue->id;
			   __entry->seqno = job->fence->seqno;
			   __entry->core = core;
			   __entry->error = error;
			   __entry->cycles = job->cycles;),
	    TP_printk("dev=%s client=%llu queue=%u seqno=%llu core=%d error=%d cycles=%llu",
		      __get_str(dev), __entry->client, __entry->queue,
		      __entry->seqno, __entry->core, __entry->error,
		      __entry->cycles));

/* Before its octet_job_done. */
TRACE_EVENT(octet_job_fault,
	    TP_PROTO(const struct octet_core *core, const struct octet_job *job,
		     const struct octet_fault *fault),
	    TP_ARGS(core, job, fault),
	    TP_STRUCT__entry(__string(dev, dev_name(core->odev->drm.dev))
			     __field(u64, client)
			     __field(u32, queue)
			     __field(u64, seqno)
			     __field(u32, core)
			     __field(u32, status)
			     __field(u32, command)
			     __string(name, octet_status_name(fault->status))
			     __string(operand, octet_operand_name(fault->detail))
			     __string(access, octet_access_name(fault->detail))
			     __field(u64, va)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->client = job->batch->client->id;
			   __entry->queue = job->batch->queue->id;
			   __entry->seqno = job->fence->seqno;
			   __entry->core = core->index;
			   __entry->status = fault->status;
			   __entry->command = fault->command;
			   __assign_str(name);
			   __assign_str(operand);
			   __assign_str(access);
			   __entry->va = fault->va;),
	    TP_printk("dev=%s client=%llu queue=%u seqno=%llu core=%u status=%s cmd=%u operand=%s access=%s va=%#llx",
		      __get_str(dev), __entry->client, __entry->queue,
		      __entry->seqno, __entry->core, __get_str(name),
		      __entry->command, __get_str(operand),
		      __get_str(access), __entry->va));

/* @error: how the job that is to blame ends, if it has not completed after all. */
TRACE_EVENT(octet_core_reset,
	    TP_PROTO(const struct octet_core *core, const struct octet_job *guilty,
		     int error),
	    TP_ARGS(core, guilty, error),
	    TP_STRUCT__entry(__string(dev, dev_name(core->odev->drm.dev))
			     __field(u32, core)
			     __field(int, error)
			     __field(u64, client)
			     __field(u32, queue)
			     __field(u64, seqno)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->core = core->index;
			   __entry->error = error;
			   __entry->client = guilty ? guilty->batch->client->id : 0;
			   __entry->queue = guilty ? guilty->batch->queue->id : 0;
			   __entry->seqno = guilty ? guilty->fence->seqno : 0;),
	    TP_printk("dev=%s core=%u error=%d client=%llu queue=%u seqno=%llu",
		      __get_str(dev), __entry->core, __entry->error,
		      __entry->client, __entry->queue, __entry->seqno));

/* @result: 0, or why the device is lost. */
TRACE_EVENT(octet_device_reset,
	    TP_PROTO(const struct octet_device *odev, int result),
	    TP_ARGS(odev, result),
	    TP_STRUCT__entry(__string(dev, dev_name(odev->drm.dev))
			     __field(int, result)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->result = result;),
	    TP_printk("dev=%s result=%d", __get_str(dev), __entry->result));

/* @pages: 0 is the whole address space. */
TRACE_EVENT(octet_mmu_invalidate,
	    TP_PROTO(const struct octet_device *odev, u32 asid, u64 va, u32 pages,
		     int result),
	    TP_ARGS(odev, asid, va, pages, result),
	    TP_STRUCT__entry(__string(dev, dev_name(odev->drm.dev))
			     __field(u32, asid)
			     __field(u64, va)
			     __field(u32, pages)
			     __field(int, result)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->asid = asid;
			   __entry->va = va;
			   __entry->pages = pages;
			   __entry->result = result;),
	    TP_printk("dev=%s asid=%u va=%#llx pages=%u result=%d", __get_str(dev),
		      __entry->asid, __entry->va, __entry->pages, __entry->result));

TRACE_EVENT(octet_bo_map,
	    TP_PROTO(const struct device *dev, u32 asid, u64 va, u64 size,
		     bool writable),
	    TP_ARGS(dev, asid, va, size, writable),
	    TP_STRUCT__entry(__string(dev, dev_name(dev))
			     __field(u32, asid)
			     __field(u64, va)
			     __field(u64, size)
			     __field(bool, writable)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->asid = asid;
			   __entry->va = va;
			   __entry->size = size;
			   __entry->writable = writable;),
	    TP_printk("dev=%s asid=%u va=%#llx size=%llu writable=%d",
		      __get_str(dev), __entry->asid, __entry->va, __entry->size,
		      __entry->writable));

TRACE_EVENT(octet_bo_unmap,
	    TP_PROTO(const struct device *dev, u32 asid, u64 va, u64 size),
	    TP_ARGS(dev, asid, va, size),
	    TP_STRUCT__entry(__string(dev, dev_name(dev))
			     __field(u32, asid)
			     __field(u64, va)
			     __field(u64, size)),
	    TP_fast_assign(__assign_str(dev);
			   __entry->asid = asid;
			   __entry->va = va;
			   __entry->size = size;),
	    TP_printk("dev=%s asid=%u va=%#llx size=%llu", __get_str(dev),
		      __entry->asid, __entry->va, __entry->size));

#endif /* __OCTET_TRACE_H__ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE octet_trace
#include <trace/define_trace.h>
