// SPDX-License-Identifier: MIT
/*
 * A function's registers leave the memory map and come back, again and again, while
 * another processor works with its timer, whose registers are above them: each expiry
 * must come, wherever the map is. For the emulator; no driver is bound.
 *
 * usage: bars CONFIG SECONDS, CONFIG the file of the function's configuration space
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "tap.h"

#define COMMAND 4
#define COMMAND_MEMORY 2u
#define STUCK_S 20

static atomic_bool stop;
static atomic_uint naps;

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bail("no processor %d", cpu);
}

static void *nap(void *arg)
{
	const struct timespec t = { .tv_nsec = 20000 };

	run_on(1);
	while (!stop) {
		nanosleep(&t, NULL);
		naps++;
	}
	return arg;
}

static void command(int config, bool memory)
{
	uint16_t value;

	if (pread(config, &value, 2, COMMAND) != 2)
		bail("the command register cannot be read");
	value = memory ? value | COMMAND_MEMORY : value & ~COMMAND_MEMORY;
	if (pwrite(config, &value, 2, COMMAND) != 2)
		bail("the command register cannot be written");
}

/* Without a timer of our own: it might be the one that never comes. */
static bool naps_on(void)
{
	unsigned int before = naps;
	time_t end = time(NULL) + STUCK_S;

	while (naps < before + 3 && time(NULL) < end)
		;
	return naps >= before + 3;
}

int main(int argc, char **argv)
{
	unsigned int turns = 0;
	pthread_t thread;
	time_t end;
	int config;

	tap_start(120);
	if (argc != 3) {
		fputs("usage: bars CONFIG SECONDS\n", stderr);
		return 2;
	}
	config = open(argv[1], O_RDWR);
	if (config < 0)
		bail("%s: %s", argv[1], strerror(errno));
	run_on(0);
	pthread_create(&thread, NULL, nap, NULL);
	for (end = time(NULL) + atoi(argv[2]); time(NULL) < end || turns < 100; turns++) {
		command(config, false);
		command(config, true);
	}
	check(naps_on(), "a timer lives on while registers come and go %u times: %u expiries",
	      turns, naps);
	stop = true;
	if (!tap.failed)
		pthread_join(thread, NULL);
	return tap_end();
}
