// SPDX-License-Identifier: MIT
/* octet: look at, test and measure an Octet accelerator. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

/* @takes: its options, by the letters of parse() */
struct subcommand {
	const char *name;
	int (*run)(const struct tool_options *o);
	const char *summary;
	const char *takes;
};

static const struct subcommand subcommands[] = {
	{ "info", cmd_info, "what is there: backend, machine, counters", "bdmlj" },
	{ "selftest", cmd_selftest, "random operations: device against CPU fallback", "bdmljsc" },
	{ "bench", cmd_bench, "speed of operations and of submission", "bdmljsq" },
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void usage(FILE *f)
{
	fputs("usage: octet COMMAND [options]\n\n", f);
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		fprintf(f, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
	fputs("\n"
	      "  --backend B     drm, sim, cpu or auto: the device if there is one, else sim\n"
	      "  --device PATH   a device node, such as /dev/accel/accel0\n"
	      "  --machine P     the simulator with these properties, such as\n"
	      "                  array=a512,dram-bytes-per-cycle=12; implies --backend sim\n"
	      "  --cpu LEVEL     the CPU fallback: scalar, avx2 or avx512vnni\n"
	      "  --count N       selftest: how many operations (300)\n"
	      "  --seed N        selftest, bench: random numbers; each run prints its seed\n"
	      "  --quick         bench: fewer repetitions\n"
	      "  --json FILE     the result as JSON too; -: to standard output, the text\n"
	      "                  then goes to standard error\n"
	      "  --help, --version\n\n"
	      "Exit: 0 fine, 1 results differ, 2 wrong usage, 3 it could not be done.\n", f);
}

static int number(const char *name, const char *text, uint64_t lo, uint64_t hi, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	/* strtoull() itself takes signs and blanks before a number. */
	if (!errno && text[0] >= '0' && text[0] <= '9' && !*end && *value >= lo && *value <= hi)
		return 0;
	fprintf(stderr, "octet: --%s '%s': must be a number from %" PRIu64 " to %" PRIu64 "\n",
		name, text, lo, hi);
	return -EINVAL;
}

static int set(struct tool_options *o, int c, const char *arg)
{
	uint64_t n = 0;

	switch (c) {
	case 'b':
		if (!octet_backend_parse(arg, &o->backend))
			return 0;
		fprintf(stderr, "octet: --backend '%s': must be drm, sim, cpu or auto\n", arg);
		return -EINVAL;
	case 'd':
		o->device = arg;
		return 0;
	case 'm':
		o->machine = arg;
		return 0;
	case 'l':
		o->cpu_level = arg;
		return 0;
	case 'j':
		o->json = arg;
		return 0;
	case 'c':
		if (number("count", arg, 1, 1000000000, &n))
			return -EINVAL;
		o->count = n;
		return 0;
	case 's':
		return number("seed", arg, 0, UINT64_MAX, &o->seed);
	case 'q':
		o->quick = true;
		return 0;
	default:
		fputs("octet: see octet --help\n", stderr);
		return -EINVAL;
	}
}

static const struct option options[] = {
	{ "backend", required_argument, NULL, 'b' },
	{ "device", required_argument, NULL, 'd' },
	{ "machine", required_argument, NULL, 'm' },
	{ "cpu", required_argument, NULL, 'l' },
	{ "json", required_argument, NULL, 'j' },
	{ "count", required_argument, NULL, 'c' },
	{ "seed", required_argument, NULL, 's' },
	{ "quick", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]) - 1)

/* @given: by the index of the option */
static int parse(int argc, char **argv, struct tool_options *o, bool *given)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			exit(EXIT_OK);
		}
		if (c == 'v') {
			printf("octet %s\n", octet_version());
			exit(EXIT_OK);
		}
		if (set(o, c, optarg))
			return -EINVAL;
		for (size_t i = 0; i < N_OPTIONS; i++)
			given[i] |= options[i].val == c;
	}
	return 0;
}

/* An option that would change nothing is a mistake of the caller. */
static int check(const struct subcommand *sub, const struct tool_options *o, const bool *given)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (!given[i] || strchr(sub->takes, options[i].val))
			continue;
		fprintf(stderr, "octet %s: --%s is not one of its options; see octet --help\n",
			sub->name, options[i].name);
		return -EINVAL;
	}
	if (o->machine && (o->backend == OCTET_BACKEND_DRM || o->backend == OCTET_BACKEND_CPU)) {
		fprintf(stderr, "octet %s: --machine is for --backend sim, not %s\n", sub->name,
			octet_backend_name(o->backend));
		return -EINVAL;
	}
	if (o->device && (o->backend == OCTET_BACKEND_SIM || o->backend == OCTET_BACKEND_CPU)) {
		fprintf(stderr, "octet %s: --device is for --backend drm, not %s\n", sub->name,
			octet_backend_name(o->backend));
		return -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tool_options o = { .seed = (uint64_t)time(NULL) };
	const struct subcommand *sub = NULL;
	bool given[N_OPTIONS] = { false };

	if (parse(argc, argv, &o, given))
		return EXIT_USAGE;
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (!strcmp(argv[optind], subcommands[i].name))
			sub = &subcommands[i];
	if (!sub) {
		fprintf(stderr, "octet: there is no command '%s'; see octet --help\n",
			argv[optind]);
		return EXIT_USAGE;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "octet %s: '%s' is one argument too many\n", sub->name,
			argv[optind + 1]);
		return EXIT_USAGE;
	}
	if (check(sub, &o, given))
		return EXIT_USAGE;
	if (o.machine)
		o.backend = OCTET_BACKEND_SIM;
	if (tool_prepare_json(o.json))
		return EXIT_FAILED;
	return sub->run(&o);
}
