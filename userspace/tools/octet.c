// SPDX-License-Identifier: MIT
/* octet: look at, test and measure an Octet accelerator. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

/*
 * @takes: its options, by the letters of parse()
 * @model: takes a model: 'n' no, 'y' yes, 'o' if given, 't' two of them
 */
struct subcommand {
	const char *name;
	int (*run)(const struct tool_options *o);
	char model;
	const char *summary;
	const char *takes;
};

static const struct subcommand subcommands[] = {
	{ "info", cmd_info, 'o', "the machine; of a MODEL: each operator, where it runs and why",
	  "bdmlujfBRK" },
	{ "run", cmd_run, 'y', "run a network on samples", "bdmlujfBnRiotLkMDCX" },
	{ "verify", cmd_verify, 'y', "a network, layer by layer, against the CPU fallback",
	  "bdmlujfBRitMDCXs" },
	{ "profile", cmd_profile, 'y', "cycles and stalls of each operator", "bdmlujfBRitMDCXPs" },
	{ "accuracy", cmd_accuracy, 'y', "how many samples of a set a network gets right",
	  "bdmlujfBnRSTLMDCX" },
	{ "quantize", cmd_quantize, 'y', "an int8 network from a float one and samples",
	  "jluAapreOxNoMDCXFwgEZWGJV" },
	{ "compare", cmd_compare, 't', "what quantization cost, layer by layer",
	  "bdmlujfSLNHIMDCX" },
	{ "selftest", cmd_selftest, 'n', "random operations: device against CPU fallback", "bdmlujsc" },
	{ "bench", cmd_bench, 'n', "speed of operations and of submission", "bdmlujsq" },
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

/* Of each option: its letter, how it is written, and what it does. */
static const struct {
	char letter;
	const char *form, *text;
} texts[] = {
	{ 'b', "--backend B",
	  "drm, sim, cpu or auto: the device if there is one, else sim" },
	{ 'd', "--device PATH",
	  "a device node, such as /dev/accel/accel0" },
	{ 'm', "--machine P",
	  "the simulator with these properties, such as\n"
	  "array=a512,dram-bytes-per-cycle=12; implies --backend sim" },
	{ 'l', "--cpu LEVEL",
	  "the CPU fallback: scalar, avx2, avx512vnni or amx" },
	{ 'u', "--threads N",
	  "the CPU fallback: so many threads for an operation, or all (1)" },
	{ 'f', "--flavour F",
	  "whose rounding: tflite (reference kernels, the default), tflite-opt\n"
	  "(its optimized kernels on x86), xnnpack" },
	{ 'B', "--batch N",
	  "run, info, profile, accuracy, verify: N samples as one inference" },
	{ 'n', "--slots N",
	  "run, accuracy: up to N inferences in flight (2)" },
	{ 'R', "--no-sram",
	  "all activations in DRAM, no chains" },
	{ 'K', "--no-fusion",
	  "info: each operator by itself, every activation kept" },
	{ 'i', "--input FILE",
	  "samples back to back in the model's own type, a .npy file, or an\n"
	  "image; once for each input of the model" },
	{ 't', "--input-type T",
	  "native (default) or float32: real values, quantized by the model's\n"
	  "own parameters" },
	{ 'M', "--mean V[,V,V]",
	  "images: subtracted from each pixel (0..255)" },
	{ 'D', "--std V[,V,V]",
	  "images: then divided by; without both the pixel is the code" },
	{ 'C', "--color C",
	  "images: rgb (default) or bgr" },
	{ 'X', "--crop C",
	  "images: none (default: stretched) or center" },
	{ 'o', "--output FILE",
	  "run: outputs back to back in the model's own type; quantize: the\n"
	  "int8 model; also -o" },
	{ 'L', "--labels FILE",
	  "run: names of the classes, one a line; accuracy: one sample a line,\n"
	  "its class in the last column" },
	{ 'k', "--top K",
	  "run: how many classes to print (5)" },
	{ 'S', "--set FILE",
	  "accuracy: samples, as --input; compare: float32 samples back to\n"
	  "back, a .npy file, or a folder of these and images" },
	{ 'T', "--set-type T",
	  "accuracy: native or float32" },
	{ 'A', "--calibrate SET",
	  "quantize: samples as compare's --set, once per input of the model" },
	{ 'N', "--limit N",
	  "quantize, compare: N samples, spread evenly over the set" },
	{ 'O', "--observer O",
	  "quantize: how ranges are found: minmax (default), moving,\n"
	  "percentile, histogram, mse, entropy" },
	{ 'e', "--percentile P",
	  "quantize: percent of the values inside (99.999)" },
	{ 'a', "--activations T",
	  "quantize: int8 (default) or uint8" },
	{ 'p', "--per-tensor",
	  "quantize: one scale for all weights of an operator" },
	{ 'r', "--real-io",
	  "quantize: inputs and outputs stay float32" },
	{ 'x', "--exclude P",
	  "quantize: operators that stay float, by type (SOFTMAX) or name of\n"
	  "the result; P may have * and ?; any number of times" },
	{ 'F', "--format F",
	  "quantize: int8 (default); int16x8: activations of 16 bits; without\n"
	  "samples dynamic-range, weight-only and float16" },
	{ 'w', "--weights T",
	  "quantize: int8 (default) or int4" },
	{ 'V', "--rank",
	  "quantize: what each operator costs alone, the worst first" },
	{ 'W', "--keep-worst N",
	  "quantize: the N worst of these stay float" },
	{ 'E', "--equalize",
	  "quantize: equal ranges of the channels of neighbouring layers" },
	{ 'Z', "--smooth A",
	  "quantize: SmoothQuant with this alpha, such as 0.5" },
	{ 'G', "--adaround",
	  "quantize: each weight up or down as the layer's result wants it" },
	{ 'J', "--correct-bias",
	  "quantize: the mean error of rounded weights off the biases" },
	{ 'g', "--no-fold",
	  "quantize: batch norm and activations stay operators of their own" },
	{ 'H', "--html FILE",
	  "compare: a page with plots" },
	{ 'I', "--no-isolated",
	  "compare: without each operator on the float model's activations" },
	{ 'P', "--trace FILE",
	  "profile: a trace for ui.perfetto.dev" },
	{ 'c', "--count N",
	  "selftest: how many operations (300)" },
	{ 's', "--seed N",
	  "selftest, bench, verify, profile: random numbers; each run prints\n"
	  "its seed" },
	{ 'q', "--quick",
	  "bench: fewer repetitions" },
	{ 'j', "--json FILE",
	  "the result as JSON too; -: to standard output, the text\n"
	  "then goes to standard error" },
};

static void print_option(FILE *f, const char *form, const char *text)
{
	const char *end = strchr(text, '\n');

	fprintf(f, "  %-15s %.*s\n", form, end ? (int)(end - text) : (int)strlen(text), text);
	if (end)
		print_option(f, "", end + 1);
}

/* Of everything, or of one command with its options alone. */
static void usage(FILE *f, const struct subcommand *one)
{
	static const char *const model[] = { ['n'] = "", ['y'] = " MODEL", ['o'] = " [MODEL]",
					     ['t'] = " FLOAT INT8" };

	if (one)
		fprintf(f, "usage: octet %s%s [options]\n\n%s\n\n", one->name,
			model[(unsigned char)one->model], one->summary);
	else
		fputs("usage: octet COMMAND [MODEL] [options]\n\n", f);
	for (size_t i = 0; i < N_SUBCOMMANDS && !one; i++)
		fprintf(f, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
	if (!one)
		fputs("\nMODEL is a .tflite file; compare takes two: octet compare FLOAT INT8.\n"
		      "octet COMMAND --help: the options of one command.\n\n", f);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!one || strchr(one->takes, texts[i].letter))
			print_option(f, texts[i].form, texts[i].text);
	fputs("  --help, --version\n\n"
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

static int set_small(const char *name, const char *text, uint32_t hi, uint32_t *value)
{
	uint64_t n = 0;

	if (number(name, text, 1, hi, &n))
		return -EINVAL;
	*value = (uint32_t)n;
	return 0;
}

/* One of two words. */
static int set_word(const char *name, const char *text, const char *off, const char *on, bool *value)
{
	*value = !strcmp(text, on);
	if (*value || !strcmp(text, off))
		return 0;
	fprintf(stderr, "octet: --%s '%s': must be %s or %s\n", name, text, off, on);
	return -EINVAL;
}

/* One number for all channels, or three. */
static int set_reals(const char *name, const char *text, struct tool_reals *r)
{
	int n = 0;

	if (sscanf(text, "%f%n", &r->v[0], &n) == 1 && !text[n]) {
		r->v[1] = r->v[2] = r->v[0];
		r->given = true;
	} else if (sscanf(text, "%f,%f,%f%n", &r->v[0], &r->v[1], &r->v[2], &n) == 3 && !text[n]) {
		r->given = true;
	}
	if (r->given && isfinite(r->v[0]) && isfinite(r->v[1]) && isfinite(r->v[2]))
		return 0;
	fprintf(stderr, "octet: --%s '%s': must be one number, or three with commas\n", name, text);
	return -EINVAL;
}

/* What pixels are divided by. */
static int set_std(const char *text, struct tool_reals *r)
{
	if (set_reals("std", text, r))
		return -EINVAL;
	if (r->v[0] != 0 && r->v[1] != 0 && r->v[2] != 0)
		return 0;
	fprintf(stderr, "octet: --std '%s': pixels are divided by it, it must not be 0\n", text);
	return -EINVAL;
}

static int set_input(struct tool_options *o, const char *arg)
{
	if (o->input_count == TOOL_INPUTS) {
		fprintf(stderr, "octet: --input: more than %d inputs\n", TOOL_INPUTS);
		return -EINVAL;
	}
	o->inputs[o->input_count++] = arg;
	return 0;
}

static int set_backend(struct tool_options *o, const char *arg)
{
	if (!octet_backend_parse(arg, &o->backend))
		return 0;
	fprintf(stderr, "octet: --backend '%s': must be drm, sim, cpu or auto\n", arg);
	return -EINVAL;
}

static int set_flavour(struct tool_options *o, const char *arg)
{
	if (!octet_flavour_parse(arg, &o->flavour))
		return 0;
	fprintf(stderr, "octet: --flavour '%s': must be tflite, tflite-opt or xnnpack\n", arg);
	return -EINVAL;
}

static int set_add(const char *name, const char **list, unsigned int room, unsigned int *count,
		   const char *arg)
{
	if (*count == room) {
		fprintf(stderr, "octet: --%s: more than %u\n", name, room);
		return -EINVAL;
	}
	list[(*count)++] = arg;
	return 0;
}

static int set_percentile(struct tool_options *o, const char *arg)
{
	int n = 0;

	if (sscanf(arg, "%lf%n", &o->percentile, &n) == 1 && !arg[n] && o->percentile > 50 &&
	    o->percentile <= 100)
		return 0;
	fprintf(stderr, "octet: --percentile '%s': must be over 50, at most 100\n", arg);
	return -EINVAL;
}

static int set_smooth(struct tool_options *o, const char *arg)
{
	int n = 0;

	if (sscanf(arg, "%f%n", &o->smooth, &n) == 1 && !arg[n] && o->smooth > 0 && o->smooth <= 1)
		return 0;
	fprintf(stderr, "octet: --smooth '%s': must be over 0, at most 1\n", arg);
	return -EINVAL;
}

static int set_format(struct tool_options *o, const char *arg)
{
	if (!octet_format_parse(arg, &o->format))
		return 0;
	fprintf(stderr, "octet: --format '%s': must be int8, int16x8, dynamic-range, weight-only or "
		"float16\n", arg);
	return -EINVAL;
}

/* Options of quantize: formats, and how accuracy is won back. */
static int set_recovery(struct tool_options *o, int c, const char *arg)
{
	bool four = false;
	int ret;

	switch (c) {
	case 'F':
		return set_format(o, arg);
	case 'w':
		ret = set_word("weights", arg, "int8", "int4", &four);
		o->weights = four ? OCTET_INT4 : OCTET_INT8;
		return ret;
	case 'W':
		return set_small("keep-worst", arg, 1000000, &o->keep_worst);
	case 'Z':
		return set_smooth(o, arg);
	case 'g':
		o->no_fold = true;
		return 0;
	case 'E':
		o->equalize = true;
		return 0;
	case 'G':
		o->adaround = true;
		return 0;
	case 'J':
		o->correct_bias = true;
		return 0;
	case 'V':
		o->rank = true;
		return 0;
	default:
		fputs("octet: see octet --help\n", stderr);
		return -EINVAL;
	}
}

/* Options of quantize and compare. */
static int set_quantize(struct tool_options *o, int c, const char *arg)
{
	bool is_unsigned = false;
	uint64_t n = 0;
	int ret = 0;

	switch (c) {
	case 'A':
		return set_add("calibrate", o->sets, TOOL_INPUTS, &o->set_count, arg);
	case 'N':
		ret = number("limit", arg, 1, 1000000000, &n);
		o->limit = n;
		return ret;
	case 'O':
		if (octet_observer_parse(arg, &o->observer)) {
			fprintf(stderr, "octet: --observer '%s': must be minmax, moving, percentile, "
				"histogram, mse or entropy\n", arg);
			return -EINVAL;
		}
		return 0;
	case 'e':
		return set_percentile(o, arg);
	case 'a':
		ret = set_word("activations", arg, "int8", "uint8", &is_unsigned);
		o->activations = is_unsigned ? OCTET_UINT8 : OCTET_INT8;
		return ret;
	case 'p':
		o->per_tensor = true;
		return 0;
	case 'r':
		o->real_io = true;
		return 0;
	case 'x':
		return set_add("exclude", o->exclude, TOOL_EXCLUDES, &o->exclude_count, arg);
	case 'H':
		o->html = arg;
		return 0;
	case 'I':
		o->no_isolated = true;
		return 0;
	default:
		return set_recovery(o, c, arg);
	}
}

static int set_threads(struct tool_options *o, const char *arg)
{
	uint64_t n = OCTET_CPU_THREADS_ALL;

	if (strcmp(arg, "all") && number("threads", arg, 1, 64, &n))
		return -EINVAL;
	o->cpu_threads = (uint32_t)n;
	return 0;
}

/* Options of models. */
static int set_model(struct tool_options *o, int c, const char *arg)
{
	switch (c) {
	case 'f':
		return set_flavour(o, arg);
	case 'B':
		return set_small("batch", arg, 4096, &o->batch);
	case 'n':
		return set_small("slots", arg, 64, &o->slots);
	case 'k':
		return set_small("top", arg, 1000000, &o->top);
	case 'R':
		o->no_sram = true;
		return 0;
	case 'K':
		o->keep = true;
		return 0;
	case 'i':
		return set_input(o, arg);
	case 't':
		return set_word("input-type", arg, "native", "float32", &o->real_input);
	case 'M':
		return set_reals("mean", arg, &o->mean);
	case 'D':
		return set_std(arg, &o->std);
	case 'C':
		return set_word("color", arg, "rgb", "bgr", &o->bgr);
	case 'X':
		return set_word("crop", arg, "none", "center", &o->crop);
	case 'o':
		o->output = arg;
		return 0;
	case 'L':
		o->labels = arg;
		return 0;
	case 'S':
		o->set = arg;
		return set_add("set", o->sets, TOOL_INPUTS, &o->set_count, arg);
	case 'T':
		return set_word("set-type", arg, "native", "float32", &o->real_input);
	case 'P':
		o->trace = arg;
		return 0;
	default:
		return set_quantize(o, c, arg);
	}
}

static int set(struct tool_options *o, int c, const char *arg)
{
	uint64_t n = 0;

	switch (c) {
	case 'b':
		return set_backend(o, arg);
	case 'd':
		o->device = arg;
		return 0;
	case 'm':
		o->machine = arg;
		return 0;
	case 'l':
		o->cpu_level = arg;
		return 0;
	case 'u':
		return set_threads(o, arg);
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
		return set_model(o, c, arg);
	}
}

static const struct option options[] = {
	{ "backend", required_argument, NULL, 'b' },
	{ "device", required_argument, NULL, 'd' },
	{ "machine", required_argument, NULL, 'm' },
	{ "cpu", required_argument, NULL, 'l' },
	{ "threads", required_argument, NULL, 'u' },
	{ "json", required_argument, NULL, 'j' },
	{ "count", required_argument, NULL, 'c' },
	{ "seed", required_argument, NULL, 's' },
	{ "quick", no_argument, NULL, 'q' },
	{ "flavour", required_argument, NULL, 'f' },
	{ "batch", required_argument, NULL, 'B' },
	{ "slots", required_argument, NULL, 'n' },
	{ "top", required_argument, NULL, 'k' },
	{ "no-sram", no_argument, NULL, 'R' },
	{ "no-fusion", no_argument, NULL, 'K' },
	{ "input", required_argument, NULL, 'i' },
	{ "input-type", required_argument, NULL, 't' },
	{ "mean", required_argument, NULL, 'M' },
	{ "std", required_argument, NULL, 'D' },
	{ "color", required_argument, NULL, 'C' },
	{ "crop", required_argument, NULL, 'X' },
	{ "output", required_argument, NULL, 'o' },
	{ "labels", required_argument, NULL, 'L' },
	{ "set", required_argument, NULL, 'S' },
	{ "set-type", required_argument, NULL, 'T' },
	{ "trace", required_argument, NULL, 'P' },
	{ "calibrate", required_argument, NULL, 'A' },
	{ "limit", required_argument, NULL, 'N' },
	{ "observer", required_argument, NULL, 'O' },
	{ "percentile", required_argument, NULL, 'e' },
	{ "activations", required_argument, NULL, 'a' },
	{ "per-tensor", no_argument, NULL, 'p' },
	{ "real-io", no_argument, NULL, 'r' },
	{ "exclude", required_argument, NULL, 'x' },
	{ "format", required_argument, NULL, 'F' },
	{ "weights", required_argument, NULL, 'w' },
	{ "rank", no_argument, NULL, 'V' },
	{ "keep-worst", required_argument, NULL, 'W' },
	{ "equalize", no_argument, NULL, 'E' },
	{ "smooth", required_argument, NULL, 'Z' },
	{ "adaround", no_argument, NULL, 'G' },
	{ "correct-bias", no_argument, NULL, 'J' },
	{ "no-fold", no_argument, NULL, 'g' },
	{ "html", required_argument, NULL, 'H' },
	{ "no-isolated", no_argument, NULL, 'I' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]) - 1)

/* A full disk is no success: text that was not written turns @ret into a failure. */
static int finish(int ret)
{
	if (!fflush(stdout) && !ferror(stdout))
		return ret;
	fprintf(stderr, "octet: standard output: %s\n", strerror(errno));
	return ret ? ret : EXIT_FAILED;
}

/* @given: by the index of the option */
static int parse(int argc, char **argv, struct tool_options *o, bool *given, bool *help)
{
	int c;

	while ((c = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		if (c == 'h') {
			*help = true;
			continue;
		}
		if (c == 'v') {
			printf("octet %s\n", octet_version());
			exit(finish(EXIT_OK));
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

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (!strcmp(name, subcommands[i].name))
			return &subcommands[i];
	fprintf(stderr, "octet: there is no command '%s'; see octet --help\n", name);
	return NULL;
}

/* What follows the subcommand: a model, where it takes one. */
static int take_model(const struct subcommand *sub, int argc, char **argv, struct tool_options *o)
{
	int at = optind + 1;

	if (sub->model != 'n' && at < argc)
		o->model = argv[at++];
	if (sub->model == 'y' && !o->model) {
		fprintf(stderr, "octet %s: which model? octet %s FILE.tflite\n", sub->name,
			sub->name);
		return -EINVAL;
	}
	if (sub->model == 't' && at < argc)
		o->other = argv[at++];
	if (sub->model == 't' && !o->other) {
		fprintf(stderr, "octet %s: which models? octet %s FLOAT.tflite INT8.tflite\n",
			sub->name, sub->name);
		return -EINVAL;
	}
	if (at < argc) {
		fprintf(stderr, "octet %s: '%s' is one argument too many\n", sub->name, argv[at]);
		return -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tool_options o = { .seed = (uint64_t)time(NULL) };
	const struct subcommand *sub;
	bool given[N_OPTIONS] = { false }, help = false;

	if (parse(argc, argv, &o, given, &help))
		return EXIT_USAGE;
	if (optind == argc) {
		usage(help ? stdout : stderr, NULL);
		return help ? finish(EXIT_OK) : EXIT_USAGE;
	}
	sub = find(argv[optind]);
	if (sub && help) {
		usage(stdout, sub);
		return finish(EXIT_OK);
	}
	if (!sub || take_model(sub, argc, argv, &o) || check(sub, &o, given))
		return EXIT_USAGE;
	if (o.machine)
		o.backend = OCTET_BACKEND_SIM;
	if (tool_prepare_json(o.json))
		return EXIT_FAILED;
	return finish(sub->run(&o));
}
