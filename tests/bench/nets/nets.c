// SPDX-License-Identifier: MIT
/*
 * Whole networks: the CPU fallback against ONNX Runtime, one thread each, runs in turns
 * (see tests/bench/peers/main.c). Prints a JSON row.
 *
 *	nets SECONDS wall|cpu NAME MODEL.tflite S8.onnx U8.onnx
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <onnxruntime/onnxruntime_c_api.h>

#include <octet.h>

#include "../turns.h"

#define PEERS	3

static const OrtApi *api;
static OrtEnv *env;
static OrtMemoryInfo *memory_info;
static struct octet_ctx *ctx;

static void die(const char *what)
{
	fprintf(stderr, "bench nets: %s\n", what);
	exit(1);
}

static void check(OrtStatus *status)
{
	if (status)
		die(api->GetErrorMessage(status));
}

/** struct net - @flip: what makes the network's codes of int8 ones */
struct net {
	const char *peer;
	OrtSession *session;
	OrtValue *in, *out;
	char *in_name, *out_name;
	struct octet_model *model;
	struct octet_plan *plan;
	uint8_t flip;
	uint8_t *x;
	const uint8_t *y;
	size_t x_bytes, y_bytes;
	struct entrant entrant;
};

static OrtValue *value(OrtTypeInfo *type, uint8_t **data, size_t *bytes)
{
	const OrtTensorTypeAndShapeInfo *info;
	ONNXTensorElementDataType element;
	size_t rank;
	int64_t dims[8];
	OrtValue *v;

	check(api->CastTypeInfoToTensorInfo(type, &info));
	check(api->GetTensorElementType(info, &element));
	check(api->GetDimensionsCount(info, &rank));
	check(api->GetDimensions(info, dims, rank));
	check(api->GetTensorShapeElementCount(info, bytes));
	*data = aligned_alloc(64, (*bytes + 63) & ~(size_t)63);
	if (!*data)
		die("out of memory");
	check(api->CreateTensorWithDataAsOrtValue(memory_info, *data, *bytes, dims, rank, element,
						  &v));
	api->ReleaseTypeInfo(type);
	return v;
}

static void open_ort(struct net *n, const char *path)
{
	OrtSessionOptions *options;
	OrtAllocator *allocator;
	OrtTypeInfo *type;
	uint8_t *y;

	check(api->CreateSessionOptions(&options));
	check(api->SetIntraOpNumThreads(options, 1));
	check(api->SetInterOpNumThreads(options, 1));
	check(api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
	check(api->CreateSession(env, path, options, &n->session));
	check(api->GetAllocatorWithDefaultOptions(&allocator));
	check(api->SessionGetInputName(n->session, 0, allocator, &n->in_name));
	check(api->SessionGetOutputName(n->session, 0, allocator, &n->out_name));
	check(api->SessionGetInputTypeInfo(n->session, 0, &type));
	n->in = value(type, &n->x, &n->x_bytes);
	check(api->SessionGetOutputTypeInfo(n->session, 0, &type));
	n->out = value(type, &y, &n->y_bytes);
	n->y = y;
	api->ReleaseSessionOptions(options);
}

static void open_octet(struct net *n, const char *path)
{
	OCTET_OPTS(octet_model_opts, o);

	if (octet_model_load(&n->model, path, &o) || octet_plan_new(ctx, n->model, NULL, &n->plan))
		die("Octet does not take the network");
	n->x = octet_plan_input(n->plan, 0, 0, &n->x_bytes);
	n->y = octet_plan_output(n->plan, 0, 0, &n->y_bytes);
}

static void run(void *state)
{
	struct net *n = state;

	if (n->plan) {
		if (octet_plan_start(n->plan, 0) || octet_plan_wait(n->plan, 0, -1))
			die(octet_last_error(ctx));
		n->y = octet_plan_output(n->plan, 0, 0, &n->y_bytes);
		return;
	}
	check(api->Run(n->session, NULL, (const char *const *)&n->in_name,
		       (const OrtValue *const *)&n->in, 1, (const char *const *)&n->out_name, 1,
		       &n->out));
}

/* Equal numbers for all: those of channels first are turned round. */
static void fill(struct net *n, uint32_t channels)
{
	const size_t pixels = n->x_bytes / channels;

	for (size_t c = 0; c < channels; c++)
		for (size_t i = 0; i < pixels; i++) {
			const uint8_t v = (uint8_t)((i * 7 + c * 31) % 256);

			n->x[n->plan ? i * channels + c : c * pixels + i] = v ^ n->flip;
		}
}

static size_t largest(const struct net *n)
{
	size_t at = 0;

	for (size_t i = 1; i < n->y_bytes; i++)
		if ((int8_t)(n->y[i] ^ n->flip) > (int8_t)(n->y[at] ^ n->flip))
			at = i;
	return at;
}

static void row(const char *name, const struct net *nets)
{
	printf("{\"name\": \"%s\", \"version\": \"%s\", \"ort\": \"%s\", \"runs\": [", name,
	       octet_version(), OrtGetApiBase()->GetVersionString());
	for (int i = 0; i < PEERS; i++) {
		printf("%s\n {\"peer\": \"%s\", \"us\": %.3f, \"ratio\": %.4f, \"largest\": %zu}",
		       i ? "," : "", nets[i].peer, median(nets[i].entrant.seconds) * 1e6,
		       median_ratio(&nets[i].entrant, &nets[0].entrant), largest(&nets[i]));
	}
	printf("]}\n");
}

/* Of the network's input, as TFLite has it; its codes may be unsigned. */
static uint32_t channels_of(struct net *n)
{
	struct octet_tensor_info info = { .size = sizeof(info) };

	if (octet_model_tensor(n->model, (uint32_t)octet_model_input(n->model, 0), &info))
		die("the network has no input");
	n->flip = info.type == OCTET_UINT8 ? 128 : 0;
	return info.rank == 4 ? info.dims[3] : 1;
}

int main(int argc, char **argv)
{
	struct net nets[PEERS] = { { .peer = "octet" }, { .peer = "ONNX Runtime, int8" },
				   { .peer = "ONNX Runtime, uint8", .flip = 128 } };
	OCTET_OPTS(octet_open_opts, open);
	struct entrant *entrants[PEERS];
	uint32_t channels;

	if (argc != 7)
		die("usage: nets SECONDS wall|cpu NAME MODEL.tflite S8.onnx U8.onnx");
	if (!strcmp(argv[2], "cpu"))
		the_clock = CLOCK_PROCESS_CPUTIME_ID;
	open.backend = OCTET_BACKEND_CPU;
	open.cpu_threads = 1;
	api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
	if (!api || octet_open(&ctx, &open))
		die("a library does not open");
	check(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "bench", &env));
	check(api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &memory_info));
	open_octet(&nets[0], argv[4]);
	open_ort(&nets[1], argv[5]);
	open_ort(&nets[2], argv[6]);
	channels = channels_of(&nets[0]);
	for (int i = 0; i < PEERS; i++) {
		if (nets[i].x_bytes != nets[0].x_bytes)
			die("inputs of different sizes");
		fill(&nets[i], channels);
		nets[i].entrant.run = run;
		nets[i].entrant.state = &nets[i];
		entrants[i] = &nets[i].entrant;
	}
	take_turns(entrants, PEERS, atof(argv[1]));
	row(argv[3], nets);
	return 0;
}
