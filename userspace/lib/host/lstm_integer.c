// SPDX-License-Identifier: MIT
/* LSTM of int8 inputs, weights and outputs, int16 gates and cells. */

#include "lstm.h"

struct rescale {
	int32_t mult;
	int shift;
};

/* Parameters of one gate; @input_bias and @state_bias are in the scratch. */
struct gate {
	struct rescale input, state, peephole, norm;
	int32_t guard;
	int32_t *input_bias, *state_bias;
	int16_t *v;
};

struct integer {
	struct octet_lstm l;
	struct gate gates[OCTET_GATES];
	struct rescale hidden, projection;
	int32_t hidden_zp, cell_scale, cell_clip, out_clip;
	int32_t *projection_bias;
	int8_t *h;
};

static void rescale_of(struct rescale *r, float factor)
{
	octet_fx_multiplier((double)factor, &r->mult, &r->shift);
}

static float scale(const struct octet_graph *g, const struct octet_graph_op *op, int i)
{
	octet_tensor_t *t = octet_graph_input(g, op, (uint32_t)i);

	return t && t->quants == 1 ? t->scale[0] : 1.0f;
}

static octet_tensor_t *intermediate(const struct octet_graph *g, const struct octet_graph_op *op,
				    uint32_t i)
{
	octet_tensor_t *t;

	if (i >= op->intermediate_count || op->intermediates[i] < 0)
		return NULL;
	t = &g->tensors[op->intermediates[i]];
	return t->quants == 1 && t->scale[0] > 0 && isfinite(t->scale[0]) ? t : NULL;
}

/* TFLite's CheckedLog2(). */
static bool log2_of(float v, int32_t *exponent)
{
	float precise = (float)(log((double)v) * (1 / log(2.0)));

	*exponent = (int32_t)roundf(precise);
	return fabsf(roundf(precise) - precise) < 1e-3f;
}

/* The types of the operator's inputs, by number. */
static enum octet_dtype type_of(uint32_t i)
{
	if (i == OCTET_LSTM_CELL || i >= OCTET_LSTM_NORM ||
	    (i >= OCTET_LSTM_PEEPHOLE && i < OCTET_LSTM_BIAS))
		return OCTET_INT16;
	if ((i >= OCTET_LSTM_BIAS && i < OCTET_LSTM_PROJECTION) || i == OCTET_LSTM_PROJECTION_BIAS)
		return OCTET_INT32;
	return OCTET_INT8;
}

static int types_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	for (uint32_t i = 0; i < op->input_count; i++) {
		octet_tensor_t *t = octet_graph_input(g, op, i);

		if (!t)
			continue;
		OCTET_HOST_NEED(t->type == type_of(i), -ENOTSUP,
				"only LSTMs of float32 and of int8 with int16 cells are on the host");
		OCTET_HOST_NEED(type_of(i) == OCTET_INT32 || octet_host_quantized(t), -EINVAL,
				"an input of the LSTM has no valid scale");
		OCTET_HOST_NEED(i == OCTET_LSTM_X || i == OCTET_LSTM_STATE ||
					type_of(i) == OCTET_INT32 || !t->zero_point[0],
				-EINVAL, "zero points of weights and cells must be 0");
	}
	return 0;
}

/* Factors of a gate: sums to its 16-bit input, Q of 3 without normalization. */
static void gate_scales(const struct octet_graph *g, const struct octet_graph_op *op,
			struct integer *n, int k)
{
	octet_tensor_t *middle = n->l.norm ? intermediate(g, op, (uint32_t)k) : NULL;
	float to = middle ? middle->scale[0] : 0x1p-12f;
	int peephole = octet_lstm_peephole(&n->l, k);
	struct gate *gate = &n->gates[k];
	float norm = n->l.norm ? scale(g, op, OCTET_LSTM_NORM + k) : 1.0f;

	rescale_of(&gate->input, scale(g, op, OCTET_LSTM_W + k) * scale(g, op, OCTET_LSTM_X) / to);
	rescale_of(&gate->state,
		   scale(g, op, OCTET_LSTM_R + k) * scale(g, op, OCTET_LSTM_STATE) / to);
	if (peephole >= 0)
		rescale_of(&gate->peephole,
			   (float)(ldexp(1, n->cell_scale) * (double)scale(g, op, peephole) /
				   (double)to));
	rescale_of(&gate->norm, norm);
	gate->guard = (int32_t)fminf(10000 * norm, 0x1p30f);
	gate->guard = gate->guard > 1 ? gate->guard : 1;
}

