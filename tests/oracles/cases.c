// SPDX-License-Identifier: MIT
/*
 * The cases of tests/unit/test_host_golden.c for an oracle, and its results
 * compared with the host's:
 *
 *	cases >in; oracle <in >out; cases out
 *
 * Not part of the build; with the archives that it leaves:
 *
 *	cc -Iuapi -Iuserspace/include -Iuserspace/lib -Itests/unit -o cases \
 *		tests/oracles/cases.c build/obj/opt/libtests.a \
 *		build/obj/opt/liboctet.a build/obj/opt/liboctet-cpu.a \
 *		build/obj/opt/liboctet-core.a -lcmocka -ldrm -lpthread -lm
 */
#include <stdlib.h>
#include <string.h>

#include "test_host_cases.h"

#define CASES 200

static const struct host_group *const sets[] = {
	host_groups_value, host_groups_move, host_groups_rows, host_groups_heavy,
	host_groups_cell, host_groups_boxes,
};

struct tally {
	unsigned long cases, refused, bytes, different;
};

static void *read_output(FILE *f, uint64_t bytes)
{
	uint64_t there;
	char *v;

	if (fread(&there, sizeof(there), 1, f) != 1 || there != bytes) {
		fprintf(stderr, "the oracle's output has another size\n");
		exit(1);
	}
	v = malloc(bytes + 1);
	if (!v || fread(v, 1, bytes, f) != bytes)
		exit(1);
	return v;
}

/* Beyond the last detection TFLite leaves what was there. */
static uint64_t meant(const struct one *o, uint32_t output, uint64_t bytes)
{
	uint64_t n;

	if (o->op.code != OCTET_G_CUSTOM || output == 3)
		return bytes;
	n = (uint64_t)*(float *)o->buffers[o->out[3]] * (output ? 4 : 16);
	return n < bytes ? n : bytes;
}

static void compare(struct one *o, FILE *f, struct tally *t)
{
	uint32_t status;
	int ret = one_run(o);

	if (fread(&status, sizeof(status), 1, f) != 1)
		exit(1);
	t->cases++;
	if (status || ret) {
		t->refused++;
		return;
	}
	for (uint32_t i = 0; i < o->op.output_count; i++) {
		uint64_t bytes = o->t[o->out[i]].bytes;
		const char *mine = o->buffers[o->out[i]];
		char *theirs = read_output(f, bytes);

		for (uint64_t k = 0; k < meant(o, i, bytes); k++, t->bytes++)
			t->different += mine[k] != theirs[k];
		free(theirs);
	}
}

static void group(const struct host_group *g, FILE *results)
{
	struct one *o = malloc(sizeof(*o));
	struct tally t = { 0 };

	for (uint64_t seed = 0; o && seed < CASES; seed++) {
		one_begin(o, g->code, g->name, seed);
		g->build(o);
		if (results)
			compare(o, results, &t);
		else
			one_dump(o, stdout);
		one_end(o);
	}
	free(o);
	if (results)
		printf("%-28s %lu cases, %lu refused, %lu bytes, %lu different\n", g->name,
		       t.cases, t.refused, t.bytes, t.different);
}

int main(int argc, char **argv)
{
	FILE *results = argc > 1 ? fopen(argv[1], "rb") : NULL;

	if (argc > 1 && !results) {
		perror(argv[1]);
		return 1;
	}
	for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++)
		for (const struct host_group *g = sets[s]; g->name; g++)
			group(g, results);
	return 0;
}
