/* SPDX-License-Identifier: MIT */
/*
 * Times several things against each other, in turns, so that a busy machine hits all
 * of them: what counts is the median of each round's ratio.
 */
#ifndef OCTET_BENCH_TURNS_H
#define OCTET_BENCH_TURNS_H

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS	21

/** struct entrant - run(@state) is timed; @seconds by round, of one run */
struct entrant {
	void (*run)(void *state);
	void *state;
	double seconds[ROUNDS];
};

static clockid_t the_clock = CLOCK_MONOTONIC;

static inline double now(void)
{
	struct timespec t;

	clock_gettime(the_clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double median(const double *v)
{
	double sorted[ROUNDS];

	memcpy(sorted, v, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), by_size);
	return sorted[ROUNDS / 2];
}

/* Of the rounds' ratios: above 1 where @e takes longer than @one. */
static inline double median_ratio(const struct entrant *e, const struct entrant *one)
{
	double ratio[ROUNDS];

	for (int r = 0; r < ROUNDS; r++)
		ratio[r] = e->seconds[r] / one->seconds[r];
	return median(ratio);
}

/* So many that a turn lasts as long as asked for. */
static inline int repetitions(const struct entrant *e, double turn)
{
	double best = 1e9;

	for (int i = 0; i < 5; i++) {
		const double start = now();
		double took;

		e->run(e->state);
		took = now() - start;
		best = took < best ? took : best;
	}
	turn /= best;
	return turn < 1 ? 1 : turn > 1e5 ? 100000 : (int)turn;
}

/* All rounds of @count entrants, at most 16, in @seconds. */
static inline void take_turns(struct entrant *const *e, int count, double seconds)
{
	int times[16];

	for (int i = 0; i < count; i++)
		times[i] = repetitions(e[i], seconds / ROUNDS / count);
	for (int r = 0; r < ROUNDS; r++) {
		for (int turn = 0; turn < count; turn++) {
			/* who is first, and who comes after whom, changes */
			const int at = r % 2 ? count - 1 - turn : turn;
			const int i = (at + r / 2) % count;
			const double start = now();

			for (int j = 0; j < times[i]; j++)
				e[i]->run(e[i]->state);
			e[i]->seconds[r] = (now() - start) / times[i];
		}
	}
}

#endif
