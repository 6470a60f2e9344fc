// SPDX-License-Identifier: MIT
/* Cases of operators with a memory: LSTM and SVDF. */

#include <math.h>
#include <string.h>

#include "test_host_cases.h"

/* A constant of random values; @scale 0: none. */
static int32_t given(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims,
		     float scale)
{
	int32_t t = one_tensor(o, type, rank, dims, scale, 0);

	one_fill(o, t);
	for (uint64_t i = 0; i < o->t[t].elements; i++) {
		if (type == OCTET_INT32)
			((int32_t *)o->buffers[t])[i] >>= 18;
		if (type == OCTET_FLOAT32)
			((float *)o->buffers[t])[i] *= 0.25f;
	}
	one_const(o, t);
	return t;
}

struct shape {
	uint32_t input, cell, output, batch, time;
	bool cifg, peephole, norm, projection;
};

static float weight_scale(struct one *o, bool real)
{
	return real ? 0 : (float)exp(one_real(o, -6, -4));
}

static void lstm_weights(struct one *o, const struct shape *s, bool real)
{
	enum octet_dtype w = real ? OCTET_FLOAT32 : OCTET_INT8;
	enum octet_dtype wide = real ? OCTET_FLOAT32 : OCTET_INT16;
	enum octet_dtype bias = real ? OCTET_FLOAT32 : OCTET_INT32;
	uint32_t in[2] = { s->cell, s->input }, rec[2] = { s->cell, s->output };
	uint32_t proj[2] = { s->output, s->cell };

	for (int g = 0; g < 4; g++)
		one_input(o, s->cifg && !g ? -1 : given(o, w, 2, in, weight_scale(o, real)));
	for (int g = 0; g < 4; g++)
		one_input(o, s->cifg && !g ? -1 : given(o, w, 2, rec, weight_scale(o, real)));
	for (int g = 0; g < 3; g++)
		one_input(o, !s->peephole || (s->cifg && !g) ?
				     -1 :
				     given(o, wide, 1, in, real ? 0 : 1.0f / 65536));
	for (int g = 0; g < 4; g++)
		one_input(o, s->cifg && !g ? -1 : given(o, bias, 1, in, real ? 0 : 1e-4f));
	one_input(o, s->projection ? given(o, w, 2, proj, weight_scale(o, real)) : -1);
	one_input(o, s->projection && one_random(o, 2) ?
			     given(o, bias, 1, proj, real ? 0 : 1e-4f) :
			     -1);
}

static void lstm_shape(struct one *o, struct shape *s)
{
	s->input = 1 + one_random(o, 9);
	s->cell = 1 + one_random(o, 7);
	s->batch = 1 + one_random(o, 3);
	s->time = 1 + one_random(o, 4);
	s->cifg = one_random(o, 2);
	s->norm = one_random(o, 2);
	s->projection = one_random(o, 2);
	s->peephole = !s->projection && one_random(o, 2);
	s->output = s->projection ? 1 + one_random(o, 7) : s->cell;
	if (o->op.code == OCTET_G_LSTM)
		s->time = 1;
	o->op.opt.lstm.activation = OCTET_G_ACT_TANH;
	o->op.opt.lstm.time_major = (int32_t)one_random(o, 2);
	o->op.opt.lstm.cell_clip = one_random(o, 2) ? 0 : 1.5f;
	o->op.opt.lstm.proj_clip = s->projection && one_random(o, 2) ? 0.5f : 0;
	o->op.version = 2;
	o->runs = 1 + one_random(o, 3);
}

static void lstm_tensors(struct one *o, const struct shape *s, bool real)
{
	enum octet_dtype type = real ? OCTET_FLOAT32 : OCTET_INT8;
	enum octet_dtype wide = real ? OCTET_FLOAT32 : OCTET_INT16;
	bool single = o->op.code == OCTET_G_LSTM;
	uint32_t x[3], y[3], state[2] = { s->batch, s->output }, cell[2] = { s->batch, s->cell };
	bool major = o->op.opt.lstm.time_major && !single;
	float scale = real ? 0 : (float)exp(one_real(o, -5, -4));
	int32_t zp = real ? 0 : (int32_t)one_random(o, 60) - 30, t;
	float cells = real ? 0 : ldexpf(1, -9 - (int)one_random(o, 4));

	x[0] = y[0] = major ? s->time : s->batch;
	x[1] = y[1] = major ? s->batch : s->time;
	x[2] = s->input;
	y[2] = s->output;
	if (single) {
		x[1] = s->input;
		y[1] = s->output;
	}
	t = one_tensor(o, type, single ? 2 : 3, x, real ? 0 : (float)exp(one_real(o, -5, -2)),
		       real ? 0 : case_zp(o, OCTET_INT8));
	one_fill(o, t);
	one_input(o, t);
	lstm_weights(o, s, real);
	t = one_tensor(o, type, 2, state, scale, zp);
	one_variable(o, t);
	one_input(o, t);
	t = one_tensor(o, wide, 2, cell, cells, 0);
	one_variable(o, t);
	one_input(o, t);
	for (int g = 0; g < 4; g++)
		one_input(o, !s->norm || (s->cifg && !g) ?
				     -1 :
				     given(o, wide, 1, &s->cell, real ? 0 : 1.0f / 16384));
	one_output(o, one_tensor(o, type, single ? 2 : 3, y, scale, zp));
}

