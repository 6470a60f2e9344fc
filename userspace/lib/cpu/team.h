/* SPDX-License-Identifier: MIT */
/* The threads of an executor, and which operations they share. */
#ifndef OCTET_CPU_TEAM_H
#define OCTET_CPU_TEAM_H

#include "cpu_priv.h"

struct cpu_team;

/* One operation, or one part of it, from operands to result. */
typedef int (*cpu_whole_fn)(struct octet_cpu *cpu,
			    const struct cpu_work *work);

/* Of @count threads for @cpu; they start when an operation is worth it. */
struct cpu_team *octet_cpu_team_new(struct octet_cpu *cpu, unsigned int count);
void octet_cpu_team_free(struct cpu_team *team);

/* Around the commands of a job; NULL is allowed. */
void octet_cpu_team_begin(struct cpu_team *team);
void octet_cpu_team_end(struct cpu_team *team);

/* @whole for the parts of @work; for all of it at once where that is as good. */
int octet_cpu_team_do(struct octet_cpu *cpu, const struct cpu_work *work,
		      cpu_whole_fn whole);

unsigned int octet_cpu_team_count(const struct cpu_team *team);
uint64_t octet_cpu_team_helped(const struct cpu_team *team);

/* From cpu.c: an executor with the kernels, and the cancel flag, of @of. */
struct octet_cpu *octet_cpu_lane(struct octet_cpu *of);

/* For tests: nanoseconds that a part has to take at least; axes to cut (bits). */
extern uint64_t octet_cpu_part_ns;
extern unsigned int octet_cpu_axes;

#endif