static int scales(const struct octet_graph *g, const struct octet_graph_op *op, struct integer *n)
{
	octet_tensor_t *hidden = intermediate(g, op, 4);
	float s_cell = scale(g, op, OCTET_LSTM_CELL), s_out;
	const struct octet_opt_lstm *o = &op->opt.lstm;

	s_out = octet_graph_output(g, op, 0)->scale[0];
	if (!hidden || !log2_of(s_cell, &n->cell_scale) || n->cell_scale < -15 ||
	    n->cell_scale > -9)
		return -EINVAL;
	for (int k = 0; k < OCTET_GATES; k++)
		if (octet_lstm_has(&n->l, k))
			gate_scales(g, op, n, k);
	n->hidden_zp = hidden->zero_point[0];
	rescale_of(&n->hidden, (float)(0x1p-15 / (double)hidden->scale[0] * 0x1p-15));
	rescale_of(&n->projection, scale(g, op, OCTET_LSTM_PROJECTION) * hidden->scale[0] /
					   scale(g, op, OCTET_LSTM_STATE));
	n->cell_clip = o->cell_clip > 0 ? (int32_t)fminf(o->cell_clip / s_cell, 32767) : 0;
	n->out_clip = o->proj_clip > 0 ? (int32_t)fminf(o->proj_clip / s_out, 127) : 0;
	return 0;
}

int octet_lstm_integer_check(const struct octet_graph *g, const struct octet_graph_op *op,
			     const char **why)
{
	struct integer n = { 0 };
	int ret = types_check(g, op, why);

	if (!ret)
		ret = octet_lstm_check(g, op, &n.l, why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_graph_output(g, op, 0)->type == OCTET_INT8 &&
				octet_host_quantized(octet_graph_output(g, op, 0)),
			-EINVAL, "the output must be int8 with a valid scale");
	for (uint32_t k = 0; k < OCTET_GATES && n.l.norm; k++)
		OCTET_HOST_NEED(!octet_lstm_has(&n.l, (int)k) || intermediate(g, op, k), -EINVAL,
				"a gate's intermediate tensor with its scale is missing");
	OCTET_HOST_NEED(!scales(g, op, &n), -EINVAL,
			"the hidden intermediate is missing, or the cell's scale is not 2^-15..2^-9");
	for (int k = 0; k < OCTET_GATES; k++) {
		const struct gate *gate = &n.gates[k];

		OCTET_HOST_NEED(gate->input.shift < 15 && gate->state.shift < 15 &&
					gate->peephole.shift < 15 && gate->norm.shift < 15 &&
					n.projection.shift < 15 && n.hidden.shift < 15,
				-EINVAL, "the scales of the LSTM are too far apart");
	}
	return 0;
}

/* Scratch: per gate two biases; one of the projection; gate values; hidden values. */
size_t octet_lstm_integer_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_lstm l;
	const char *why;

	octet_lstm_check(g, op, &l, &why);
	return (2 * (size_t)OCTET_GATES * l.cell + l.output) * sizeof(int32_t) +
	       OCTET_GATES * (size_t)l.cell * sizeof(int16_t) + l.cell;
}

/* bias[row] + zp * sum of the row's weights */
static void effective(int32_t *to, const int8_t *w, const int32_t *bias, int32_t zp, uint32_t rows,
		      uint32_t cols)
{
	for (uint32_t r = 0; r < rows; r++) {
		int32_t sum = 0;

		for (uint32_t i = 0; i < cols; i++)
			sum += w[(size_t)r * cols + i];
		to[r] = (bias ? bias[r] : 0) + zp * sum;
	}
}

