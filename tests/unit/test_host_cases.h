/* SPDX-License-Identifier: MIT */
/* Random cases of host operators, the same for the same seed. */
#ifndef OCTET_TEST_HOST_CASES_H
#define OCTET_TEST_HOST_CASES_H

#include "test_host.h"

/**
 * struct host_group - a kind of case
 *
 * @build: fills @o after one_begin(); the operator, tensors and contents
 * @exact: TFLite 2.14 has the same operator: results are compared bit by bit
 */
struct host_group {
	const char *name;
	uint32_t code;
	void (*build)(struct one *o);
};

/* Ends with an entry without @name. */
extern const struct host_group host_groups_value[], host_groups_move[], host_groups_rows[],
	host_groups_heavy[], host_groups_cell[], host_groups_boxes[];

/**
 * case_flex() - a FlexBuffer: a map of numbers; @bytes of it, static
 *
 * @kinds: 'i', 'f' or 'b' per key; @keys are sorted
 */
const uint8_t *case_flex(uint32_t n, const char *const *keys, const char *kinds,
			 const double *values, size_t *bytes);

/* Used by the builders. */
uint32_t case_dims(struct one *o, uint32_t rank, uint32_t most, uint32_t *dims);
float case_scale(struct one *o);
int32_t case_zp(struct one *o, enum octet_dtype type);
enum octet_dtype case_pick(struct one *o, uint32_t n, const enum octet_dtype *types);
int32_t case_quantized(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims);

#endif /* OCTET_TEST_HOST_CASES_H */
