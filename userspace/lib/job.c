// SPDX-License-Identifier: MIT
/* Jobs: plan (append commands), bind (write them to memory). */

#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "cmd/cmd.h"

int octet_job_new(struct octet_ctx *ctx, struct octet_job **out)
{
	struct octet_job *job;

	if (!ctx || !out)
		return octet_set_error(ctx, -EINVAL, "octet_job_new: ctx or job is NULL");
	job = calloc(1, sizeof(*job));
	if (!job)
		return octet_set_error(ctx, -ENOMEM, "octet_job_new: out of memory");
	job->ctx = ctx;
	pthread_mutex_lock(&ctx->lock);
	octet_link_add(&ctx->jobs, &job->link);
	pthread_mutex_unlock(&ctx->lock);
	*out = job;
	return 0;
}

/* What only planning needs. */
static void free_records(struct octet_job *job)
{
	for (uint32_t i = 0; i < job->count; i++) {
		free(job->planned[i].mult);
		free(job->planned[i].chn);
		job->planned[i].mult = NULL;
		job->planned[i].chn = NULL;
	}
}

void octet_job_destroy(struct octet_job *job)
{
	struct octet_ctx *ctx = job->ctx;

	pthread_mutex_lock(&ctx->lock);
	octet_link_del(&job->link);
	pthread_mutex_unlock(&ctx->lock);
	if (ctx->ops->job_free)
		ctx->ops->job_free(job);
	free_records(job);
	for (uint32_t i = 0; i < job->count; i++)
		octet_panels_put(job->planned[i].panels);
	for (uint32_t i = 0; i < job->use_count; i++)
		octet_buffer_put(job->uses[i].buffer);
	octet_buffer_put(job->commands);
	octet_buffer_put(job->reports);
	octet_queue_put(job->run_queue);
	free(job->planned);
	free(job->uses);
	free(job);
}

bool octet_job_done(const struct octet_job *job)
{
	struct octet_queue *queue = job->run_queue;

	/* Anything but "not yet" is final. */
	return !queue || job->ctx->ops->wait(queue, job->wait_seq, 0) != -ETIMEDOUT;
}

void octet_job_free(struct octet_job *job)
{
	if (!job)
		return;
	if (job->run_queue)
		job->ctx->ops->wait(job->run_queue, job->wait_seq, INT64_MAX);
	octet_job_destroy(job);
}

struct octet_planned *octet_job_add(struct octet_job *job, const char *call)
{
	struct octet_planned *planned;

	if (job->ready) {
		octet_set_error(job->ctx, -EINVAL, "%s: the job is ready, nothing can be appended",
				call);
		return NULL;
	}
	if (job->count == job->ctx->info.max_cmds) {
		octet_set_error(job->ctx, -EINVAL,
				"%s: the job has %u commands, the machine's limit", call,
				job->count);
		return NULL;
	}
	if (job->count == job->room) {
		uint32_t room = job->room ? 2 * job->room : 4;
		void *grown = realloc(job->planned, room * sizeof(*job->planned));

		if (!grown) {
			octet_set_error(job->ctx, -ENOMEM, "%s: out of memory", call);
			return NULL;
		}
		job->planned = grown;
		job->room = room;
	}
	planned = &job->planned[job->count++];
	memset(planned, 0, sizeof(*planned));
	return planned;
}

int octet_job_add_error(const struct octet_job *job)
{
	return job->ready || job->count == job->ctx->info.max_cmds ? -EINVAL : -ENOMEM;
}

void octet_job_drop(struct octet_job *job)
{
	struct octet_planned *planned = &job->planned[--job->count];

	free(planned->mult);
	free(planned->chn);
}

static struct octet_use *use_find(struct octet_job *job, const struct octet_buffer *buffer)
{
	for (uint32_t i = 0; i < job->use_count; i++)
		if (job->uses[i].buffer == buffer)
			return &job->uses[i];
	return NULL;
}

static int want_check(struct octet_job *job, const char *call, const struct octet_want *want,
		      const struct octet_want *wants, size_t count)
{
	const struct octet_use *use = use_find(job, want->tensor->buffer);
	uint32_t both = want->flags | (use ? use->flags : 0);
	char label[OCTET_LABEL_SIZE];

	for (size_t i = 0; i < count; i++)
		if (wants[i].tensor && wants[i].tensor->buffer == want->tensor->buffer)
			both |= wants[i].flags;
	if (!(both & OCTET_USE_CONST) || !(both & OCTET_USE_WRITE))
		return 0;
	octet_tensor_label(want->tensor, want->role, label, sizeof(label));
	return octet_set_error(
		job->ctx, -EINVAL,
		"%s: tensor %s is written by this job, and is also the weights,"
		" bias or constant b of a command: use two jobs",
		call, label);
}

/* Room for @count more. */
static int uses_grow(struct octet_job *job, size_t count)
{
	size_t room = 2 * job->use_room + count;
	void *grown;

	if (job->use_count + count <= job->use_room)
		return 0;
	grown = realloc(job->uses, room * sizeof(*job->uses));
	if (!grown)
		return -ENOMEM;
	job->uses = grown;
	job->use_room = (uint32_t)room;
	return 0;
}

static void use_add(struct octet_job *job, struct octet_buffer *buffer, uint32_t flags)
{
	struct octet_use *use = use_find(job, buffer);

	if (!use) {
		use = &job->uses[job->use_count++];
		use->buffer = octet_buffer_get(buffer);
		use->flags = 0;
	}
	use->flags |= flags;
}

