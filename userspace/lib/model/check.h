/* SPDX-License-Identifier: MIT */
/* What a graph must obey before anything trusts its numbers. */
#ifndef OCTET_GRAPH_CHECK_H
#define OCTET_GRAPH_CHECK_H

#include "graph.h"

/**
 * octet_graph_check() - shapes, options and quantization of every operator
 * @err: gets a sentence with the tensor or operator, the value found and the rule
 *
 * Return: 0; -EINVAL; -ENOTSUP: a rule of this library's, not of the format.
 */
int octet_graph_check(const struct octet_graph *g, char *err, size_t err_size);

#endif /* OCTET_GRAPH_CHECK_H */
