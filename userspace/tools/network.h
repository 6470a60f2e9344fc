/* SPDX-License-Identifier: MIT */
/* What the subcommands about models share. */
#ifndef OCTET_NETWORK_H
#define OCTET_NETWORK_H

#include <stdio.h>

#include "tool.h"

/**
 * struct tool_network - a model, ready to run
 *
 * @load_s: seconds to load and check the file; @plan_s: to make the plan
 * @sample_bytes: [inputs] of one sample; @result_bytes: [outputs]
 */
struct tool_network {
	struct octet_ctx *ctx;
	struct octet_model *model;
	struct octet_plan *plan;
	uint32_t inputs, outputs, batch, slots;
	size_t sample_bytes[TOOL_INPUTS], result_bytes[TOOL_INPUTS];
	double load_s, plan_s;
};

/** tool_network_open() - load @o->model and plan it; prints why not. An exit code */
int tool_network_open(struct tool_network *n, const struct tool_options *o,
		      const struct octet_plan_opts *opts);
/** tool_network_plan() - of a model that is loaded, on another context */
int tool_network_plan(struct tool_network *n, struct octet_ctx *ctx, struct octet_model *model,
		      const struct tool_options *o, const struct octet_plan_opts *opts);
void tool_network_close(struct tool_network *n);

/** struct tool_samples - samples of each input, back to back in the model's own type */
struct tool_samples {
	uint8_t *data[TOOL_INPUTS];
	unsigned long count;
};

/** tool_samples_read() - @paths: one per input; prints why not. An exit code */
int tool_samples_read(const struct tool_network *n, const struct tool_options *o,
		      const char *const *paths, unsigned int path_count, struct tool_samples *s);
/** tool_samples_random() - @count samples of random bytes (floats: -1..1; int32, int64, bool: 0, 1) */
int tool_samples_random(const struct tool_network *n, uint64_t seed, unsigned long count,
			struct tool_samples *s);
void tool_samples_free(struct tool_samples *s);

/** tool_image_read() - an image as one sample of @t, malloced; NULL: printed why */
uint8_t *tool_image_read(const struct tool_options *o, const char *path,
			 const struct octet_tensor_info *t);
bool tool_is_image(const char *path);

/** tool_npy_read() - the values of a .npy file, malloced; NULL: printed why */
uint8_t *tool_npy_read(const char *path, enum octet_dtype *type, size_t *bytes);

/** tool_npy_open() - a .npy file at its values, all of which are there; NULL: printed why */
FILE *tool_npy_open(const char *path, enum octet_dtype *type, size_t *bytes);

/** tool_encode() - real values to a tensor's own type; 0, or -EINVAL for NaN or a type without */
int tool_encode(const struct octet_tensor_info *t, const float *in, size_t count, void *out);
/** tool_decode() - element @i of a tensor's contents as a real value */
double tool_decode(const struct octet_tensor_info *t, const void *data, size_t i);
size_t tool_element_bytes(enum octet_dtype type);

/**
 * tool_run_samples() - all samples, several in flight
 * @done: called in order of the samples, with pointers to its outputs; may be NULL
 * @wall_s: seconds of all runs; may be NULL
 *
 * An exit code, the reason printed.
 */
int tool_run_samples(struct tool_network *n, const struct tool_samples *s, const char *what,
		     void (*done)(void *opaque, unsigned long sample, const void *const *outputs),
		     void *opaque, double *wall_s);

/**
 * tool_with_samples() - open @o->model, read samples, do @work with them, close
 * @paths: one per input
 *
 * An exit code, the reason printed.
 */
int tool_with_samples(const struct tool_options *o, const char *const *paths,
		      unsigned int path_count,
		      int (*work)(const struct tool_options *o, struct tool_network *n,
				  struct tool_samples *samples));

/** tool_elements() - of a tensor; 0: several share a byte */
size_t tool_elements(const struct octet_tensor_info *t);

/** tool_peak_kib() - largest resident size of this process so far */
long tool_peak_kib(void);

/** tool_packed_bytes() - how many more bytes int8 and float16 weights of a float model took as float32 */
long long tool_packed_bytes(const struct octet_model *model);
/** tool_print_sizes() - of files; the ratio is that of float32 weights, where @packed says so */
void tool_print_sizes(long long before, long long packed, long long after);

/** tool_dims() - "1x49x10x1" */
const char *tool_dims(const struct octet_tensor_info *t, char *out, size_t size);

/** struct tool_labels - lines of a file */
struct tool_labels {
	char *text;
	char **line;
	size_t count;
};

int tool_labels_read(const char *path, struct tool_labels *l);
void tool_labels_free(struct tool_labels *l);

/**
 * tool_classes_read() - the class of each of @samples samples, below @classes
 * @set: name of the samples, for messages
 *
 * Prints what is wrong. An exit code.
 */
int tool_classes_read(const char *path, const char *set, unsigned long samples, size_t classes,
		      long *class);

struct json_object;

/** tool_ops_json() - every operator of a plan */
struct json_object *tool_ops_json(const struct tool_network *n);
const char *tool_where(const struct octet_plan_op *op);

/* The longest name of an operator: the width of its column. */
int tool_name_width(const struct tool_network *n);

#endif
