/* SPDX-License-Identifier: MIT */
/* Shared by the files that validate commands. */
#ifndef OCTET_CPU_CHECK_H
#define OCTET_CPU_CHECK_H

#include "cpu_priv.h"

#define CPU_OPERANDS	6

/* Fields that only some operations use, struct cpu_rules.fields */
#define CPU_CLAMP	(1u << 0)	/* act_min, act_max */
#define CPU_PAD_VALUE	(1u << 1)
#define CPU_LEFT_SHIFT	(1u << 2)
#define CPU_TABLE	(1u << 3)
#define CPU_MID		(1u << 4)	/* the mid and sum fields */

/**
 * struct cpu_rules - what a command has, by its operation, variant and tails
 *
 * @operands: those it must have; bit i for enum octet_operand_index
 * @optional: those it may have: parameter records
 * @tails: OCTET_TAIL_* that it may have
 * @stages: output stage codes, bit i for enum octet_stage
 * @fields: CPU_*
 * @zero_points, @scales: operands whose zero point, whose mult and shift apply
 */
struct cpu_rules {
	uint32_t operands;
	uint32_t optional;
	uint32_t tails;
	uint32_t stages;
	uint32_t fields;
	uint32_t zero_points;
	uint32_t scales;
};

/* The rules of a command; false: there is no such operation or variant. */
bool octet_cpu_rules(const struct octet_cmd *cmd, struct cpu_rules *rules);

/* Types that an operand may have (bit i for enum octet_type). */
unsigned int octet_cpu_types(const struct octet_cmd *cmd, unsigned int operand);

unsigned int octet_cpu_strides(const struct octet_cmd *cmd,
			       const struct cpu_rules *rules,
			       unsigned int operand);

/* The part about shape and tiling, about numbers, about chains; 0 or -EFAULT. */
int octet_cpu_check_shape(const struct octet_cmd *cmd,
			  struct octet_cpu_fault *fault);
int octet_cpu_check_quant(const struct octet_cmd *cmd,
			  const struct cpu_rules *rules,
			  struct octet_cpu_fault *fault);
int octet_cpu_check_chain(const struct cpu_job *job,
			  struct octet_cpu_fault *fault);

/* Names of operands, by enum octet_operand_index. */
extern const char *const octet_cpu_operand_names[];

#endif
