// SPDX-License-Identifier: MIT
/*
 * Moves operands between their space and dense private copies: whole runs
 * where the layout allows, page by page where runs are short. A guest chooses
 * how much there is to move and how scattered it is, so it goes in slices.
 */
#include <string.h>

#include "core_priv.h"

/* Runs shorter than this are taken out of copies of their pages. */
#define SHORT_RUN	512u
/* As many of them at once. */
#define PICKED		4096u
/* Longest piece of a run that is moved at once. */
#define PIECE		((uint64_t)256 << 10)

/*
 * A slice is what one step may do under the lock, a millisecond or so: 0.2 ns
 * a unit, a byte moved is one.
 */
#define SLICE		(INT64_C(4) << 20)
#define COST_RUN	32
#define COST_PICK	24
#define COST_DMA	1024
#define COST_WALK	4096

/* What a slice needs besides the walk. */
struct walker {
	struct octet_core *core;
	struct octet_walk *walk;
	struct octet_pages *pages;
	enum octet_access access;
	struct octet_fault *fault;
	int64_t left;
};

typedef int run_fn(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense);

static int failed(struct walker *w, int status, uint64_t va)
{
	return octet_fail(w->fault, status, w->walk->operand, w->access, va);
}

static void rewind_walk(struct octet_walk *k, uint8_t *dense)
{
	memset(k->at, 0, sizeof(k->at));
	k->offset = 0;
	k->dense = dense;
}

/* The next row of runs. Return: false if there is none. */
static bool next_row(struct octet_walk *k)
{
	k->at[3] = 0;
	for (int i = 2; i >= 0; i--) {
		if (++k->at[i] < k->view.ext[i])
			return true;
		k->at[i] = 0;
	}
	return false;
}

/* Runs on the same place: the rest of a row is the first one again. */
static void repeat_row(struct walker *w)
{
	struct octet_walk *k = w->walk;
	const struct octet_view *v = &k->view;
	uint64_t rest = v->ext[3] - k->at[3], most = PIECE / v->run;
	uint64_t have = v->run, total;
	uint8_t *base;

	if (k->dense) {
		rest = rest < most ? rest : most;
		base = k->dense - v->run;
		total = v->run * (rest + 1);
		while (have < total) {
			uint64_t n = have < total - have ? have : total - have;

			memcpy(base + have, base, n);
			have += n;
		}
		k->dense += v->run * rest;
		w->left -= (int64_t)(v->run * rest);
	}
	w->left -= COST_RUN;
	k->at[3] += rest;
}

/* The runs of a row from where the walk is. */
static int walk_row(struct walker *w, run_fn *fn)
{
	struct octet_walk *k = w->walk;
	const struct octet_view *v = &k->view;
	uint64_t addr = v->addr;

	for (int i = 0; i < 4; i++)
		addr += k->at[i] * v->stride[i];
	while (k->at[3] < v->ext[3]) {
		uint64_t len = v->run - k->offset < PIECE ? v->run - k->offset : PIECE;
		int status;

		if (w->left < 0)
			return OCTET_AGAIN;
		if (!v->stride[3] && k->at[3] && v->run <= PIECE) {
			repeat_row(w);
			continue;
		}
		status = fn(w, addr + k->offset, len, k->dense);
		if (status)
			return status;
		w->left -= COST_RUN;
		if (k->dense)
			k->dense += len;
		k->offset += len;
		if (k->offset < v->run)
			continue;
		k->offset = 0;
		k->at[3]++;
		addr += v->stride[3];
	}
	return 0;
}

/* One slice: 0 when the walk has ended, OCTET_AGAIN, or a status. */
static int walk_runs(struct walker *w, run_fn *fn)
{
	int status;

	do {
		status = walk_row(w, fn);
	} while (!status && next_row(w->walk));
	return status;
}

static int touch_run(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	const uint64_t *misses = &w->core->counter[OCTET_COUNTER_TLB_MISSES];
	uint64_t bad = addr, before = *misses;
	int status = octet_pages_touch(w->core, w->pages, addr, len, w->access, &bad);

	(void)dense;
	w->left -= (int64_t)((*misses - before) * COST_WALK);
	return status ? failed(w, status, bad) : 0;
}

static int read_run(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	uint64_t bad = addr;
	int status = octet_pages_read(w->core, w->pages, addr, dense, len, &bad);

	w->left -= (int64_t)(COST_DMA + len);
	return status ? failed(w, status, bad) : 0;
}

/*
 * Copies each page that the runs touch, once, to its place in a range as large
 * as the view: many short runs share a page, and come to it again and again.
 */
static int stage(struct walker *w)
{
	const struct octet_pages *pages = w->pages;
	struct octet_walk *k = w->walk;

	if (octet_buffer_need(w->core, &w->core->stage, pages->count << OCTET_PAGE_SHIFT))
		return failed(w, OCTET_STATUS_NO_MEMORY, 0);
	for (; k->staged < pages->count; k->staged++) {
		uint64_t offset = (uint64_t)k->staged << OCTET_PAGE_SHIFT;
		uint64_t va = (pages->first << OCTET_PAGE_SHIFT) + offset;
		uint64_t bad = va;
		int status;

		if (pages->page[k->staged] == OCTET_PAGE_UNTOUCHED)
			continue;
		if (w->left < 0)
			return OCTET_AGAIN;
		status = octet_pages_read(w->core, pages, va,
					  (uint8_t *)w->core->stage.data + offset,
					  OCTET_PAGE_SIZE, &bad);
		if (status)
			return failed(w, status, bad < k->view.addr ? k->view.addr : bad);
		w->left -= COST_DMA + (int64_t)OCTET_PAGE_SIZE;
	}
	return 0;
}