int octet_job_uses(struct octet_job *job, const char *call, const struct octet_want *wants,
		   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int ret = wants[i].tensor ? want_check(job, call, &wants[i], wants, count) : 0;

		if (ret)
			return ret;
	}
	if (uses_grow(job, count))
		return octet_set_error(job->ctx, -ENOMEM, "%s: out of memory", call);
	for (size_t i = 0; i < count; i++)
		if (wants[i].tensor)
			use_add(job, wants[i].tensor->buffer, wants[i].flags);
	return 0;
}

int octet_job_use(struct octet_job *job, struct octet_buffer *buffer, uint32_t flags)
{
	if (uses_grow(job, 1))
		return octet_set_error(job->ctx, -ENOMEM, "out of memory");
	use_add(job, buffer, flags);
	return 0;
}

static bool writes(const struct octet_cmd *cmd, const struct octet_buffer *buffer)
{
	return cmd->dst.space == OCTET_SPACE_VA && cmd->dst.addr - buffer->va < buffer->size;
}

int octet_job_command(struct octet_job *job, const void *cmd, size_t bytes,
		      struct octet_tensor *const *tensors, size_t count)
{
	static const char call[] = "octet_job_command";
	struct octet_planned *planned;
	int ret = 0;

	if (!job)
		return -EINVAL;
	if (!cmd || bytes != sizeof(planned->cmd) || (count && !tensors))
		return octet_set_error(job->ctx, -EINVAL, "%s: %zu bytes, a command has %zu", call,
				       bytes, sizeof(planned->cmd));
	for (size_t i = 0; i < count; i++)
		if (!tensors[i] || tensors[i]->ctx != job->ctx)
			return octet_set_error(job->ctx, -EINVAL,
					       "%s: tensors[%zu] is NULL or of another context",
					       call, i);
	planned = octet_job_add(job, call);
	if (!planned)
		return octet_job_add_error(job);
	planned->raw = true;
	memcpy(&planned->cmd, cmd, sizeof(planned->cmd));
	for (size_t i = 0; i < count && !ret; i++) {
		struct octet_want want = { tensors[i], "tensor", OCTET_USE_READ };

		if (writes(&planned->cmd, tensors[i]->buffer))
			want.flags = OCTET_USE_READ | OCTET_USE_WRITE;

		ret = octet_job_uses(job, call, &want, 1);
	}
	if (ret)
		octet_job_drop(job);
	return ret;
}

static int split(struct octet_job *job, const struct octet_job_opts *o)
{
	uint32_t sram = job->ctx->info.sram;

	if ((uint64_t)o->sram_software + o->sram_lines > sram)
		return octet_set_error(
			job->ctx, -EINVAL,
			"octet_job_ready: sram_software %u and sram_lines %u exceed the SRAM, %u bytes",
			o->sram_software, o->sram_lines, sram);
	job->sw = o->sram_software;
	job->lb = o->sram_lines;
	job->budget = o->cycle_budget;
	job->const_weights = o->const_weights;
	if (job->lb)
		return 0;
	return octet_plan_lines(job, job->sw, &job->lb);
}

/* Writes the commands to memory. */
static int bind(struct octet_job *job)
{
	int ret = octet_buffer_new(job->ctx, octet_cmd_bytes(job), true, &job->commands);
	if (ret)
		return ret;
	ret = octet_buffer_new(job->ctx, job->count * sizeof(struct octet_report), false,
			       &job->reports);
	if (ret) {
		octet_buffer_put(job->commands);
		job->commands = NULL;
		return ret;
	}
	octet_buffer_name(job->commands, "commands (%zu)", (size_t)job->count);
	octet_buffer_name(job->reports, "reports (%zu)", (size_t)job->count);
	octet_job_panels(job);
	octet_cmd_emit(job);
	free_records(job);
	job->ready = true;
	return 0;
}

int octet_job_ready(struct octet_job *job, const struct octet_job_opts *opts)
{
	static const char call[] = "octet_job_ready";
	struct octet_job_opts o;
	int ret;

	if (!job)
		return -EINVAL;
	ret = octet_opts_in(job->ctx, "octet_job_opts", opts, sizeof(o), &o);
	if (ret)
		return ret;
	if (job->ready)
		return octet_set_error(job->ctx, -EINVAL, "%s: the job is ready already", call);
	if (!job->count)
		return octet_set_error(job->ctx, -EINVAL, "%s: the job has no command", call);
	ret = split(job, &o);
	return ret ? ret : bind(job);
}

int octet_job_bind(struct octet_job *job, uint32_t sw, uint32_t lb)
{
	job->sw = sw;
	job->lb = lb;
	return bind(job);
}

uint64_t octet_job_macs(const struct octet_job *job)
{
	uint64_t macs = 0;

	for (uint32_t i = 0; job && i < job->count; i++)
		macs += job->planned[i].macs;
	return macs;
}

uint32_t octet_job_length(const struct octet_job *job)
{
	return job ? job->count : 0;
}

int octet_job_report(struct octet_job *job, uint32_t index, struct octet_op_report *out)
{
	struct octet_op_report report = { 0 };
	const struct octet_report *from;

	if (!job)
		return -EINVAL;
	if (index >= job->count)
		return octet_set_error(job->ctx, -EINVAL, "octet_job_report: command %u of %u",
				       index, job->count);
	report.macs = job->planned[index].macs;
	if (job->ready) {
		from = (const struct octet_report *)(const void *)job->reports->map + index;
		report.total = from->total;
		report.compute = from->compute;
		report.dma_stall = from->dma_stall;
		report.output_stall = from->output_stall;
		report.overhead = from->overhead;
		report.dram_read = from->dram_read;
		report.dram_write = from->dram_write;
		report.sram = from->sram;
	}
	return octet_opts_out(job->ctx, "octet_op_report", &report, sizeof(report), out);
}
