// SPDX-License-Identifier: MIT
/* oneDNN: int8 matmul and convolution, weights reordered beforehand. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dnnl.h>

#include "peer.h"

#define ARGS 12

/** struct state - @args are those of an execution, @mem are to be destroyed */
struct state {
	dnnl_primitive_t primitive;
	dnnl_exec_arg_t args[ARGS];
	int count;
	char *y;
	char how[64];
};

/* Inputs are uint8, the same values: codes and zero point 128 higher. */
static bool u8;
static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void check(dnnl_status_t status, const char *what)
{
	if (status != dnnl_success)
		peer_die("oneDNN: %s: status %d", what, (int)status);
}

static const char *begin(const char *level)
{
	static const struct {
		const char *level;
		dnnl_cpu_isa_t isa;
	} isa[] = {
		{ "avx2", dnnl_cpu_isa_avx2 },
		{ "avxvnni", dnnl_cpu_isa_avx2_vnni },
		{ "avx512vnni", dnnl_cpu_isa_avx512_core_vnni },
		{ "amx", dnnl_cpu_isa_avx512_core_amx },
	};
	const dnnl_version_t *v = dnnl_version();
	static char text[64];

	for (size_t i = 0; i < sizeof(isa) / sizeof(isa[0]); i++) {
		if (strcmp(level, isa[i].level))
			continue;
		if (engine)
			return text;
		check(dnnl_set_max_cpu_isa(isa[i].isa), "dnnl_set_max_cpu_isa");
		check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create");
		check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags),
		      "dnnl_stream_create");
		snprintf(text, sizeof(text), "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
		return text;
	}
	return NULL;
}

static void add(struct state *s, int arg, dnnl_memory_t memory)
{
	if (s->count == ARGS)
		peer_die("oneDNN: too many arguments");
	s->args[s->count++] = (dnnl_exec_arg_t){ arg, memory };
}

static dnnl_memory_t memory(const_dnnl_memory_desc_t md, const void *data)
{
	dnnl_memory_t m;
	void *at;

	check(dnnl_memory_create(&m, md, engine, DNNL_MEMORY_ALLOCATE), "dnnl_memory_create");
	if (data) {
		check(dnnl_memory_get_data_handle(m, &at), "data");
		memcpy(at, data, dnnl_memory_desc_get_size(md));
	}
	return m;
}

/* A vector as an argument: scales, zero points. */
static void vector(struct state *s, int arg, dnnl_data_type_t type, dnnl_dim_t n, const void *data)
{
	const dnnl_dims_t dims = { n };
	dnnl_memory_desc_t md;

	check(dnnl_memory_desc_create_with_tag(&md, 1, dims, type, dnnl_a), "vector");
	add(s, arg, memory(md, data));
	dnnl_memory_desc_destroy(md);
}

static dnnl_primitive_attr_t attributes(struct state *s, const struct peer_op *op,
					const struct peer_data *d)
{
	const int32_t x_zero = d->x_zero + (u8 ? 128 : 0);
	const int w_mask = op->kind == PEER_GEMM ? 2 : op->kind == PEER_CONV ? 1 : 3;
	dnnl_primitive_attr_t attr;

	check(dnnl_primitive_attr_create(&attr), "attr");
	check(dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_SRC, 0), "src scale");
	check(dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_WEIGHTS, w_mask), "w scale");
	check(dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_DST, 0), "dst scale");
	vector(s, DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, dnnl_f32, 1, &d->x_scale);
	vector(s, DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, dnnl_f32, d->channels, d->w_scale);
	vector(s, DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST, dnnl_f32, 1, &d->y_scale);
	if (x_zero) {
		check(dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_SRC, 0), "src zero");
		vector(s, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, dnnl_s32, 1, &x_zero);
	}
	if (d->y_zero) {
		check(dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_DST, 0), "dst zero");
		vector(s, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, dnnl_s32, 1, &d->y_zero);
	}
	return attr;
}

/* What the library wants its weights to be, from what they are. */
static void pack_weights(struct state *s, const_dnnl_memory_desc_t from,
			 const_dnnl_memory_desc_t to, const int8_t *w)
{
	dnnl_primitive_desc_t pd;
	dnnl_primitive_t reorder;
	dnnl_memory_t raw = memory(from, w), packed = memory(to, NULL);
	dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, raw }, { DNNL_ARG_TO, packed } };

	check(dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL), "reorder");
	check(dnnl_primitive_create(&reorder, pd), "reorder");
	check(dnnl_primitive_execute(reorder, stream, 2, args), "reorder");
	check(dnnl_stream_wait(stream), "wait");
	dnnl_primitive_destroy(reorder);
	dnnl_primitive_desc_destroy(pd);
	dnnl_memory_destroy(raw);
	add(s, DNNL_ARG_WEIGHTS, packed);
}

/** struct descs - of the operands; @w as they are, @any as the library likes */
struct descs {
	dnnl_memory_desc_t x, w, any, bias, y;
};

static dnnl_memory_desc_t desc(int n, const dnnl_dims_t dims, dnnl_data_type_t type,
			       dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t md;

	check(dnnl_memory_desc_create_with_tag(&md, n, dims, type, tag), "desc");
	return md;
}

