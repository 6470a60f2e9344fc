// SPDX-License-Identifier: MIT
/*
 * Constant weights of ready jobs, packed once: what a machine takes as rows it packs
 * again in every run. One copy serves all jobs that use a tensor in the same way; the
 * last of them frees it.
 */

#include <stdlib.h>

#include "cmd/panels.h"
#include "internal.h"

/**
 * struct octet_panels - packed weights
 *
 * @link: in octet_ctx.panels
 * @cmd: of the first job, with the address of the weights; without an operation when
 *	these are gone, as another tensor may be there then
 */
struct octet_panels {
	struct octet_link link;
	unsigned int refs;
	struct octet_cmd cmd;
	struct octet_buffer *buffer;
};

static struct octet_panels *find(struct octet_ctx *ctx, const struct octet_cmd *cmd)
{
	for (struct octet_link *l = ctx->panels.next; l != &ctx->panels; l = l->next) {
		struct octet_panels *panels = octet_entry(l, struct octet_panels, link);

		if (octet_panels_same(&panels->cmd, cmd))
			return panels;
	}
	return NULL;
}

static uint8_t flip_of(const struct octet_cmd *cmd)
{
	return cmd->wgt.type == OCTET_TYPE_UINT8 ? 128 : 0;
}

static struct octet_panels *make(struct octet_ctx *ctx, const struct octet_planned *p)
{
	struct octet_panels *panels = calloc(1, sizeof(*panels));

	if (!panels)
		return NULL;
	if (octet_buffer_new(ctx, octet_panels_bytes(&p->cmd), true, &panels->buffer)) {
		free(panels);
		return NULL;
	}
	octet_buffer_name(panels->buffer, "packed weights");
	p->weights->packed = true;
	octet_panels_pack(&p->cmd, p->weights->map, panels->buffer->map, flip_of(&p->cmd));
	panels->cmd = p->cmd;
	octet_link_add(&ctx->panels, &panels->link);
	return panels;
}

void octet_panels_forget(const struct octet_buffer *weights)
{
	struct octet_ctx *ctx = weights->ctx;

	for (struct octet_link *l = ctx->panels.next; l != &ctx->panels; l = l->next) {
		struct octet_panels *panels = octet_entry(l, struct octet_panels, link);

		if (panels->cmd.wgt.addr == weights->va)
			panels->cmd.op = 0;
	}
}

void octet_panels_put(struct octet_panels *panels)
{
	if (!panels || --panels->refs)
		return;
	octet_link_del(&panels->link);
	octet_buffer_put(panels->buffer);
	free(panels);
}

static void take(struct octet_job *job, struct octet_planned *p)
{
	struct octet_panels *panels = find(job->ctx, &p->cmd);
	uint8_t flip = flip_of(&p->cmd);

	if (!panels)
		panels = make(job->ctx, p);
	if (!panels)
		return;
	panels->refs++;
	if (octet_job_use(job, panels->buffer, OCTET_USE_READ | OCTET_USE_CONST)) {
		octet_panels_put(panels);
		return;
	}
	p->panels = panels;
	octet_panels_use(&p->cmd, panels->buffer->va, flip);
	for (uint32_t c = 0; flip && c < p->channels; c++)
		p->chn[c].zero_point -= flip;
}

static bool inside(const struct octet_operand *operand, const struct octet_buffer *buffer)
{
	return operand->space == OCTET_SPACE_VA && operand->addr - buffer->va < buffer->size;
}

/* Does the machine still read it? Of raw commands nothing is known. */
static bool read_by(const struct octet_job *job, const struct octet_buffer *buffer)
{
	for (uint32_t i = 0; i < job->count; i++) {
		const struct octet_planned *p = &job->planned[i];

		if (p->raw || inside(&p->cmd.src, buffer) || inside(&p->cmd.wgt, buffer))
			return true;
	}
	return false;
}

/* Weights that every run would list in vain. */
static void drop_unread(struct octet_job *job)
{
	for (uint32_t i = job->use_count; i--;) {
		struct octet_use *use = &job->uses[i];

		if (use->flags != (OCTET_USE_READ | OCTET_USE_CONST) || read_by(job, use->buffer))
			continue;
		octet_buffer_put(use->buffer);
		*use = job->uses[--job->use_count];
	}
}

void octet_job_panels(struct octet_job *job)
{
	char text[sizeof(job->ctx->error)], *before;

	if (!job->const_weights || !(job->ctx->info.features & OCTET_FEATURE_PACKED))
		return;
	/* Nothing fails here, so nobody is to read of it. */
	before = octet_error_divert(text);
	for (uint32_t i = 0; i < job->count; i++) {
		struct octet_planned *p = &job->planned[i];

		if (!p->raw && p->cmd.wgt.flags & OCTET_OPERAND_CONST &&
		    octet_panels_pay(&p->cmd))
			take(job, p);
	}
	octet_error_divert(before);
	drop_unread(job);
}
