/* SPDX-License-Identifier: MIT */
/*
 * CPU fallback: runs Octet commands on the processor.
 *
 * Written from the command format alone (uapi/drm/octet_isa.h and
 * Documentation/commands.rst). It shares no code with the hardware model, so
 * that each proves the other.
 */
#ifndef OCTET_CPU_H
#define OCTET_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/octet_isa.h>

/**
 * struct octet_cpu - an executor: kernels of one level and scratch memory
 *
 * Used by one thread at a time; different ones are independent.
 */
struct octet_cpu;

/**
 * struct octet_cpu_memory - how the executor reaches virtual addresses
 * @opaque: handed to @at
 * @at: host pointer of the range [va, va + size), valid until the run ends;
 *	NULL if it is not mapped as a whole, or read-only and @write is set
 * @constant: whether nobody will write there while the memory exists; NULL:
 *	nothing is known to be so
 * @generation: another one whenever something was mapped or unmapped
 */
struct octet_cpu_memory {
	void *opaque;
	void *(*at)(void *opaque, uint64_t va, uint64_t size, bool write);
	bool (*constant)(void *opaque, uint64_t va, uint64_t size);
	uint64_t generation;
};

/**
 * struct octet_cpu_fault - why a run failed
 * @status: enum octet_status, the one that the device gives; but UNMAPPED for
 *	NON_CANONICAL, and neither NO_FIT nor BUDGET: there is no timing here
 * @command: index of the command; the ones before it are complete, unless the
 *	fault was found by the checks, which come before the first command runs
 * @detail: enum octet_operand_index, enum octet_access in bits 15..8
 * @va: address that faulted, else 0
 * @text: sentence for people: the field, the value found, the rule
 */
struct octet_cpu_fault {
	uint32_t status;
	uint32_t command;
	uint32_t detail;
	uint64_t va;
	char text[160];
};

/**
 * octet_cpu_new - make an executor
 * @out: the executor
 * @level: "scalar", "avx2", "avx512vnni", "amx"; NULL: the best one of this
 *	processor. The environment variable OCTET_CPU, if set, stands for NULL.
 * @threads: how many, see octet_cpu_set_threads()
 * @err: sentence on failure
 * @n: bytes of @err
 *
 * Returns 0, -EINVAL (no such level), -ENOTSUP (processor or kernel lacks
 * it), -ENOMEM.
 */
int octet_cpu_new(struct octet_cpu **out, const char *level, uint32_t threads,
		  char *err, size_t n);

/* As many threads as this process may use processors. */
#define OCTET_CPU_ALL	UINT32_MAX

/**
 * octet_cpu_set_threads - how many threads share an operation
 * @count: the caller included, 1 to 64; OCTET_CPU_ALL; 0: what the environment
 *	variable OCTET_CPU_THREADS says, a number or "all", else 1
 * @err: sentence on failure
 * @n: bytes of @err
 *
 * They start with the first operation that is large enough, fewer if the system
 * refuses some, and end with the executor; in a forked process others start.
 * Results have the same bits with any number. Not during a run.
 *
 * Returns 0, -EINVAL, -ENOMEM.
 */
int octet_cpu_set_threads(struct octet_cpu *cpu, uint32_t count, char *err,
			  size_t n);

/** octet_cpu_threads - their number; @helped (or NULL): parts not done by callers */
uint32_t octet_cpu_threads(const struct octet_cpu *cpu, uint64_t *helped);

/** octet_cpu_free - release an executor; NULL is allowed */
void octet_cpu_free(struct octet_cpu *cpu);

/**
 * octet_cpu_run - check a job's commands, then run them in order
 * @cmds: copied before anything is checked
 * @count: number of commands
 * @sram_size: bytes of the SRAM
 * @sw: bytes of it that operands may use; zero when the job starts
 * @report: NULL, or one per command, written with zeros: cycles are not known
 * @fault: filled on -EFAULT
 *
 * Returns 0, -EFAULT, -ENOMEM, -ECANCELED.
 */
int octet_cpu_run(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		  const struct octet_cmd *cmds, uint32_t count,
		  uint32_t sram_size, uint32_t sw, struct octet_report *report,
		  struct octet_cpu_fault *fault);

/** struct octet_cpu_job - a job made ready: checked, its constant weights packed */
struct octet_cpu_job;

/**
 * octet_cpu_job_new - make a job ready to run many times
 * @out: what octet_cpu_job_run() takes; its arguments are those of octet_cpu_run()
 *
 * What @memory calls constant is read here, all else in each run.
 *
 * Returns 0, -EFAULT (a check failed), -ENOMEM.
 */
int octet_cpu_job_new(struct octet_cpu *cpu,
		      const struct octet_cpu_memory *memory,
		      const struct octet_cmd *cmds, uint32_t count,
		      uint32_t sram_size, uint32_t sw,
		      struct octet_cpu_job **out, struct octet_cpu_fault *fault);

/** octet_cpu_job_run - as octet_cpu_run() */
int octet_cpu_job_run(struct octet_cpu *cpu,
		      const struct octet_cpu_memory *memory,
		      struct octet_cpu_job *job, struct octet_report *report,
		      struct octet_cpu_fault *fault);

/** octet_cpu_job_free - NULL is allowed */
void octet_cpu_job_free(struct octet_cpu_job *job);

/**
 * octet_cpu_check_one - the checks of one command of a job, which need no memory
 * @index: of the command; those before it are taken to be good
 * @sw: as for octet_cpu_run()
 *
 * Returns 0 or -EFAULT.
 */
int octet_cpu_check_one(const struct octet_cmd *cmds, uint32_t count,
			uint32_t index, uint32_t sw,
			struct octet_cpu_fault *fault);

/**
 * octet_cpu_cancel - make the run under way end soon with -ECANCELED
 *
 * The one call that another thread may make during a run. The command under
 * way is left incomplete. Without a run it ends the next one.
 */
void octet_cpu_cancel(struct octet_cpu *cpu);

/** octet_cpu_speed - products of bytes in a nanosecond, about: of matrices */
unsigned int octet_cpu_speed(const struct octet_cpu *cpu);

/** octet_cpu_level - name of the level in use */
const char *octet_cpu_level(const struct octet_cpu *cpu);

/**
 * octet_cpu_level_name - the levels that exist, worst first
 * @index: 0..
 * @available: whether this machine has it
 *
 * Returns NULL after the last one.
 */
const char *octet_cpu_level_name(unsigned int index, bool *available);

/**
 * octet_cpu_stage_one - output stage on one accumulator, the specification
 * @stage: enum octet_stage
 *
 * Parameters must be valid for @stage (see the bounds in octet_isa.h).
 */
int32_t octet_cpu_stage_one(unsigned int stage, int32_t acc, int32_t bias,
			    uint32_t mult, uint32_t shift, int32_t zero_point,
			    int32_t lo, int32_t hi);

#endif
