// SPDX-License-Identifier: MIT
/*
 * Fuzzes the reader of .tflite files, the checks of what it reads, and the
 * writer: whatever the bytes are, they are refused with words, or they make a
 * graph that comes back unchanged from a file written of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_files.h"
#include "tflite/tflite.h"

#define ERR 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool good, const char *what, const char *detail)
{
	if (good)
		return;
	fprintf(stderr, "fuzz: %s: %s\n", what, detail);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct octet_graph *g, *h;
	char err[ERR] = "", out[128];
	size_t bytes;
	void *file;

	if (octet_tflite_read(data, size, &g, err, sizeof(err))) {
		demand(strlen(err) > 8, "refused without words", err);
		return 0;
	}
	if (octet_graph_check(g, err, sizeof(err)))
		demand(strlen(err) > 8, "refused without words", err);
	demand(!octet_tflite_write(g, &file, &bytes, err, sizeof(err)), "not written", err);
	demand(!octet_tflite_read(file, bytes, &h, err, sizeof(err)), "not read again", err);
	demand(!graph_differs(g, h, out), "differs when read again", out);
	octet_graph_free(g);
	octet_graph_free(h);
	free(file);
	return 0;
}