static void prepare(const struct octet_host_call *c, struct integer *n)
{
	int32_t zp_x = octet_host_tin(c, OCTET_LSTM_X)->zero_point[0];
	int32_t zp_state = octet_host_tin(c, OCTET_LSTM_STATE)->zero_point[0];
	const struct octet_lstm *l = &n->l;
	int32_t *words = c->scratch;
	int16_t *values;

	for (uint32_t k = 0; k < OCTET_GATES; k++) {
		struct gate *gate = &n->gates[k];

		gate->input_bias = words;
		gate->state_bias = words + l->cell;
		words += 2 * (size_t)l->cell;
		if (!octet_lstm_has(l, (int)k))
			continue;
		effective(gate->input_bias, octet_host_in(c, OCTET_LSTM_W + k),
			  l->norm ? NULL : octet_host_in(c, OCTET_LSTM_BIAS + k), -zp_x, l->cell,
			  l->input);
		effective(gate->state_bias, octet_host_in(c, OCTET_LSTM_R + k), NULL, -zp_state,
			  l->cell, l->output);
	}
	n->projection_bias = words;
	if (l->projection)
		effective(words, octet_host_in(c, OCTET_LSTM_PROJECTION),
			  octet_host_in(c, OCTET_LSTM_PROJECTION_BIAS), n->hidden_zp, l->output,
			  l->cell);
	values = (int16_t *)(words + l->output);
	for (int k = 0; k < OCTET_GATES; k++)
		n->gates[k].v = values + (size_t)k * l->cell;
	n->h = (int8_t *)(values + OCTET_GATES * (size_t)l->cell);
}

/* The sum of a row, rescaled, on top of @before. */
static int32_t row(const int8_t *w, const int8_t *x, uint32_t n, int32_t bias,
		   const struct rescale *r, int32_t before, int32_t min, int32_t max)
{
	int32_t sum = bias;

	for (uint32_t i = 0; i < n; i++)
		sum += w[i] * x[i];
	return octet_host_clamp((int64_t)octet_fx_scale(sum, r->mult, r->shift) + before, min, max);
}

static void normalize(const struct gate *gate, uint32_t n, const int16_t *factor,
		      const int32_t *bias)
{
	int64_t sum = 0, squares = 0, variance;
	int32_t mean, limited, root;
	int root_shift;

	for (uint32_t i = 0; i < n; i++) {
		sum += gate->v[i];
		squares += gate->v[i] * gate->v[i];
	}
	mean = (int32_t)(sum * 1024 / (int64_t)n);
	variance = squares * ((1 << 20) / (int32_t)n) - (int64_t)mean * mean;
	limited = (int32_t)(variance / (1 << 20));
	limited = limited < 1 ? gate->guard : limited;
	octet_fx_inv_sqrt(limited, &root, &root_shift);
	for (uint32_t i = 0; i < n; i++) {
		int32_t v = octet_fx_scale(1024 * gate->v[i] - mean, root, root_shift);

		/* 32 bits, as TFLite's product has. */
		v = (int32_t)((uint32_t)v * (uint32_t)factor[i] + (uint32_t)bias[i]);
		v = (int32_t)(((int64_t)v + (v > 0 ? 512 : -512)) / 1024);
		v = octet_fx_scale(v, gate->norm.mult, gate->norm.shift + 12);
		gate->v[i] = (int16_t)octet_host_clamp(v, INT16_MIN, INT16_MAX);
	}
}

static void gate_values(const struct octet_host_call *c, const struct integer *n, uint32_t k,
			const int8_t *x, const int8_t *state, const int16_t *cell)
{
	const int8_t *w = octet_host_in(c, OCTET_LSTM_W + k), *r = octet_host_in(c, OCTET_LSTM_R + k);
	int number = octet_lstm_peephole(&n->l, (int)k);
	const int16_t *peephole = number < 0 ? NULL : octet_host_in(c, (uint32_t)number);
	const struct gate *gate = &n->gates[k];
	const struct octet_lstm *l = &n->l;

	for (uint32_t i = 0; i < l->cell; i++) {
		int32_t v = row(w + (size_t)i * l->input, x, l->input, gate->input_bias[i],
				&gate->input, 0, INT16_MIN, INT16_MAX);

		v = row(r + (size_t)i * l->output, state, l->output, gate->state_bias[i],
			&gate->state, v, INT16_MIN, INT16_MAX);
		if (peephole)
			v = octet_host_clamp((int64_t)v + octet_fx_scale(peephole[i] * cell[i],
									 gate->peephole.mult,
									 gate->peephole.shift),
					     INT16_MIN, INT16_MAX);
		gate->v[i] = (int16_t)v;
	}
	if (l->norm)
		normalize(gate, l->cell, octet_host_in(c, OCTET_LSTM_NORM + k),
			  octet_host_in(c, OCTET_LSTM_BIAS + k));
	for (uint32_t i = 0; i < l->cell; i++)
		gate->v[i] = (int16_t)(k == OCTET_GATE_CELL ? octet_fx_tanh(16, gate->v[i], 3) :
							      octet_fx_logistic(16, gate->v[i], 3));
}

