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
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <octet.h>

#include "peer.h"

#define ROUNDS	21
#define PEERS	5

static const struct peer *const peers[PEERS] = {
	&peer_octet, &peer_octet_dbl, &peer_onednn, &peer_onednn_u8, &peer_xnnpack
};

static clockid_t the_clock = CLOCK_MONOTONIC;

static double now(void)
{
	struct timespec t;

	clock_gettime(the_clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *v, int n)
{
	double sorted[ROUNDS];

	memcpy(sorted, v, (size_t)n * sizeof(*v));
	qsort(sorted, (size_t)n, sizeof(*sorted), by_size);
	return sorted[n / 2];
}

/** struct entrant - a library with the operation ready; @seconds by round, of a run */
struct entrant {
	const struct peer *peer;
	const char *version;
	void *state;
	double seconds[ROUNDS];
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
		struct entrant *e, int count)
{
	static const char *comma = "";
	char name[96];

	peer_name(op, name, sizeof(name));
	printf("%s{\"name\": \"%s\", \"group\": \"%s\", \"level\": \"%s\", \"macs\": %.0f, \"runs\": [",
	       comma, name, op->group, level, d->macs);
	for (int i = 0; i < count; i++) {
		double ratio[ROUNDS];
		int most, differ;

		for (int r = 0; r < ROUNDS; r++)
			ratio[r] = e[i].seconds[r] / e[0].seconds[r];
		differ = differing(e[0].peer->result(e[0].state), e[i].peer->result(e[i].state),
				   d->y_bytes, &most);
		printf("%s\n {\"peer\": \"%s\", \"version\": \"%s\", \"how\": \"%s\", \"us\": %.3f, "
		       "\"gmacs\": %.2f, \"ratio\": %.4f, \"differing\": %.6f, \"by\": %d}",
		       i ? "," : "", e[i].peer->name, e[i].version,
		       e[i].peer->how ? e[i].peer->how(e[i].state) : "",
		       median(e[i].seconds, ROUNDS) * 1e6,
		       d->macs / median(e[i].seconds, ROUNDS) * 1e-9, median(ratio, ROUNDS),
		       (double)differ / (double)d->y_bytes, most);
	}
	printf("]}\n");
	comma = ",";
	fflush(stdout);
}

/* So many that a turn lasts as long as asked for. */
static int repetitions(struct entrant *e, double turn)
{
	double best = 1e9;

	for (int i = 0; i < 5; i++) {
		const double start = now();

		e->peer->run(e->state);
		best = fmin(best, now() - start);
	}
	return (int)fmin(fmax(turn / best, 1), 1e5);
}

static void measure(const char *level, const struct peer_op *op, const char *const *versions,
		    double seconds)
{
	struct entrant e[PEERS];
	int count = 0, times[PEERS];
	struct peer_data d;

	peer_numbers(op, &d);
	for (int i = 0; i < PEERS; i++) {
		e[count] = (struct entrant){ .peer = peers[i], .version = versions[i] };
		if (!versions[i])
			continue;
		e[count].state = peers[i]->make(op, &d);
		count += !!e[count].state;
	}
	for (int i = 0; i < count; i++)
		times[i] = repetitions(&e[i], seconds / ROUNDS / count);
	for (int r = 0; r < ROUNDS; r++) {
		for (int turn = 0; turn < count; turn++) {
			/* who is first, and who comes after whom, changes */
			const int at = r % 2 ? count - 1 - turn : turn;
			const int i = (at + r / 2) % count;
			const double start = now();

			for (int j = 0; j < times[i]; j++)
				e[i].peer->run(e[i].state);
			e[i].seconds[r] = (now() - start) / times[i];
		}
	}
	row(level, op, &d, e, count);
	for (int i = 0; i < count; i++)
		e[i].peer->free(e[i].state);
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
