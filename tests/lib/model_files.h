/* SPDX-License-Identifier: MIT */
/* Public models where the machine has them, and comparing graphs. */
#ifndef OCTET_TESTS_MODEL_FILES_H
#define OCTET_TESTS_MODEL_FILES_H

#include "model/graph.h"

/** model_folder() - OCTET_DATA, or ../shared/data beside the project; NULL: not there */
const char *model_folder(void);

/** model_load() - a whole file, to be freed; ends the program if it cannot be read */
void *model_load(const char *path, size_t *size);

/**
 * model_each() - call @visit for every file of @pattern in the folder
 * @pattern: with wildcards, such as "models/" "*" "/model.tflite"
 *
 * Return: how many there were.
 */
size_t model_each(const char *pattern, void (*visit)(const char *path));

/** graph_differs() - what two graphs differ in, in @out; NULL: nothing */
const char *graph_differs(const struct octet_graph *a, const struct octet_graph *b, char out[128]);

#endif /* OCTET_TESTS_MODEL_FILES_H */