static int32_t product(int32_t a, int32_t b, int shift)
{
	return (int16_t)octet_fx_div_pot(a * b, shift);
}

static void update_cell(const struct integer *n, int16_t *cell)
{
	for (uint32_t i = 0; i < n->l.cell; i++) {
		int32_t forget = n->gates[OCTET_GATE_FORGET].v[i];
		int32_t in = n->l.cifg ? INT16_MAX - forget : n->gates[OCTET_GATE_INPUT].v[i];
		int32_t v = product(forget, cell[i], 15);

		v += product(in, n->gates[OCTET_GATE_CELL].v[i], 30 + n->cell_scale);
		v = octet_host_clamp(v, INT16_MIN, INT16_MAX);
		if (n->cell_clip > 0)
			v = octet_host_clamp(v, -n->cell_clip, n->cell_clip);
		cell[i] = (int16_t)v;
	}
}

static void update_state(const struct octet_host_call *c, const struct integer *n,
			 const int16_t *cell, int8_t *state)
{
	int32_t zp = n->l.projection ? -n->hidden_zp : n->hidden_zp;
	int32_t zp_state = octet_host_tin(c, OCTET_LSTM_STATE)->zero_point[0];
	int8_t *hidden = n->l.projection ? n->h : state;

	for (uint32_t i = 0; i < n->l.cell; i++) {
		int32_t v = octet_fx_tanh(16, cell[i], 15 + n->cell_scale);

		v = octet_fx_scale(n->gates[OCTET_GATE_OUTPUT].v[i] * v, n->hidden.mult,
				   n->hidden.shift);
		hidden[i] = (int8_t)octet_host_clamp((int64_t)v + zp, INT8_MIN, INT8_MAX);
	}
	for (uint32_t i = 0; i < n->l.output && n->l.projection; i++) {
		const int8_t *w = octet_host_in(c, OCTET_LSTM_PROJECTION);
		int32_t v = row(w + (size_t)i * n->l.cell, n->h, n->l.cell, n->projection_bias[i],
				&n->projection, zp_state, INT8_MIN, INT8_MAX);

		if (n->out_clip > 0)
			v = octet_host_clamp(v, -n->out_clip, n->out_clip);
		state[i] = (int8_t)v;
	}
}

int octet_lstm_integer(const struct octet_host_call *c)
{
	const int8_t *x = octet_host_in(c, OCTET_LSTM_X);
	int8_t *y = octet_host_out(c, 0), *states = octet_host_state(c, OCTET_LSTM_STATE);
	int16_t *cells = octet_host_state(c, OCTET_LSTM_CELL);
	struct integer n = { 0 };
	const struct octet_lstm *l = &n.l;
	const char *why;

	octet_lstm_check(c->g, c->op, &n.l, &why);
	scales(c->g, c->op, &n);
	prepare(c, &n);
	for (uint32_t t = 0; t < l->time; t++) {
		for (uint32_t b = 0; b < l->batch; b++) {
			size_t at = octet_lstm_at(l, t, b);
			int8_t *state = states + (size_t)b * l->output;
			int16_t *cell = cells + (size_t)b * l->cell;

			for (uint32_t k = 0; k < OCTET_GATE_OUTPUT; k++)
				if (octet_lstm_has(l, (int)k))
					gate_values(c, &n, k, x + at * l->input, state, cell);
			update_cell(&n, cell);
			gate_values(c, &n, OCTET_GATE_OUTPUT, x + at * l->input, state, cell);
			update_state(c, &n, cell, state);
			memcpy(y + at * l->output, state, l->output);
		}
	}
	return 0;
}
