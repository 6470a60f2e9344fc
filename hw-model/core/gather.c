// SPDX-License-Identifier: MIT
/*
 * Moves operands between their space and dense private copies: whole runs
 * where the layout allows, page by page where runs are short.
 */
#include <string.h>

#include "core_priv.h"

/* Runs shorter than this are taken out of a copy of their page. */
#define SHORT_RUN	512u

/* What a walk over the runs of a view needs. */
struct walker {
	struct octet_core *core;
	const struct octet_pages *pages;
	enum octet_operand_index operand;
	enum octet_access access;
	struct octet_fault *fault;
	uint64_t window;	/* page number of the copy in bounce */
	bool window_valid;
	uint8_t bounce[OCTET_PAGE_SIZE];
};

typedef int run_fn(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense);

static int failed(struct walker *w, int status, uint64_t va)
{
	return octet_fail(w->fault, status, w->operand, w->access, va);
}

static int walk_runs(struct walker *w, const struct octet_view *v, uint8_t *dense, run_fn *fn)
{
	uint64_t at[4];

	for (at[0] = 0; at[0] < v->ext[0]; at[0]++)
	for (at[1] = 0; at[1] < v->ext[1]; at[1]++)
	for (at[2] = 0; at[2] < v->ext[2]; at[2]++) {
		uint64_t addr = v->addr + at[0] * v->stride[0] + at[1] * v->stride[1] +
				at[2] * v->stride[2];

		for (at[3] = 0; at[3] < v->ext[3]; at[3]++) {
			int status = fn(w, addr, v->run, dense);

			if (status)
				return status;
			addr += v->stride[3];
			if (dense)
				dense += v->run;
		}
	}
	return 0;
}

static int touch_run(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	struct octet_core *core = w->core;
	struct octet_pages *pages = w->access == OCTET_ACCESS_WRITE ? &core->dst_pages :
								      &core->in_pages;
	uint64_t bad = addr;
	int status = octet_pages_touch(core, pages, addr, len, w->access, &bad);

	(void)dense;
	return status ? failed(w, status, bad) : 0;
}

static int read_run(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	uint64_t bad = addr;
	int status = octet_pages_read(w->core, w->pages, addr, dense, len, &bad);

	return status ? failed(w, status, bad) : 0;
}

/* A short run: from the copy of its page, which neighbours often share. */
static int read_short(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	uint64_t offset = addr & (OCTET_PAGE_SIZE - 1);
	uint64_t page = addr >> OCTET_PAGE_SHIFT;

	if (offset + len > OCTET_PAGE_SIZE)
		return read_run(w, addr, len, dense);
	if (!w->window_valid || w->window != page) {
		int status = read_run(w, addr - offset, OCTET_PAGE_SIZE, w->bounce);

		w->window_valid = false;
		if (status) {
			w->fault->va = addr;
			return status;
		}
		w->window = page;
		w->window_valid = true;
	}
	memcpy(dense, w->bounce + offset, len);
	return 0;
}

static int write_run(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	uint64_t bad = addr;
	int status = octet_pages_write(w->core, w->pages, addr, dense, len, &bad);

	return status ? failed(w, status, bad) : 0;
}

static int sram_read(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	memcpy(dense, w->core->sram + addr, len);
	return 0;
}

static int sram_write(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	memcpy(w->core->sram + addr, dense, len);
	if (w->core->sram_dirty < addr + len)
		w->core->sram_dirty = addr + len;
	return 0;
}

/* Translates every page that the view touches, and no other. */
static int map(struct octet_core *core, const struct octet_view *v, struct octet_pages *pages,
	       struct walker *w)
{
	int status = octet_pages_cover(core, pages, v->addr, v->extent);

	if (status)
		return failed(w, status, v->addr);
	return walk_runs(w, v, NULL, touch_run);
}

int octet_gather(struct octet_core *core, const struct octet_view *view, uint8_t *dense,
		 enum octet_operand_index operand, struct octet_fault *fault)
{
	struct octet_view v = *view;
	struct walker w;
	int status;

	w.core = core;
	w.pages = &core->in_pages;
	w.operand = operand;
	w.access = OCTET_ACCESS_READ;
	w.fault = fault;
	w.window_valid = false;
	octet_view_merge(&v);
	if (v.space == OCTET_SPACE_SRAM)
		return walk_runs(&w, &v, dense, sram_read);
	status = map(core, &v, &core->in_pages, &w);
	if (status)
		return status;
	return walk_runs(&w, &v, dense, v.run < SHORT_RUN ? read_short : read_run);
}

/* Checks that every byte of the result may be written, keeps how. */
int octet_scatter_map(struct octet_core *core, const struct octet_view *view,
		      struct octet_fault *fault)
{
	struct octet_view v = *view;
	struct walker w;

	if (v.space == OCTET_SPACE_SRAM)
		return 0;
	w.core = core;
	w.operand = OCTET_OPERAND_DST;
	w.access = OCTET_ACCESS_WRITE;
	w.fault = fault;
	octet_view_merge(&v);
	return map(core, &v, &core->dst_pages, &w);
}

int octet_scatter(struct octet_core *core, const struct octet_view *view, const uint8_t *dense,
		  struct octet_fault *fault)
{
	struct octet_view v = *view;
	struct walker w;

	w.core = core;
	w.pages = &core->dst_pages;
	w.operand = OCTET_OPERAND_DST;
	w.access = OCTET_ACCESS_WRITE;
	w.fault = fault;
	octet_view_merge(&v);
	/* The run functions that write only read the dense copy. */
	return walk_runs(&w, &v, (uint8_t *)(uintptr_t)dense,
			 v.space == OCTET_SPACE_SRAM ? sram_write : write_run);
}
