// SPDX-License-Identifier: MIT
/*
 * Public models against the outputs of TFLite's own kernels:
 *
 *	models [--json FILE] FOLDER BACKEND [MODEL...]
 *
 * FOLDER is what Documentation/testing.rst says of public models: models/NAME/ with
 * model.tflite, inputs.bin, outputs_ref.bin, outputs_opt.bin, layers_sample0/; sets/NAME/.
 * Every byte is compared. Last line: N passed, N failed, N skipped.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <octet.h>

#define PATH 512

static unsigned int passed, failed, skipped;
static FILE *json;
static const char *comma = "";

struct bytes {
	uint8_t *data;
	size_t size;
};

/** struct model - one folder, on a context */
struct model {
	const char *folder, *name;
	struct octet_ctx *ctx;
	struct octet_model *model;
	double load_s;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void verdict(bool ok, const char *name, const char *what)
{
	printf("%s - %s: %s\n", ok ? "ok" : "not ok", name, what);
	fflush(stdout);
	if (ok)
		passed++;
	else
		failed++;
}

static bool slurp(const char *path, struct bytes *b)
{
	FILE *f = fopen(path, "rb");
	long size = -1;

	memset(b, 0, sizeof(*b));
	if (f && !fseek(f, 0, SEEK_END))
		size = ftell(f);
	if (size >= 0) {
		rewind(f);
		b->data = malloc((size_t)size + 1);
		b->size = (size_t)size;
		if (b->data && fread(b->data, 1, b->size, f) == b->size)
			b->data[b->size] = 0;
		else
			size = -1;
	}
	if (f)
		fclose(f);
	if (size < 0)
		free(b->data);
	return size >= 0;
}

static bool slurp_of(const struct model *m, const char *file, struct bytes *b)
{
	char path[3 * PATH];

	snprintf(path, sizeof(path), "%s/%s", m->folder, file);
	return slurp(path, b);
}

/* What a plan gave for all samples. @claimed: the flavour claims every operator's bits. */
struct result {
	bool claimed;
	size_t bytes, equal;
	unsigned long samples;
	double seconds;
	struct octet_plan_info info;
};

static size_t edge_bytes(struct octet_plan *plan, bool in, uint32_t index)
{
	size_t bytes = 0;

	if (in)
		octet_plan_input(plan, 0, index, &bytes);
	else
		octet_plan_output(plan, 0, index, &bytes);
	return bytes;
}

/* Every sample of @in; what differs from @want is counted. */
static int run_all(const struct model *m, struct octet_plan *plan, const struct bytes *in,
		   const struct bytes *want, struct result *r)
{
	size_t in_bytes = edge_bytes(plan, true, 0), out_bytes = edge_bytes(plan, false, 0);
	uint8_t *out = malloc(out_bytes + 1);
	int ret = 0;

	r->samples = in->size / in_bytes;
	for (unsigned long i = 0; i < r->samples && !ret; i++) {
		const void *inputs[] = { in->data + i * in_bytes };
		void *outputs[] = { out };
		double start = now();

		ret = octet_plan_run(plan, inputs, outputs);
		r->seconds += now() - start;
		for (size_t k = 0; k < out_bytes && !ret; k++)
			r->equal += i * out_bytes + k < want->size &&
				    out[k] == want->data[i * out_bytes + k];
		r->bytes += out_bytes;
	}
	if (ret)
		printf("# %s: %s\n", m->name, octet_last_error(m->ctx));
	free(out);
	if (r->bytes != want->size)
		ret = -1;
	return ret;
}

static int with_plan(const struct model *m, const struct octet_plan_opts *opts,
		     const struct bytes *in, const struct bytes *want, struct result *r)
{
	struct octet_plan *plan;
	int ret = octet_plan_new(m->ctx, m->model, opts, &plan);

	memset(r, 0, sizeof(*r));
	if (ret) {
		printf("# %s: %s\n", m->name, octet_last_error(m->ctx));
		return ret;
	}
	r->info.size = sizeof(r->info);
	octet_plan_info(plan, &r->info);
	r->claimed = true;
	for (uint32_t i = 0; i < octet_model_ops(m->model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		r->claimed &= !octet_plan_op(plan, i, &op) && op.exact;
	}
	ret = run_all(m, plan, in, want, r);
	octet_plan_free(plan);
	return ret;
}

/* acts.tsv: tensor, type, shape, scale, zero point, offset, bytes, name. */
static bool compare_line(struct octet_plan *plan, char *line, const struct bytes *acts,
			 size_t *bytes, size_t *equal)
{
	unsigned int tensor;
	size_t offset, count, have;
	const void *data;

	if (sscanf(line, "%u\t%*[^\t]\t%*[^\t]\t%*[^\t]\t%*[^\t]\t%zu\t%zu", &tensor, &offset,
		   &count) != 3)
		return true;	/* the head, or a tensor without quantization */
	if (octet_plan_tensor(plan, tensor, &data, &have))
		return true;	/* a part of another tensor */
	if (have != count || offset > acts->size || count > acts->size - offset)
		return false;
	for (size_t i = 0; i < count; i++)
		*equal += ((const uint8_t *)data)[i] == acts->data[offset + i];
	*bytes += count;
	return true;
}

/* Every activation of sample 0. */
static void layers(const struct model *m, const struct bytes *in, size_t *bytes, size_t *equal)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *plan;
	struct bytes acts, text;
	char what[128];
	bool ok = false;

	*bytes = *equal = 0;
	if (!slurp_of(m, "layers_sample0/acts.bin", &acts))
		return;
	if (!slurp_of(m, "layers_sample0/acts.tsv", &text)) {
		free(acts.data);
		return;
	}
	opts.keep = true;
	if (!octet_plan_new(m->ctx, m->model, &opts, &plan)) {
		const void *inputs[] = { in->data };
		void *outputs[] = { NULL };

		ok = !octet_plan_run(plan, inputs, outputs);
		for (char *line = strtok((char *)text.data, "\n"); line && ok;
		     line = strtok(NULL, "\n"))
			ok = compare_line(plan, line, &acts, bytes, equal);
		octet_plan_free(plan);
	}
	snprintf(what, sizeof(what), "activations of sample 0: %zu of %zu bytes equal", *equal,
		 *bytes);
	verdict(ok && *bytes && *bytes == *equal, m->name, what);
	free(acts.data);
	free(text.data);
}

/* One line of the table, and an entry of the JSON. */
static void row(const struct model *m, const struct result *r, size_t act_bytes, size_t act_equal,
		const struct result *opt)
{
	const struct octet_plan_info *i = &r->info;
	uint32_t ops = octet_model_ops(m->model);
	double share = i->macs ? 100.0 * (double)i->device_macs / (double)i->macs : 100.0;
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	printf("# | %-28s | %3u | %3u | %5.1f | %8zu | %8zu | %9zu | %9zu | %10" PRIu64
	       " | %9.3f | %6.2f | %7ld | %8zu of %8zu |\n",
	       m->name, ops - i->host_ops, i->host_ops, share, r->bytes, r->equal, act_bytes,
	       act_equal, i->cycles, r->seconds * 1e3 / (double)r->samples, m->load_s * 1e3,
	       u.ru_maxrss, opt->equal, opt->bytes);
	if (json)
		fprintf(json, "%s\n  {\"model\": \"%s\", \"device_ops\": %u, \"cpu_ops\": %u, "
			"\"device_macs_percent\": %.2f, \"bytes\": %zu, \"equal\": %zu, "
			"\"activation_bytes\": %zu, \"activation_equal\": %zu, \"cycles\": %" PRIu64
			", \"ms\": %.4f, \"load_ms\": %.3f, \"opt_bytes\": %zu, \"opt_equal\": %zu}",
			comma, m->name, ops - i->host_ops, i->host_ops, share, r->bytes, r->equal,
			act_bytes, act_equal, i->cycles, r->seconds * 1e3 / (double)r->samples,
			m->load_s * 1e3, opt->bytes, opt->equal);
	comma = ",";
}

static void compare(const struct model *m, const struct bytes *in, const struct bytes *want)
{
	OCTET_OPTS(octet_plan_opts, opts);
	size_t act_bytes, act_equal;
	struct result r, opt = { 0 };
	struct bytes other;
	char what[128];
	int ret = with_plan(m, &opts, in, want, &r);

	snprintf(what, sizeof(what), "%lu samples, %zu of %zu output bytes equal", r.samples,
		 r.equal, want->size);
	verdict(!ret && r.equal == r.bytes, m->name, what);
	layers(m, in, &act_bytes, &act_equal);
	if (slurp_of(m, "outputs_opt.bin", &other)) {
		opts.flavour = OCTET_FLAVOUR_TFLITE_OPT;
		ret = with_plan(m, &opts, in, &other, &opt);
		snprintf(what, sizeof(what), "tflite-opt: %zu of %zu output bytes equal", opt.equal,
			 opt.bytes);
		if (opt.claimed)
			verdict(!ret && opt.equal == opt.bytes, m->name, what);
		free(other.data);
	}
	row(m, &r, act_bytes, act_equal, &opt);
}

static void one_model(struct octet_ctx *ctx, const char *folder, const char *name)
{
	OCTET_OPTS(octet_model_opts, opts);
	struct model m = { .folder = folder, .name = name, .ctx = ctx };
	struct bytes in, want;
	char err[256] = "", path[9 * PATH];
	double start = now();

	snprintf(path, sizeof(path), "%s/model.tflite", folder);
	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	if (octet_model_load(&m.model, path, &opts)) {
		verdict(false, name, err);
		return;
	}
	m.load_s = now() - start;
	if (!slurp_of(&m, "inputs.bin", &in)) {
		verdict(false, name, "no inputs.bin");
	} else {
		if (slurp_of(&m, "outputs_ref.bin", &want)) {
			compare(&m, &in, &want);
			free(want.data);
		} else {
			verdict(false, name, "no outputs_ref.bin");
		}
		free(in.data);
	}
	octet_model_free(m.model);
}

/* Is the class of the labels' last column the first of the largest codes? */
static unsigned long right(const struct bytes *labels, const int8_t *out, size_t classes,
			   unsigned long samples)
{
	char *line = strtok((char *)labels->data, "\n");
	unsigned long right = 0;

	for (unsigned long i = 0; i < samples; i++) {
		const char *tab;
		size_t best = 0;

		line = strtok(NULL, "\n");
		if (!line)
			break;
		tab = strrchr(line, '\t');
		for (size_t k = 1; k < classes; k++)
			if (out[i * classes + k] > out[i * classes + best])
				best = k;
		right += tab && (size_t)atol(tab + 1) == best;
	}
	return right;
}

/* The keyword set: bits as the reference kernels', and so its score. */
static void keyword_set(struct octet_ctx *ctx, const char *folder)
{
	struct model m = { .folder = folder, .name = "sets/kws01", .ctx = ctx };
	OCTET_OPTS(octet_plan_opts, opts);
	struct bytes in = { 0 }, want = { 0 }, labels = { 0 };
	char set[PATH], path[PATH + 64], what[128];
	unsigned long score = 0;
	struct result r;
	int ret;

	snprintf(set, sizeof(set), "%s/sets/kws01", folder);
	snprintf(path, sizeof(path), "%s/models/kws01_int8/model.tflite", folder);
	m.folder = set;
	if (octet_model_load(&m.model, path, NULL) || !slurp_of(&m, "samples.bin", &in) ||
	    !slurp_of(&m, "outputs_ref_kws01_int8.bin", &want) ||
	    !slurp_of(&m, "labels.tsv", &labels)) {
		printf("ok - sets/kws01 # SKIP not there\n");
		skipped++;
	} else {
		ret = with_plan(&m, &opts, &in, &want, &r);
		snprintf(what, sizeof(what), "%lu samples, %zu of %zu output bytes equal",
			 r.samples, r.equal, want.size);
		verdict(!ret && r.equal == r.bytes, m.name, what);
		/* Equal bytes: the reference's are ours. */
		if (!ret && r.equal == r.bytes)
			score = right(&labels, (const int8_t *)want.data, want.size / r.samples,
				      r.samples);
		snprintf(what, sizeof(what), "accuracy %lu of %lu, the reference has 901", score,
			 r.samples);
		verdict(score == 901, m.name, what);
	}
	free(in.data);
	free(want.data);
	free(labels.data);
	octet_model_free(m.model);
}

static bool asked_for(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 0;
}

static void all_models(struct octet_ctx *ctx, const char *folder, int argc, char **argv)
{
	struct dirent **entries;
	char path[3 * PATH];
	int n;

	snprintf(path, sizeof(path), "%s/models", folder);
	n = scandir(path, &entries, NULL, alphasort);
	printf("# | %-28s | dev | cpu | MAC %% |    bytes |    equal | act bytes | act equal |"
	       "     cycles |   ms each | load   |peak KiB | tflite-opt equal     |\n", "model");
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		char model[8 * PATH];

		snprintf(model, sizeof(model), "%s/%s/model.tflite", path, name);
		if (name[0] != '.' && asked_for(name, argc, argv)) {
			FILE *f = fopen(model, "rb");

			snprintf(model, sizeof(model), "%s/%s", path, name);
			if (f) {
				fclose(f);
				one_model(ctx, model, name);
			}
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (asked_for("kws01", argc, argv))
		keyword_set(ctx, folder);
}

static int run(const char *folder, const char *backend, int argc, char **argv)
{
	OCTET_OPTS(octet_open_opts, opts);
	struct octet_ctx *ctx;
	char err[256] = "";

	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	if (octet_backend_parse(backend, &opts.backend) || octet_open(&ctx, &opts)) {
		fprintf(stderr, "models: %s: %s\n", backend, err);
		return 2;
	}
	if (json)
		fputs("[", json);
	all_models(ctx, folder, argc, argv);
	if (json)
		fputs("\n]\n", json);
	octet_close(ctx);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--json")) {
		json = fopen(argv[2], "w");
		if (!json) {
			perror(argv[2]);
			return 2;
		}
		argc -= 2;
		argv += 2;
	}
	if (argc < 3) {
		fputs("usage: models [--json FILE] FOLDER BACKEND [MODEL...]\n", stderr);
		return 2;
	}
	return run(argv[1], argv[2], argc - 3, argv + 3);
}
