// SPDX-License-Identifier: MIT
/* Both models on every sample; each operator alone; and how fast they are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

static int no_memory(void)
{
	fputs("octet compare: out of memory\n", stderr);
	return EXIT_FAILED;
}

static int no_memory_unless(const void *p)
{
	return p ? EXIT_OK : no_memory();
}

/* Real values into an input, by its own type and parameters. */
static int put(const struct octet_tensor_info *t, const float *v, size_t count, void *to)
{
	if (!tool_encode(t, v, count, to))
		return EXIT_OK;
	fprintf(stderr, "octet compare: '%s' (%s) cannot take real values\n", t->name,
		octet_dtype_name(t->type));
	return EXIT_FAILED;
}

static int run_plan(const struct compare_side *s, struct octet_plan *plan)
{
	if (octet_plan_start(plan, 0) || octet_plan_wait(plan, 0, -1))
		return tool_fail(s->ctx, s->path);
	return EXIT_OK;
}

static int load_inputs(const struct compare *c, const struct compare_side *s,
		       struct octet_plan *plan)
{
	for (uint32_t i = 0; i < c->sets.inputs; i++) {
		OCTET_OPTS(octet_tensor_info, t);

		octet_model_tensor(s->model, (uint32_t)octet_model_input(s->model, i), &t);
		if (put(&t, c->in[i], c->sets.set[i].elements, octet_plan_input(plan, 0, i, NULL)))
			return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* An activation of a plan that keeps them, as real values. */
static bool fetch(const struct compare_side *s, uint32_t tensor, size_t elements, float *out)
{
	OCTET_OPTS(octet_tensor_info, t);
	const void *data;
	size_t bytes;

	octet_model_tensor(s->model, tensor, &t);
	return !octet_plan_tensor(s->keep, tensor, &data, &bytes) &&
	       compare_decode(&t, data, elements, out);
}

/* Can each of the operator's inputs be had from the float model? */
static bool has_twins(const struct compare *c, const struct octet_model *part)
{
	OCTET_OPTS(octet_tensor_info, t);

	for (uint32_t i = 0; i < octet_model_inputs(part); i++) {
		uint32_t tensor = (uint32_t)octet_model_input(part, i);

		octet_model_tensor(part, tensor, &t);
		if (c->twin[tensor] < 0 || (t.type != OCTET_FLOAT32 && t.quants != 1))
			return false;
	}
	return true;
}

static int make_part(struct compare *c, struct compare_layer *l)
{
	int ret = octet_model_part(&l->part, c->got.model, l->op, 1);

	if (ret) {
		fprintf(stderr, "octet compare: operator %u by itself: %s\n", l->op,
			octet_strerror(ret));
		return EXIT_FAILED;
	}
	if (!has_twins(c, l->part)) {
		octet_model_free(l->part);
		l->part = NULL;
		return EXIT_OK;
	}
	for (uint32_t i = 0; i < octet_model_outputs(l->part); i++)
		if (octet_model_output(l->part, i) == (int)l->tensor)
			l->output = i;
	if (octet_plan_new(c->got.ctx, l->part, NULL, &l->plan))
		return tool_fail(c->got.ctx, c->got.path);
	return EXIT_OK;
}

void compare_free_parts(struct compare *c)
{
	for (size_t i = 0; i < c->layers; i++) {
		octet_plan_free(c->layer[i].plan);
		octet_model_free(c->layer[i].part);
		c->layer[i].plan = NULL;
	}
}

/* One operator on what the float model would give it. */
static int isolated(struct compare *c, struct compare_layer *l)
{
	OCTET_OPTS(octet_tensor_info, t);

	octet_plan_reset(l->plan);
	for (uint32_t i = 0; i < octet_model_inputs(l->part); i++) {
		uint32_t tensor = (uint32_t)octet_model_input(l->part, i);
		size_t elements;

		octet_model_tensor(l->part, tensor, &t);
		elements = t.bytes / tool_element_bytes(t.type);
		if (!fetch(&c->ref, (uint32_t)c->twin[tensor], elements, c->b)) {
			fprintf(stderr, "octet compare: '%s' of %s has no values to compare with\n",
				t.name, c->ref.path);
			return EXIT_FAILED;
		}
		if (put(&t, c->b, elements, octet_plan_input(l->plan, 0, i, NULL)))
			return EXIT_FAILED;
	}
	if (run_plan(&c->got, l->plan))
		return EXIT_FAILED;
	octet_model_tensor(l->part, l->tensor, &t);
	if (compare_decode(&t, octet_plan_output(l->plan, 0, l->output, NULL), l->elements, c->b))
		compare_add(&l->isolated, l, c->a, c->b);
	return EXIT_OK;
}

static int one_layer(struct compare *c, struct compare_layer *l)
{
	if (!fetch(&c->ref, l->twin, l->elements, c->a) ||
	    !fetch(&c->got, l->tensor, l->elements, c->b))
		return EXIT_OK;
	compare_add(&l->accumulated, l, c->a, c->b);
	compare_see(&l->histogram, c->a, l->elements);
	return l->plan ? isolated(c, l) : EXIT_OK;
}

static int one_sample(struct compare *c)
{
	int ret = load_inputs(c, &c->ref, c->ref.keep);

	/* State of recurrent networks: samples are independent. */
	octet_plan_reset(c->ref.keep);
	octet_plan_reset(c->got.keep);
	if (!ret)
		ret = run_plan(&c->ref, c->ref.keep);
	if (!ret)
		ret = load_inputs(c, &c->got, c->got.keep);
	if (!ret)
		ret = run_plan(&c->got, c->got.keep);
	for (size_t i = 0; i < c->layers && !ret; i++)
		ret = one_layer(c, &c->layer[i]);
	return ret;
}

/* Room for a sample, and for the largest activation on either side. */
static int make_room(struct compare *c)
{
	size_t most = 1;

	for (uint32_t i = 0; i < octet_model_tensors(c->got.model); i++) {
		OCTET_OPTS(octet_tensor_info, t);
		size_t element, elements;

		octet_model_tensor(c->got.model, i, &t);
		element = tool_element_bytes(t.type);
		elements = element && !t.constant ? t.bytes / element : 0;
		if (elements > most)
			most = elements;
	}
	for (uint32_t i = 0; i < c->sets.inputs; i++) {
		c->in[i] = calloc(c->sets.set[i].elements, sizeof(float));
		if (!c->in[i])
			return no_memory();
	}
	c->a = calloc(most, sizeof(*c->a));
	c->b = calloc(most, sizeof(*c->b));
	return c->a && c->b ? EXIT_OK : no_memory();
}

int compare_run(struct compare *c)
{
	int ret = make_room(c);

	for (size_t i = 0; i < c->layers && !ret && !c->o->no_isolated; i++)
		ret = make_part(c, &c->layer[i]);
	for (unsigned long i = 0; i < c->sets.used && !ret; i++) {
		ret = tool_sets_read(&c->sets, i, c->in);
		if (!ret)
			ret = one_sample(c);
		tool_progress("comparing: sample", i + 1, c->sets.used);
	}
	tool_progress_end();
	return ret;
}

static uint32_t best_of(const struct compare *c, const struct compare_side *s,
			struct octet_plan *plan)
{
	OCTET_OPTS(octet_tensor_info, t);
	const void *out = octet_plan_output(plan, 0, 0, NULL);
	size_t best = 0;

	octet_model_tensor(s->model, (uint32_t)octet_model_output(s->model, 0), &t);
	for (size_t i = 1; i < c->classes; i++)
		if (tool_decode(&t, out, i) > tool_decode(&t, out, best))
			best = i;
	return (uint32_t)best;
}

/* Runs with the inputs that are there; the first run finds everything cold. */
static int time_one(struct compare_side *s, struct octet_plan *plan, bool cold, double *seconds)
{
	double start;
	int ret = EXIT_OK;

	octet_plan_reset(plan);
	if (cold)
		ret = run_plan(s, plan);
	octet_plan_reset(plan);
	start = tool_now();
	if (!ret)
		ret = run_plan(s, plan);
	*seconds = tool_now() - start;
	return ret;
}

static int by_size(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static int time_all(struct compare *c, struct compare_side *s, struct octet_plan *plan,
		    double *seconds)
{
	int ret = EXIT_OK;

	for (unsigned long i = 0; i < c->sets.used && !ret; i++) {
		ret = tool_sets_read(&c->sets, i, c->in);
		if (!ret)
			ret = load_inputs(c, s, plan);
		if (!ret)
			ret = time_one(s, plan, !i, &seconds[i]);
		if (ret)
			break;
		if (c->classes)
			s->best[i] = best_of(c, s, plan);
		if (c->class)
			s->right += c->class[tool_sets_index(&c->sets, i)] == (long)s->best[i];
		tool_progress("measuring: sample", i + 1, c->sets.used);
	}
	tool_progress_end();
	return ret;
}

/* The median: other programs on the machine lengthen some runs, and shorten none. */
static int time_side(struct compare *c, struct compare_side *s, struct octet_plan *plan)
{
	double *seconds = calloc(c->sets.used, sizeof(*seconds));
	int ret = no_memory_unless(seconds);

	s->best = calloc(c->sets.used, sizeof(*s->best));
	if (!ret)
		ret = no_memory_unless(s->best);
	if (!ret)
		ret = time_all(c, s, plan, seconds);
	if (!ret) {
		qsort(seconds, c->sets.used, sizeof(*seconds), by_size);
		s->ms = seconds[c->sets.used / 2] * 1e3;
	}
	free(seconds);
	return ret;
}

/*
 * Cycles of the default machine; 0 if there are none. The CPU fallback's own plan has
 * neither SRAM nor chains and tells another number.
 */
static uint64_t device_cycles(const struct compare_side *s, const struct octet_plan_opts *opts)
{
	OCTET_OPTS(octet_open_opts, open);
	OCTET_OPTS(octet_plan_info, info);
	struct octet_plan *plan = NULL;
	struct octet_ctx *ctx;

	open.backend = OCTET_BACKEND_SIM;
	if (octet_open(&ctx, &open))
		return 0;
	if (!octet_plan_new(ctx, s->model, opts, &plan))
		octet_plan_info(plan, &info);
	octet_plan_free(plan);
	octet_close(ctx);
	return info.cycles;
}

/* As it runs in earnest: fused, chained, nothing kept. */
static int speed_of(struct compare *c, struct compare_side *s)
{
	OCTET_OPTS(octet_plan_opts, opts);
	OCTET_OPTS(octet_plan_info, info);
	struct octet_plan *plan;
	int ret;

	opts.flavour = c->o->flavour;
	if (octet_plan_new(s->ctx, s->model, &opts, &plan))
		return tool_fail(s->ctx, s->path);
	octet_plan_info(plan, &info);
	s->cycles = octet_get_backend(s->ctx) == OCTET_BACKEND_CPU && info.commands ?
			    device_cycles(s, &opts) : info.cycles;
	ret = time_side(c, s, plan);
	octet_plan_free(plan);
	return ret;
}

int compare_speed(struct compare *c)
{
	int ret = speed_of(c, &c->ref);

	if (!ret)
		ret = speed_of(c, &c->got);
	for (unsigned long i = 0; i < c->sets.used && !ret && c->classes; i++)
		c->agree += c->ref.best[i] == c->got.best[i];
	return ret;
}
