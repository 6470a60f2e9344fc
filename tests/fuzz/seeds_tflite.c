// SPDX-License-Identifier: MIT
/* usage: tflite_seeds FOLDER: the tests' small networks, for the fuzzer to start from. */
#include <stdio.h>
#include <stdlib.h>

#include "models.h"

static int save(const char *folder, const struct mb_sample *sample)
{
	struct mb *m = mb_new(1);
	char path[512];
	size_t size;
	void *bytes;
	FILE *file;
	int rc;

	sample->build(m);
	mb_finish(m, &bytes, &size);
	snprintf(path, sizeof(path), "%s/%s.tflite", folder, sample->name);
	file = fopen(path, "wb");
	rc = !file || fwrite(bytes, 1, size, file) != size;
	if (file)
		rc |= fclose(file) != 0;
	if (rc)
		perror(path);
	free(bytes);
	mb_free(m);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = argc != 2;

	for (const struct mb_sample *s = mb_samples; s->name && !rc; s++)
		rc = save(argv[1], s);
	for (const struct mb_sample *s = mb_odd; s->name && !rc; s++)
		rc = save(argv[1], s);
	return rc;
}
