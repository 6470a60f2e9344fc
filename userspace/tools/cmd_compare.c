// SPDX-License-Identifier: MIT
/* octet compare: what it cost to quantize a model, layer by layer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "compare.h"

static int load(struct compare_side *s)
{
	OCTET_OPTS(octet_model_opts, opts);
	char err[512] = "";
	struct stat st;
	int ret;

	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	ret = octet_model_load(&s->model, s->path, &opts);
	if (ret) {
		fprintf(stderr, "octet: %s: %s\n", s->path, err[0] ? err : octet_strerror(ret));
		return EXIT_FAILED;
	}
	s->bytes = stat(s->path, &st) ? 0 : (long long)st.st_size;
	s->packed = tool_packed_bytes(s->model);
	return EXIT_OK;
}

static int keep(struct compare_side *s, const struct tool_options *o)
{
	OCTET_OPTS(octet_plan_opts, opts);

	opts.flavour = o->flavour;
	opts.keep = true;
	if (octet_plan_new(s->ctx, s->model, &opts, &s->keep))
		return tool_fail(s->ctx, s->path);
	return EXIT_OK;
}

/*
 * The device if there is one. Without, the CPU fallback rather than the simulator: it has the
 * same bits, and its speed is one.
 */
static struct octet_ctx *open_quantized(const struct tool_options *o)
{
	struct octet_ctx *ctx = tool_open(o);

	if (!ctx || o->backend != OCTET_BACKEND_AUTO ||
	    octet_get_backend(ctx) != OCTET_BACKEND_SIM)
		return ctx;
	octet_close(ctx);
	return tool_open_cpu(o);
}

static void name_place(struct compare_side *s)
{
	static const char *const places[] = {
		[OCTET_BACKEND_DRM] = "the device",
		[OCTET_BACKEND_SIM] = "the simulator, whose time says nothing of a device",
		[OCTET_BACKEND_CPU] = "the CPU fallback",
	};
	enum octet_backend b = octet_get_backend(s->ctx);
	bool known = (size_t)b < sizeof(places) / sizeof(places[0]) && places[b];

	snprintf(s->where, sizeof(s->where), "%s", known ? places[b] : octet_backend_name(b));
}

static int open_sides(struct compare *c)
{
	int ret = load(&c->ref);

	if (!ret)
		ret = load(&c->got);
	if (ret)
		return ret;
	c->ref.ctx = tool_open_cpu(c->o);
	c->got.ctx = c->ref.ctx ? open_quantized(c->o) : NULL;
	if (!c->got.ctx)
		return EXIT_FAILED;
	name_place(&c->ref);
	name_place(&c->got);
	ret = keep(&c->ref, c->o);
	return ret ? ret : keep(&c->got, c->o);
}

static size_t elements(const struct octet_model *model, int tensor)
{
	OCTET_OPTS(octet_tensor_info, t);
	size_t element;

	if (tensor < 0 || octet_model_tensor(model, (uint32_t)tensor, &t))
		return 0;
	element = tool_element_bytes(t.type);
	return element ? t.bytes / element : 0;
}

static int check_edges(struct compare *c)
{
	uint32_t n = octet_model_inputs(c->ref.model);
	size_t out = elements(c->ref.model, octet_model_output(c->ref.model, 0));
	bool alike = n == octet_model_inputs(c->got.model);

	for (uint32_t i = 0; i < n && alike; i++)
		alike = elements(c->ref.model, octet_model_input(c->ref.model, i)) ==
			elements(c->got.model, octet_model_input(c->got.model, i));
	if (!alike) {
		fprintf(stderr, "octet: %s, %s: their inputs have different numbers or sizes: are "
			"these two forms of one network?\n", c->ref.path, c->got.path);
		return EXIT_FAILED;
	}
	if (out > 1 && out == elements(c->got.model, octet_model_output(c->got.model, 0)))
		c->classes = out;
	return EXIT_OK;
}

static int read_labels(struct compare *c)
{
	if (!c->o->labels)
		return EXIT_OK;
	if (!c->classes) {
		fprintf(stderr, "octet compare: --labels: the first outputs are no list of classes\n");
		return EXIT_FAILED;
	}
	c->class = calloc(c->sets.count, sizeof(*c->class));
	if (!c->class) {
		fputs("octet compare: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	return tool_classes_read(c->o->labels, c->o->set, c->sets.count, c->classes, c->class);
}

static int show(struct compare *c)
{
	int ret = EXIT_OK;

	compare_print(c);
	if (c->o->html)
		ret = compare_html(c, c->o->html);
	if (!ret && c->o->json)
		ret = tool_write_json(compare_json(c), c->o->json);
	return ret;
}

static void close_side(struct compare_side *s)
{
	octet_plan_free(s->keep);
	octet_close(s->ctx);
	octet_model_free(s->model);
	free(s->best);
}

/* A page that cannot be written is better known before the work. */
static int prepare_html(const char *path)
{
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!path || (f && !fclose(f)))
		return EXIT_OK;
	fprintf(stderr, "octet: --html %s: %s\n", path, strerror(errno));
	return EXIT_FAILED;
}

int cmd_compare(const struct tool_options *o)
{
	struct compare c = { .o = o, .ref.path = o->model, .got.path = o->other };
	double start = tool_now();
	int ret;

	if (!o->set_count) {
		fputs("octet compare: --set SET is needed\n", stderr);
		return EXIT_USAGE;
	}
	ret = prepare_html(o->html);
	if (!ret)
		ret = open_sides(&c);
	if (!ret)
		ret = check_edges(&c);
	if (!ret)
		ret = tool_sets_open(&c.sets, o, c.ref.model);
	if (!ret)
		ret = read_labels(&c);
	if (!ret)
		ret = compare_match(&c);
	if (!ret)
		ret = compare_run(&c);
	if (!ret)
		ret = compare_speed(&c);
	c.seconds = tool_now() - start;
	if (!ret)
		ret = show(&c);
	compare_free_parts(&c);
	tool_sets_close(&c.sets);
	close_side(&c.got);
	close_side(&c.ref);
	for (unsigned int i = 0; i < TOOL_INPUTS; i++)
		free(c.in[i]);
	free(c.a);
	free(c.b);
	free(c.class);
	free(c.twin);
	free(c.layer);
	return ret;
}
