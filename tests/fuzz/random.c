// SPDX-License-Identifier: MIT
/*
 * The fuzzer's target on random inputs, without libFuzzer: what every run of
 * the tests can afford. With files as arguments it replays those.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define INPUTS	6000
#define LARGEST	1024

static void replay(const char *name)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(name, "rb");

	if (!file) {
		perror(name);
		exit(1);
	}
	LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file));
	fclose(file);
}

/* Half of the bytes are small: actions that build on each other. */
static void random_input(uint32_t seed)
{
	uint8_t data[LARGEST];
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < sizeof(data); i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		data[i] = (uint8_t)(x & 0x100 ? x : x & 15);
	}
	LLVMFuzzerTestOneInput(data, LARGEST / 4 + x % (LARGEST * 3 / 4));
}

/* Each operation has been compared, and links have. */
static bool all_seen(void)
{
	for (int op = 1; op <= OCTET_OP_TCONV2D; op++) {
		printf("op %d: %llu compared\n", op, fuzz_seen.by_op[op]);
		if (!fuzz_seen.by_op[op])
			return false;
	}
	return fuzz_seen.links && fuzz_seen.stopped && fuzz_seen.saved && fuzz_seen.loaded;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? argc - 1 : INPUTS;
	bool ok;

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	for (uint32_t i = 0; argc == 1 && i < INPUTS; i++)
		random_input(i);
	printf("%d inputs, %llu commands computed, %llu compared with the model, %llu links\n",
	       count, fuzz_seen.computed, fuzz_seen.compared, fuzz_seen.links);
	printf("%llu jobs stopped, %llu states saved, %llu changed ones loaded\n",
	       fuzz_seen.stopped, fuzz_seen.saved, fuzz_seen.loaded);
	ok = argc > 1 || all_seen();
	printf("%d passed, %d failed, 0 skipped\n", ok, !ok);
	return !ok;
}
