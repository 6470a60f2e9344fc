// SPDX-License-Identifier: MIT
/* octet compare's table, and its JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "compare.h"

static const char *decibels(const struct compare_stats *s, char *out, size_t size)
{
	double db = compare_sqnr(s);

	if (!s->count)
		snprintf(out, size, "-");
	else if (isinf(db) && db > 0)
		snprintf(out, size, "exact");
	else
		snprintf(out, size, "%.1f", db);
	return out;
}

static void print_layer(const struct compare_layer *l)
{
	char name[41], acc[24], iso[24], cosine[24] = "-";

	if (l->isolated.count)
		snprintf(cosine, sizeof(cosine), "%.5f", compare_cosine(&l->isolated));
	printf("  %4u  %-18.18s %-40s %8s %9.5f %10.4g %8.3f  %8s %9s\n", l->op, l->code,
	       compare_short(l->name, name, sizeof(name)),
	       decibels(&l->accumulated, acc, sizeof(acc)), compare_cosine(&l->accumulated),
	       l->accumulated.largest, 100 * compare_saturated(&l->accumulated),
	       decibels(&l->isolated, iso, sizeof(iso)), cosine);
}

static void print_sums(const struct compare *c)
{
	unsigned long n = c->sets.used;

	tool_print_sizes(c->ref.bytes, c->ref.packed, c->got.bytes);
	printf("speed: %.3f ms before on %s, %.3f ms after on %s\n", c->ref.ms, c->ref.where, c->got.ms,
	       c->got.where);
	if (c->got.cycles)
		printf("speed: %llu cycles predicted for the device\n",
		       (unsigned long long)c->got.cycles);
	if (c->class)
		printf("accuracy: %lu of %lu (%.2f %%) before, %lu (%.2f %%) after\n", c->ref.right, n,
		       100.0 * (double)c->ref.right / (double)n, c->got.right,
		       100.0 * (double)c->got.right / (double)n);
	if (c->classes)
		printf("agreement: the same output is the largest in %lu of %lu samples\n", c->agree, n);
	printf("time: %.2f s for %lu samples, %.1f MiB at the most\n", c->seconds, n,
	       (double)tool_peak_kib() / 1024);
}

void compare_print(const struct compare *c)
{
	printf("  %4s  %-18s %-40s %8s %9s %10s %8s  %8s %9s\n", "", "", "", "all", "", "largest",
	       "beyond", "alone", "");
	printf("  %4s  %-18s %-40s %8s %9s %10s %8s  %8s %9s\n", "#", "operator", "result", "SQNR dB",
	       "cosine", "error", "codes %", "SQNR dB", "cosine");
	for (size_t i = 0; i < c->layers; i++)
		print_layer(&c->layer[i]);
	if (c->unmatched)
		printf("  %zu results have no counterpart in %s\n", c->unmatched, c->ref.path);
	print_sums(c);
}

static struct json_object *stats_json(const struct compare_stats *s)
{
	struct json_object *o = json_object_new_object();
	double db = compare_sqnr(s);

	/* JSON has no infinity: null is exact, if the largest error is 0. */
	json_object_object_add(o, "sqnr_db", isfinite(db) ? json_object_new_double(db) : NULL);
	json_object_object_add(o, "cosine", json_object_new_double(compare_cosine(s)));
	json_object_object_add(o, "largest_error", isfinite(s->largest) ?
			       json_object_new_double(s->largest) : NULL);
	json_object_object_add(o, "saturated", json_object_new_double(compare_saturated(s)));
	return o;
}

static struct json_object *layer_json(const struct compare_layer *l)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "operator", json_object_new_int64(l->op));
	json_object_object_add(o, "type", json_object_new_string(l->code));
	json_object_object_add(o, "tensor", json_object_new_string(l->name));
	json_object_object_add(o, "min", json_object_new_double(l->histogram.min));
	json_object_object_add(o, "max", json_object_new_double(l->histogram.max));
	if (l->coded) {
		json_object_object_add(o, "low", json_object_new_double(l->low));
		json_object_object_add(o, "high", json_object_new_double(l->high));
		json_object_object_add(o, "scale", json_object_new_double((double)l->scale));
		json_object_object_add(o, "zero_point", json_object_new_int64(l->zero_point));
	}
	json_object_object_add(o, "accumulated", stats_json(&l->accumulated));
	json_object_object_add(o, "isolated",
			       l->isolated.count ? stats_json(&l->isolated) : NULL);
	return o;
}

static struct json_object *side_json(const struct compare *c, const struct compare_side *s)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "model", json_object_new_string(s->path));
	json_object_object_add(o, "bytes", json_object_new_int64(s->bytes));
	json_object_object_add(o, "bytes_as_float32",
			       json_object_new_int64(s->bytes + s->packed));
	json_object_object_add(o, "backend", json_object_new_string(
				       octet_backend_name(octet_get_backend(s->ctx))));
	json_object_object_add(o, "ms_each", json_object_new_double(s->ms));
	json_object_object_add(o, "cycles", json_object_new_int64((int64_t)s->cycles));
	if (c->class)
		json_object_object_add(o, "right", json_object_new_int64((int64_t)s->right));
	return o;
}

struct json_object *compare_json(const struct compare *c)
{
	struct json_object *root = json_object_new_object(), *layers = json_object_new_array();

	for (size_t i = 0; i < c->layers; i++)
		json_object_array_add(layers, layer_json(&c->layer[i]));
	json_object_object_add(root, "before", side_json(c, &c->ref));
	json_object_object_add(root, "after", side_json(c, &c->got));
	json_object_object_add(root, "samples", json_object_new_int64((int64_t)c->sets.used));
	if (c->classes)
		json_object_object_add(root, "agree", json_object_new_int64((int64_t)c->agree));
	json_object_object_add(root, "unmatched", json_object_new_int64((int64_t)c->unmatched));
	json_object_object_add(root, "layers", layers);
	return root;
}
