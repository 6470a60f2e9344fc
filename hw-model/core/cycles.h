/* SPDX-License-Identifier: MIT */
/*
 * The timing recurrence: cycles and bytes of every command of a job.
 * Documentation/hardware.rst, "Timing", is the specification; integers only.
 * All operations of the command format are covered.
 */
#ifndef OCTET_CYCLES_H
#define OCTET_CYCLES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/octet_isa.h>

/** Costs that are the same on every array. */
#define OCTET_CYCLES_COMMAND	200	/* H, decode of a command */
#define OCTET_CYCLES_JOB	200	/* L, once per job */
#define OCTET_CYCLES_DOORBELL	100	/* outside a job's cycles, as the next three */
#define OCTET_CYCLES_FETCH	250	/* per ring entry */
#define OCTET_CYCLES_FETCH_CMD	16	/* per command */
#define OCTET_CYCLES_IRQ	300

/** Array and memory of a machine. */
struct octet_cycles_machine {
	uint32_t p, k, c;
	uint32_t dram_bpc;
	uint64_t sram;
};

/** Where an operand lives, for timing. */
enum octet_cycles_space {
	OCTET_CYCLES_NONE,
	OCTET_CYCLES_DRAM,
	OCTET_CYCLES_SRAM,
	OCTET_CYCLES_LINK,
};

/**
 * struct octet_cycles_cmd - what the timing needs to know of a command
 *
 * @op: enum octet_op. EW also stands for LUT; RESIZE, COPY (FILL: src NONE), SOFTMAX,
 *	POOL, REDUCE, TCONV2D as themselves
 * @n: batch (GEMM: product of both batch dimensions)
 * @src_link: LINK: chain tensor, OCTET_OPERAND_LINK_NEWEST for the newest
 * @src2_bytes: 0 = as many as the result has
 * @weights: DRAM with @weights_const, DRAM without (run-time B), SRAM, NONE
 * @params: has parameter records
 * @policy: enum octet_policy
 * @abytes: bytes per input element; @obytes per result; @wbits per weight
 * @zero: no meaning: two that are equal are so byte for byte
 */
struct octet_cycles_cmd {
	uint64_t src2_bytes;
	uint32_t op;
	uint32_t n, h, w, cin, oh, ow, cout, groups;
	uint32_t r, s, sh, sw, dh, dw, pt, pl;
	enum octet_cycles_space src, src2, weights, dst;
	uint32_t policy;
	uint32_t rows;
	uint32_t abytes, obytes, wbits;
	uint8_t src_link, src2_link;
	bool weights_const;
	bool params;
	bool chain;
	uint8_t zero[3];
};

/** octet_cycles_from_cmd() - the timing view of a decoded command */
void octet_cycles_from_cmd(struct octet_cycles_cmd *out, const struct octet_cmd *cmd);

/**
 * octet_cycles_job() - reports of all commands of a job
 * @report: [count]
 * @bad: on failure the index of the command that does not fit
 * @why: on failure a static sentence; may be NULL
 *
 * Return: 0, or an enum octet_status: NO_FIT, BAD_CHAIN, BAD_SPLIT; NO_MEMORY.
 */
int octet_cycles_job(const struct octet_cycles_machine *machine, const struct octet_cycles_cmd *cmds,
		     size_t count, uint64_t sw, uint64_t lb, struct octet_report *report, size_t *bad,
		     const char **why);

/** octet_cycles_job_until() - the same; NO_FIT soon after @cancel is set */
int octet_cycles_job_until(const struct octet_cycles_machine *machine,
			   const struct octet_cycles_cmd *cmds, size_t count, uint64_t sw,
			   uint64_t lb, struct octet_report *report, size_t *bad,
			   const char **why, const atomic_bool *cancel);

/** Jobs that a struct octet_cycles_kept has, and commands of them all together. */
#define OCTET_CYCLES_KEPT	16u
#define OCTET_CYCLES_KEPT_CMDS	1024u

/**
 * struct octet_cycles_kept - reports of the last different jobs of one machine
 *
 * What a job's timing depends on is compared as a whole, and nothing else is: where
 * operands are, and what is in them, makes no difference. Zeros are empty.
 *
 * @cmds: commands of all jobs
 * @clock: counts uses
 */
struct octet_cycles_kept {
	struct octet_cycles_kept_job {
		size_t count;		/* 0: free */
		uint64_t sw, lb;
		uint64_t used;		/* when, by @clock */
		struct octet_cycles_cmd *cmds;
		struct octet_report *reports;
	} job[OCTET_CYCLES_KEPT];
	size_t cmds;
	uint64_t clock;
};

/**
 * octet_cycles_job_kept() - octet_cycles_job_until() for a job that may have been here before
 *
 * One that has no fault is kept; those not used for longest give way.
 */
int octet_cycles_job_kept(struct octet_cycles_kept *kept, const struct octet_cycles_machine *machine,
			  const struct octet_cycles_cmd *cmds, size_t count, uint64_t sw,
			  uint64_t lb, struct octet_report *report, size_t *bad,
			  const char **why, const atomic_bool *cancel);
bool octet_cycles_is_kept(struct octet_cycles_kept *kept, const struct octet_cycles_cmd *cmds,
			  size_t count, uint64_t sw, uint64_t lb);
void octet_cycles_forget(struct octet_cycles_kept *kept);

/** octet_cycles_macs() - useful multiply-accumulates of a command */
uint64_t octet_cycles_macs(const struct octet_cycles_cmd *cmd);

#endif /* OCTET_CYCLES_H */