static dnnl_status_t describe(struct descs *m, const struct peer_op *op, const struct peer_data *d,
			      dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd)
{
	const dnnl_dim_t k = op->kernel, p = k / 2, h = op->h, o = d->oh;
	const dnnl_data_type_t x_type = u8 ? dnnl_u8 : dnnl_s8;
	const dnnl_dims_t strides = { op->stride, op->stride }, none = { 0, 0 }, pad = { p, p };

	if (op->kind == PEER_GEMM) {
		m->x = desc(2, (dnnl_dims_t){ op->m, op->k }, x_type, dnnl_ab);
		m->w = desc(2, (dnnl_dims_t){ op->k, op->n }, dnnl_s8, dnnl_ba);
		m->any = desc(2, (dnnl_dims_t){ op->k, op->n }, dnnl_s8, dnnl_format_tag_any);
		m->bias = desc(2, (dnnl_dims_t){ 1, op->n }, dnnl_f32, dnnl_ab);
		m->y = desc(2, (dnnl_dims_t){ op->m, op->n }, dnnl_s8, dnnl_ab);
		return dnnl_matmul_primitive_desc_create(pd, engine, m->x, m->any, m->bias, m->y,
							 attr);
	}
	m->x = desc(4, (dnnl_dims_t){ 1, op->cin, h, h }, x_type, dnnl_nhwc);
	m->y = desc(4, (dnnl_dims_t){ 1, op->cout, o, o }, dnnl_s8, dnnl_nhwc);
	m->bias = desc(1, (dnnl_dims_t){ op->cout }, dnnl_f32, dnnl_a);
	if (op->kind == PEER_CONV) {
		m->w = desc(4, (dnnl_dims_t){ op->cout, op->cin, k, k }, dnnl_s8, dnnl_acdb);
		m->any = desc(4, (dnnl_dims_t){ op->cout, op->cin, k, k }, dnnl_s8,
			      dnnl_format_tag_any);
	} else {
		m->w = desc(5, (dnnl_dims_t){ op->cout, 1, 1, k, k }, dnnl_s8, dnnl_abcde);
		m->any = desc(5, (dnnl_dims_t){ op->cout, 1, 1, k, k }, dnnl_s8,
			      dnnl_format_tag_any);
	}
	return dnnl_convolution_forward_primitive_desc_create(
		pd, engine, dnnl_forward_inference, dnnl_convolution_direct, m->x, m->any,
		m->bias, m->y, strides, none, pad, pad, attr);
}

/* Biases in units of the result, as this library takes them. */
static dnnl_memory_t biases(const_dnnl_memory_desc_t md, const struct peer_data *d)
{
	dnnl_memory_t m = memory(md, NULL);
	void *at;

	check(dnnl_memory_get_data_handle(m, &at), "data");
	for (uint32_t c = 0; c < d->channels; c++)
		((float *)at)[c] = (float)d->bias[c] * d->x_scale * d->w_scale[c];
	return m;
}

static dnnl_memory_t inputs(const_dnnl_memory_desc_t md, const struct peer_data *d)
{
	dnnl_memory_t m = memory(md, d->x);
	void *at;

	check(dnnl_memory_get_data_handle(m, &at), "data");
	for (size_t i = 0; i < d->x_bytes && u8; i++)
		((uint8_t *)at)[i] ^= 128;
	return m;
}

static void *make(const struct peer_op *op, const struct peer_data *d)
{
	struct state *s = calloc(1, sizeof(*s));
	dnnl_primitive_desc_t pd;
	dnnl_primitive_attr_t attr;
	struct descs m;
	const char *how;
	void *y;

	if (!s)
		peer_die("out of memory");
	attr = attributes(s, op, d);
	if (describe(&m, op, d, attr, &pd) != dnnl_success)
		return NULL;
	check(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &how), "query");
	snprintf(s->how, sizeof(s->how), "%s", how);
	check(dnnl_primitive_create(&s->primitive, pd), "primitive");
	add(s, DNNL_ARG_SRC, inputs(m.x, d));
	pack_weights(s, m.w, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), d->w);
	add(s, DNNL_ARG_BIAS, biases(m.bias, d));
	add(s, DNNL_ARG_DST, memory(m.y, NULL));
	check(dnnl_memory_get_data_handle(s->args[s->count - 1].memory, &y), "data");
	s->y = y;
	dnnl_primitive_desc_destroy(pd);
	dnnl_primitive_attr_destroy(attr);
	dnnl_memory_desc_destroy(m.x);
	dnnl_memory_desc_destroy(m.w);
	dnnl_memory_desc_destroy(m.any);
	dnnl_memory_desc_destroy(m.bias);
	dnnl_memory_desc_destroy(m.y);
	return s;
}

static void *make_u8(const struct peer_op *op, const struct peer_data *d)
{
	void *s;

	u8 = true;
	s = make(op, d);
	u8 = false;
	return s;
}

static void run(void *state)
{
	struct state *s = state;

	check(dnnl_primitive_execute(s->primitive, stream, s->count, s->args), "execute");
	check(dnnl_stream_wait(stream), "wait");
}

static const int8_t *result(void *state)
{
	return (const int8_t *)((struct state *)state)->y;
}

static const char *how(void *state)
{
	return ((struct state *)state)->how;
}

static void release(void *state)
{
	struct state *s = state;

	dnnl_primitive_destroy(s->primitive);
	for (int i = 0; i < s->count; i++)
		dnnl_memory_destroy(s->args[i].memory);
	free(s);
}

const struct peer peer_onednn = { "oneDNN", begin, make, run, result, how, release };
const struct peer peer_onednn_u8 = { "oneDNN-u8", begin, make_u8, run, result, how, release };