/* @count runs, one every @stride bytes, beside each other. */
static void pick(uint8_t *to, const uint8_t *from, uint64_t stride, uint64_t run, uint64_t count)
{
	for (uint64_t i = 0; i < count && run == 1; i++)
		to[i] = from[i * stride];
	for (uint64_t i = 0; i < count && run == 2; i++)
		memcpy(to + 2 * i, from + i * stride, 2);
	for (uint64_t i = 0; i < count && run == 4; i++)
		memcpy(to + 4 * i, from + i * stride, 4);
	for (uint64_t i = 0; i < count && run != 1 && run != 2 && run != 4; i++)
		memcpy(to + i * run, from + i * stride, run);
}

/* Short runs of a row, from the copies of their pages. */
static int staged_row(struct walker *w)
{
	struct octet_walk *k = w->walk;
	const struct octet_view *v = &k->view;
	const uint8_t *from = w->core->stage.data;

	from += v->addr - (w->pages->first << OCTET_PAGE_SHIFT);
	for (int i = 0; i < 4; i++)
		from += k->at[i] * v->stride[i];
	while (k->at[3] < v->ext[3]) {
		uint64_t rest = v->ext[3] - k->at[3];
		uint64_t n = rest < PICKED ? rest : PICKED;

		if (w->left < 0)
			return OCTET_AGAIN;
		if (!v->stride[3] && k->at[3]) {
			repeat_row(w);
			continue;
		}
		if (!v->stride[3])
			n = 1;
		pick(k->dense, from, v->stride[3], v->run, n);
		w->left -= COST_RUN + (int64_t)(n * (COST_PICK + v->run));
		k->dense += n * v->run;
		k->at[3] += n;
		from += n * v->stride[3];
	}
	return 0;
}

static int walk_staged(struct walker *w)
{
	int status;

	do {
		status = staged_row(w);
	} while (!status && next_row(w->walk));
	return status;
}

static int write_run(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	uint64_t bad = addr;
	int status = octet_pages_write(w->core, w->pages, addr, dense, len, &bad);

	w->left -= (int64_t)(COST_DMA + len);
	return status ? failed(w, status, bad) : 0;
}

static int sram_read(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	memcpy(dense, w->core->sram + addr, len);
	w->left -= (int64_t)len;
	return 0;
}

static int sram_write(struct walker *w, uint64_t addr, uint64_t len, uint8_t *dense)
{
	memcpy(w->core->sram + addr, dense, len);
	w->left -= (int64_t)len;
	if (w->core->sram_dirty < addr + len)
		w->core->sram_dirty = addr + len;
	return 0;
}

static void start(struct walker *w, struct octet_core *core, struct octet_pages *pages,
		  enum octet_access access, struct octet_fault *fault)
{
	w->core = core;
	w->walk = &core->walk;
	w->pages = pages;
	w->access = access;
	w->fault = fault;
	w->left = SLICE;
}

void octet_walk_begin(struct octet_core *core, const struct octet_view *view,
		      enum octet_operand_index operand, uint8_t *dense)
{
	struct octet_walk *k = &core->walk;

	k->view = *view;
	octet_view_merge(&k->view);
	k->operand = operand;
	k->covered = false;
	k->mapped = false;
	k->staged = 0;
	rewind_walk(k, dense);
}

/* Goes to where @done bytes of the dense copy have been moved; the walk is at its begin. */
void octet_walk_seek(struct octet_core *core, uint64_t done)
{
	struct octet_walk *k = &core->walk;
	uint64_t runs = done / k->view.run;

	k->dense += done;
	k->offset = done % k->view.run;
	for (int i = 3; i >= 0; i--) {
		k->at[i] = runs % k->view.ext[i];
		runs /= k->view.ext[i];
	}
}

/*
 * Translates every page that the view touches, and no other. They are held
 * from the first one on: an invalidation between two slices waits.
 */
static int map(struct walker *w)
{
	struct octet_walk *k = w->walk;
	uint8_t *dense = k->dense;
	int status;

	if (!k->covered) {
		status = octet_pages_cover(w->core, w->pages, k->view.addr, k->view.extent);
		if (status)
			return failed(w, status, k->view.addr);
		w->pages->held = true;
		k->covered = true;
	}
	k->dense = NULL;
	status = walk_runs(w, touch_run);
	k->dense = dense;
	if (status)
		return status;
	k->mapped = true;
	rewind_walk(k, dense);
	return 0;
}

int octet_gather(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_walk *k = &core->walk;
	struct walker w;
	int status;

	start(&w, core, &core->in_pages, OCTET_ACCESS_READ, fault);
	if (k->view.space == OCTET_SPACE_SRAM)
		return walk_runs(&w, sram_read);
	status = k->mapped ? 0 : map(&w);
	if (status)
		return status;
	if (k->view.run >= SHORT_RUN || k->view.run == k->view.extent)
		return walk_runs(&w, read_run);
	status = stage(&w);
	return status ? status : walk_staged(&w);
}

int octet_scatter_map(struct octet_core *core, struct octet_fault *fault)
{
	struct walker w;

	if (core->walk.view.space == OCTET_SPACE_SRAM)
		return 0;
	start(&w, core, &core->dst_pages, OCTET_ACCESS_WRITE, fault);
	return map(&w);
}

int octet_scatter(struct octet_core *core, struct octet_fault *fault)
{
	struct walker w;

	start(&w, core, &core->dst_pages, OCTET_ACCESS_WRITE, fault);
	return walk_runs(&w, core->walk.view.space == OCTET_SPACE_SRAM ? sram_write : write_run);
}
