// SPDX-License-Identifier: MIT
/*
 * Operations on the CPU fallback and on other libraries: their runs alternate, and what
 * counts is the median of each round's ratio, so that a busy machine hits both sides.
 * Prints JSON rows for tests/bench/cpu.
 *
 *	ops --levels
 *	ops LEVEL SECONDS wall|cpu [GROUP]
 *
 * cpu: the time that the process got, where too much else runs for a clock on the wall.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>

#include "../turns.h"
#include "peer.h"

#define PEERS	5

static const struct peer *const peers[PEERS] = {
	&peer_octet, &peer_octet_dbl, &peer_onednn, &peer_onednn_u8, &peer_xnnpack
};

/** struct candidate - a library with the operation ready */
struct candidate {
	const struct peer *peer;
	const char *version;
	struct entrant entrant;
};

static int differing(const int8_t *a, const int8_t *b, size_t n, int *most)
{
	int count = 0;

	*most = 0;
	for (size_t i = 0; i < n; i++) {
		const int by = abs(a[i] - b[i]);

		count += by > 0;
		*most = by > *most ? by : *most;
	}
	return count;
}

static void row(const char *level, const struct peer_op *op, const struct peer_data *d,
		struct candidate *e, int count)
{
	static const char *comma = "";
	char name[96];

	peer_name(op, name, sizeof(name));
	printf("%s{\"name\": \"%s\", \"group\": \"%s\", \"level\": \"%s\", \"macs\": %.0f, \"runs\": [",
	       comma, name, op->group, level, d->macs);
	for (int i = 0; i < count; i++) {
		const double us = median(e[i].entrant.seconds) * 1e6;
		void *state = e[i].entrant.state;
		int most, differ;

		differ = differing(e[0].peer->result(e[0].entrant.state),
				   e[i].peer->result(state), d->y_bytes, &most);
		printf("%s\n {\"peer\": \"%s\", \"version\": \"%s\", \"how\": \"%s\", \"us\": %.3f, "
		       "\"gmacs\": %.2f, \"ratio\": %.4f, \"differing\": %.6f, \"by\": %d}",
		       i ? "," : "", e[i].peer->name, e[i].version,
		       e[i].peer->how ? e[i].peer->how(state) : "", us, d->macs / us * 1e-3,
		       median_ratio(&e[i].entrant, &e[0].entrant), (double)differ / (double)d->y_bytes, most);
	}
	printf("]}\n");
	comma = ",";
	fflush(stdout);
}

static void measure(const char *level, const struct peer_op *op, const char *const *versions,
		    double seconds)
{
	struct entrant *entrants[PEERS];
	struct candidate e[PEERS];
	int count = 0;
	struct peer_data d;

	peer_numbers(op, &d);
	for (int i = 0; i < PEERS; i++) {
		e[count] = (struct candidate){ .peer = peers[i], .version = versions[i] };
		if (!versions[i])
			continue;
		e[count].entrant.state = peers[i]->make(op, &d);
		e[count].entrant.run = peers[i]->run;
		entrants[count] = &e[count].entrant;
		count += !!e[count].entrant.state;
	}
	take_turns(entrants, count, seconds);
	row(level, op, &d, e, count);
	for (int i = 0; i < count; i++)
		e[i].peer->free(e[i].entrant.state);
	peer_numbers_free(&d);
}

/* Those that this machine can run, one a line. */
static int levels(void)
{
	static const char *const all[] = { "scalar", "avx2", "avxvnni", "avx512vnni", "amx" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct octet_ctx *ctx;
		OCTET_OPTS(octet_open_opts, open);

		open.backend = OCTET_BACKEND_CPU;
		open.cpu_level = all[i];
		if (octet_open(&ctx, &open))
			continue;
		puts(all[i]);
		octet_close(ctx);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *versions[PEERS];

	if (argc == 2 && !strcmp(argv[1], "--levels"))
		return levels();
	if (argc < 4)
		peer_die("usage: ops LEVEL SECONDS wall|cpu [GROUP]");
	if (!strcmp(argv[3], "cpu"))
		the_clock = CLOCK_PROCESS_CPUTIME_ID;
	for (int i = 0; i < PEERS; i++)
		versions[i] = peers[i]->begin(argv[1]);
	if (!versions[0])
		peer_die("no level %s here", argv[1]);
	printf("[\n");
	for (size_t i = 0; i < peer_ops_count; i++)
		if (argc < 5 || strstr(peer_ops[i].group, argv[4]))
			measure(argv[1], &peer_ops[i], versions, atof(argv[2]));
	printf("]\n");
	return 0;
}
