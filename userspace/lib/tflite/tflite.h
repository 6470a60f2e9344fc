/* SPDX-License-Identifier: MIT */
/* .tflite files: a graph from bytes, and bytes from a graph. */
#ifndef OCTET_TFLITE_H
#define OCTET_TFLITE_H

#include "../model/graph.h"

/**
 * octet_tflite_read() - a graph from a file in memory
 * @data: @bytes of them, only read; names and constants of the graph lie there
 *	and so it must outlive the graph
 * @graph: to be freed with octet_graph_free(); untouched on failure
 * @err: gets a sentence on failure; may be NULL
 *
 * Whatever the bytes are, nothing outside them is touched. What the graph
 * means is not checked here but in octet_graph_check().
 *
 * Return: 0; -EINVAL malformed; -ENOTSUP well-formed but not for this library
 * (several subgraphs, sparse tensors, unknown element types); -EFBIG over a
 * limit; -ENOMEM.
 */
int octet_tflite_read(const void *data, size_t bytes, struct octet_graph **graph, char *err,
		      size_t err_size);

/**
 * octet_tflite_write() - a file from a graph
 * @bytes: to be freed with free(); untouched on failure
 *
 * Constants lie at multiples of 16 bytes. Return: 0; -EINVAL: the graph names
 * tensors that it does not have, or lacks a name; -EFBIG: over 2 GiB; -ENOMEM.
 */
int octet_tflite_write(const struct octet_graph *graph, void **bytes, size_t *size, char *err,
		       size_t err_size);

#endif /* OCTET_TFLITE_H */
