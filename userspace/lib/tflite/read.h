/* SPDX-License-Identifier: MIT */
/* What the files of the reader share. */
#ifndef OCTET_TFLITE_READ_H
#define OCTET_TFLITE_READ_H

#include "fb.h"

/** struct tfl_opcode - an entry of operator_codes */
struct tfl_opcode {
	uint32_t code;
	int32_t version;
	const char *name;
};

/** struct tfl_buffer - contents; @data NULL: none */
struct tfl_buffer {
	const uint8_t *data;
	uint64_t bytes;
};

/**
 * struct tfl_reader
 *
 * @codes: [code_count], @buffers: [buffer_count]: of the file, freed in the end
 */
struct tfl_reader {
	struct fb fb;
	struct octet_graph *g;
	struct tfl_opcode *codes;
	struct tfl_buffer *buffers;
	uint32_t code_count, buffer_count;
};

/* read_tensor.c: fill in g->tensors[index]; its producer stays -1 */
int tfl_read_tensor(struct tfl_reader *r, const struct fb_table *t, uint32_t index);

/* read_op.c: fill in g->ops[index] and its tensors' producers */
int tfl_read_op(struct tfl_reader *r, const struct fb_table *t, uint32_t index);

/**
 * tfl_read_indexes() - tensor numbers, checked
 * @who: for messages
 * @optional: -1 is allowed
 */
int tfl_read_indexes(struct tfl_reader *r, const struct fb_table *t, enum tfl_field f,
		     const char *who, bool optional, const int32_t **indexes, uint32_t *count);

/** tfl_read_outside() - contents at an offset of the file, for more than 2 GiB */
int tfl_read_outside(struct tfl_reader *r, const struct fb_table *t, enum tfl_field offset,
		     enum tfl_field size, struct tfl_buffer *out);

#endif /* OCTET_TFLITE_READ_H */