static void lstm(struct one *o)
{
	uint32_t none = 1;
	struct shape s;

	lstm_shape(o, &s);
	lstm_tensors(o, &s, false);
	for (int i = 0; i < 4; i++)
		one_middle(o, one_tensor(o, OCTET_INT16, 1, &none,
					 (float)exp(one_real(o, -9, -7)), 0));
	/* Without a projection the hidden values are the output. */
	if (s.projection)
		one_middle(o, one_tensor(o, OCTET_INT8, 1, &none, (float)exp(one_real(o, -6, -5)),
					 (int32_t)one_random(o, 40) - 20));
	else
		one_middle(o, one_tensor(o, OCTET_INT8, 1, &none,
					 o->t[o->out[0]].scale[0], o->t[o->out[0]].zero_point[0]));
}

static void lstm_real(struct one *o)
{
	struct shape s;

	lstm_shape(o, &s);
	lstm_tensors(o, &s, true);
}

static void svdf_types(struct one *o, bool real)
{
	enum octet_dtype type = real ? OCTET_FLOAT32 : OCTET_INT8;
	enum octet_dtype wide = real ? OCTET_FLOAT32 : OCTET_INT16;
	uint32_t rank = 1 + one_random(o, 3), units = 1 + one_random(o, 5);
	uint32_t filters = rank * units, memory = 1 + one_random(o, 8);
	uint32_t x[2] = { 1 + one_random(o, 3), 1 + one_random(o, 9) };
	uint32_t features[2] = { filters, x[1] }, time[2] = { filters, memory };
	uint32_t state[2] = { x[0], filters * memory }, y[2] = { x[0], units };
	int32_t t;

	o->op.opt.svdf.rank = (int32_t)rank;
	o->op.opt.svdf.activation = real ? (int32_t)one_random(o, 2) : OCTET_G_ACT_RELU;
	o->op.version = 3;
	o->runs = 1 + one_random(o, 4);
	t = one_tensor(o, type, 2, x, real ? 0 : 0.02f, real ? 0 : case_zp(o, OCTET_INT8));
	one_fill(o, t);
	one_input(o, t);
	one_input(o, given(o, type, 2, features, real ? 0 : (float)exp(one_real(o, -6, -4))));
	one_input(o, given(o, wide, 2, time, real ? 0 : 1.0f / 65536));
	one_input(o, one_random(o, 2) ?
			     given(o, real ? OCTET_FLOAT32 : OCTET_INT32, 1, &units,
				   real ? 0 : 1e-4f) :
			     -1);
	t = one_tensor(o, wide, 2, state, real ? 0 : (float)exp(one_real(o, -8, -6)), 0);
	one_variable(o, t);
	one_input(o, t);
	one_output(o, one_tensor(o, type, 2, y, real ? 0 : (float)exp(one_real(o, -5, -3)),
				 real ? 0 : case_zp(o, OCTET_INT8)));
}

static void svdf(struct one *o)
{
	svdf_types(o, false);
}

static void svdf_real(struct one *o)
{
	svdf_types(o, true);
}

const struct host_group host_groups_cell[] = {
	{ "LSTM", OCTET_G_LSTM, lstm },
	{ "SEQUENCE_LSTM", OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM, lstm },
	{ "LSTM/float", OCTET_G_LSTM, lstm_real },
	{ "SEQUENCE_LSTM/float", OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM, lstm_real },
	{ "SVDF", OCTET_G_SVDF, svdf }, { "SVDF/float", OCTET_G_SVDF, svdf_real },
	{ 0 },
};
