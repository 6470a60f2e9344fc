/* SPDX-License-Identifier: MIT */
/* A loaded model: a checked graph, and the mapping it lies in. */
#ifndef OCTET_MODEL_H
#define OCTET_MODEL_H

#include "graph.h"

/**
 * struct octet_model
 *
 * @map: of the file, NULL when the caller's memory is borrowed
 */
struct octet_model {
	struct octet_graph *graph;
	void *map;
	size_t map_bytes;
};

/** octet_graph_macs() - multiply-accumulates of an operator, by its shapes */
uint64_t octet_graph_macs(const struct octet_graph *g, const struct octet_graph_op *op);

/** octet_graph_params() - options of an operator for people: "3x3 stride 2x2 same relu6" */
void octet_graph_params(const struct octet_graph *g, const struct octet_graph_op *op, char *out,
			size_t size);

#endif /* OCTET_MODEL_H */
