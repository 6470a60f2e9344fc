// SPDX-License-Identifier: MIT
/* Jobs come again and again: their reports are kept, a few jobs of each core. */
#include <stdlib.h>
#include <string.h>

#include "cycles.h"

_Static_assert(sizeof(struct octet_cycles_cmd) == 8 + 26 * 4 + 8, "compared byte for byte");

typedef struct octet_cycles_kept_job job_t;

static void drop(struct octet_cycles_kept *kept, job_t *j)
{
	kept->cmds -= j->count;
	free(j->cmds);
	free(j->reports);
	*j = (job_t) { 0 };
}

/* Where there is room for @count commands: those not used for longest give way. */
static job_t *make_room(struct octet_cycles_kept *kept, size_t count)
{
	for (;;) {
		job_t *old = kept->job;

		for (job_t *j = kept->job; j < kept->job + OCTET_CYCLES_KEPT; j++)
			if (j->count && (!old->count || j->used < old->used))
				old = j;
		for (job_t *j = kept->job; j < kept->job + OCTET_CYCLES_KEPT; j++)
			if (!j->count && count <= OCTET_CYCLES_KEPT_CMDS - kept->cmds)
				return j;
		drop(kept, old);
	}
}

/* Without memory for it the next time takes as long as this one. */
static void keep(struct octet_cycles_kept *kept, const struct octet_cycles_cmd *cmds, size_t count,
		 uint64_t sw, uint64_t lb, const struct octet_report *report)
{
	job_t fresh = { .count = count, .sw = sw, .lb = lb, .used = ++kept->clock };

	if (!count || count > OCTET_CYCLES_KEPT_CMDS)
		return;
	fresh.cmds = malloc(count * sizeof(*cmds));
	fresh.reports = malloc(count * sizeof(*report));
	if (!fresh.cmds || !fresh.reports) {
		free(fresh.cmds);
		free(fresh.reports);
		return;
	}
	memcpy(fresh.cmds, cmds, count * sizeof(*cmds));
	memcpy(fresh.reports, report, count * sizeof(*report));
	*make_room(kept, count) = fresh;
	kept->cmds += count;
}

static job_t *find(struct octet_cycles_kept *kept, const struct octet_cycles_cmd *cmds,
		   size_t count, uint64_t sw, uint64_t lb)
{
	for (job_t *j = kept->job; j < kept->job + OCTET_CYCLES_KEPT; j++)
		if (j->count && j->count == count && j->sw == sw && j->lb == lb &&
		    !memcmp(j->cmds, cmds, count * sizeof(*cmds)))
			return j;
	return NULL;
}

int octet_cycles_job_kept(struct octet_cycles_kept *kept, const struct octet_cycles_machine *machine,
			  const struct octet_cycles_cmd *cmds, size_t count, uint64_t sw,
			  uint64_t lb, struct octet_report *report, size_t *bad,
			  const char **why, const atomic_bool *cancel)
{
	job_t *j = find(kept, cmds, count, sw, lb);
	int status;

	if (j) {
		memcpy(report, j->reports, count * sizeof(*report));
		j->used = ++kept->clock;
		return 0;
	}
	status = octet_cycles_job_until(machine, cmds, count, sw, lb, report, bad, why, cancel);
	if (!status)
		keep(kept, cmds, count, sw, lb, report);
	return status;
}

bool octet_cycles_is_kept(struct octet_cycles_kept *kept, const struct octet_cycles_cmd *cmds,
			  size_t count, uint64_t sw, uint64_t lb)
{
	return find(kept, cmds, count, sw, lb);
}

void octet_cycles_forget(struct octet_cycles_kept *kept)
{
	for (job_t *j = kept->job; j < kept->job + OCTET_CYCLES_KEPT; j++)
		drop(kept, j);
}
