// SPDX-License-Identifier: MIT
/*
 * Small networks as files: small_models FOLDER writes FOLDER/NAME.tflite for each network
 * of tests/lib/models_ready.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "models.h"

static int write_one(const char *folder, const struct mb_sample *s)
{
	struct mb *m = mb_new(1);
	char path[512];
	size_t size;
	void *bytes;
	FILE *f;
	int ok;

	s->build(m);
	mb_finish(m, &bytes, &size);
	mb_free(m);
	snprintf(path, sizeof(path), "%s/%s.tflite", folder, s->name);
	f = fopen(path, "wb");
	ok = f && fwrite(bytes, 1, size, f) == size;
	if (f && fclose(f))
		ok = 0;
	free(bytes);
	if (!ok)
		perror(path);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	int ret = 0;

	if (argc != 2) {
		fputs("usage: small_models FOLDER\n", stderr);
		return 2;
	}
	for (const struct mb_sample *s = mb_samples; s->name && !ret; s++) {
		ret = write_one(argv[1], s);
		puts(s->name);
	}
	return ret;
}
