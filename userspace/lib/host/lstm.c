// SPDX-License-Identifier: MIT
/* UNIDIRECTIONAL_SEQUENCE_LSTM and LSTM: sizes, and the float32 kernel. */

#include "lstm.h"

/* ---- Shapes ---------------------------------------------------------------------- */

int octet_lstm_peephole(const struct octet_lstm *l, int gate)
{
	if (!l->peephole || gate == OCTET_GATE_CELL || !octet_lstm_has(l, gate))
		return -1;
	return OCTET_LSTM_PEEPHOLE + (gate == OCTET_GATE_OUTPUT ? 2 : gate);
}

static bool matrix(octet_tensor_t *t, uint32_t rows, uint32_t cols)
{
	return t && t->rank == 2 && t->dims[0] == rows && t->dims[1] == cols;
}

static bool vector(octet_tensor_t *t, uint32_t n)
{
	return t && t->elements == n;
}

static int gate_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const struct octet_lstm *l, int gate, const char **why)
{
	uint32_t k = (uint32_t)gate;
	int peephole = octet_lstm_peephole(l, gate);

	if (!octet_lstm_has(l, gate)) {
		OCTET_HOST_NEED(!octet_graph_input(g, op, OCTET_LSTM_R + k), -EINVAL,
				"an input gate has recurrent weights only");
		return 0;
	}
	OCTET_HOST_NEED(matrix(octet_graph_input(g, op, OCTET_LSTM_W + k), l->cell, l->input),
			-EINVAL, "a gate's input weights have the wrong shape");
	OCTET_HOST_NEED(matrix(octet_graph_input(g, op, OCTET_LSTM_R + k), l->cell, l->output),
			-ENOTSUP, "a gate's recurrent weights are not [cells, outputs]");
	OCTET_HOST_NEED(vector(octet_graph_input(g, op, OCTET_LSTM_BIAS + k), l->cell), -EINVAL,
			"a gate's bias is left out or has the wrong size");
	OCTET_HOST_NEED(peephole < 0 ||
				vector(octet_graph_input(g, op, (uint32_t)peephole), l->cell),
			-EINVAL, "a gate's peephole weights are left out or have the wrong size");
	OCTET_HOST_NEED(!l->norm || vector(octet_graph_input(g, op, OCTET_LSTM_NORM + k), l->cell),
			-EINVAL, "a gate's normalization is left out or has the wrong size");
	return 0;
}

/* Batch and time from the input; the other sizes from the output gate's weights. */
static int sizes(const struct octet_graph *g, const struct octet_graph_op *op,
		 struct octet_lstm *l, const char **why)
{
	octet_tensor_t *x = octet_graph_input(g, op, OCTET_LSTM_X);
	octet_tensor_t *w = octet_graph_input(g, op, OCTET_LSTM_W + OCTET_GATE_OUTPUT);
	octet_tensor_t *r = octet_graph_input(g, op, OCTET_LSTM_R + OCTET_GATE_OUTPUT);

	memset(l, 0, sizeof(*l));
	OCTET_HOST_NEED(op->input_count == 20 || op->input_count == 24, -ENOTSUP,
			"only the full LSTM of 20 or 24 inputs is on the host");
	OCTET_HOST_NEED(w && r && w->rank == 2 && r->rank == 2, -ENOTSUP,
			"weights of the output gate are left out or not matrices");
	OCTET_HOST_NEED(x->rank == 3 || x->rank == 2, -EINVAL, "the input must have rank 2 or 3");
	l->time_major = op->code == OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM && op->opt.lstm.time_major;
	l->input = x->dims[x->rank - 1];
	l->batch = x->dims[x->rank == 3 && l->time_major];
	l->time = x->rank == 3 ? x->dims[!l->time_major] : 1;
	l->cell = w->dims[0];
	l->output = r->dims[1];
	l->cifg = !octet_graph_input(g, op, OCTET_LSTM_W);
	l->peephole = octet_graph_input(g, op, OCTET_LSTM_PEEPHOLE + 2);
	l->norm = op->input_count == 24 &&
		  octet_graph_input(g, op, OCTET_LSTM_NORM + OCTET_GATE_FORGET);
	l->projection = octet_graph_input(g, op, OCTET_LSTM_PROJECTION);
	return 0;
}

int octet_lstm_check(const struct octet_graph *g, const struct octet_graph_op *op,
		     struct octet_lstm *l, const char **why)
{
	octet_tensor_t *state = octet_graph_input(g, op, OCTET_LSTM_STATE);
	octet_tensor_t *cell = octet_graph_input(g, op, OCTET_LSTM_CELL);
	octet_tensor_t *bias = octet_graph_input(g, op, OCTET_LSTM_PROJECTION_BIAS);
	int ret = sizes(g, op, l, why);

	for (int gate = 0; gate < OCTET_GATES && !ret; gate++)
		ret = gate_check(g, op, l, gate, why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(!l->projection || matrix(octet_graph_input(g, op, OCTET_LSTM_PROJECTION),
						 l->output, l->cell),
			-EINVAL, "the projection's weights have the wrong shape");
	OCTET_HOST_NEED(l->projection || l->output == l->cell, -EINVAL,
			"without a projection there must be as many outputs as cells");
	OCTET_HOST_NEED(!bias || (l->projection && bias->elements == l->output), -EINVAL,
			"the projection's bias has the wrong size");
	OCTET_HOST_NEED(vector(state, l->batch * l->output) && vector(cell, l->batch * l->cell) &&
				state->variable && cell->variable,
			-EINVAL, "the two states are not variables of the right size");
	OCTET_HOST_NEED(!l->peephole || l->output == l->cell, -ENOTSUP,
			"peepholes together with a projection to another size");
	OCTET_HOST_NEED(octet_graph_output(g, op, 0)->elements ==
				(uint64_t)l->batch * l->time * l->output,
			-EINVAL, "the output has the wrong size");
	OCTET_HOST_NEED(op->opt.lstm.cell_clip >= 0 && op->opt.lstm.proj_clip >= 0, -EINVAL,
			"clips must not be negative");
	return 0;
}

/* ---- float32 ---------------------------------------------------------------------- */

static int real_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	struct octet_lstm l;
	int ret;

	for (uint32_t i = 0; i < op->input_count; i++) {
		octet_tensor_t *t = octet_graph_input(g, op, i);

		OCTET_HOST_NEED(!t || t->type == OCTET_FLOAT32, -ENOTSUP,
				"only LSTMs of float32 and of int8 with int16 cells are on the host");
	}
	OCTET_HOST_NEED(octet_graph_output(g, op, 0)->type == OCTET_FLOAT32, -EINVAL,
			"the output must be float32");
	ret = octet_lstm_check(g, op, &l, why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(op->opt.lstm.kernel_type == 0, -ENOTSUP,
			"the basic LSTM kernel is not on the host");
	OCTET_HOST_NEED(op->opt.lstm.activation == OCTET_G_ACT_TANH ||
				op->opt.lstm.activation == OCTET_G_ACT_NONE ||
				op->opt.lstm.activation == OCTET_G_ACT_RELU ||
				op->opt.lstm.activation == OCTET_G_ACT_RELU6,
			-ENOTSUP, "the activation is not on the host");
	return 0;
}

static size_t real_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_lstm l;
	const char *why;

	sizes(g, op, &l, &why);
	return (size_t)l.cell * (OCTET_GATES + 1) * sizeof(float);
}

static float sigmoid(float x)
{
	return 1.0f / (1.0f + (float)exp((double)-x));
}

static float activate(int32_t activation, float x)
{
	switch (activation) {
	case OCTET_G_ACT_TANH:
		return (float)tanh((double)x);
	case OCTET_G_ACT_RELU:
		return x > 0 ? x : 0;
	case OCTET_G_ACT_RELU6:
		return fminf(x > 0 ? x : 0, 6);
	default:
		return x;
	}
}

static float dot(const float *w, const float *x, uint32_t n)
{
	float sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += w[i] * x[i];
	return sum;
}

/* Zero mean, unit deviation, then the gate's own factors. */
static void normalize(float *v, uint32_t n, const float *factor, const float *bias)
{
	float sum = 0, squares = 0, mean, inverse;

	for (uint32_t i = 0; i < n; i++)
		sum += v[i];
	mean = sum / (float)n;
	for (uint32_t i = 0; i < n; i++)
		squares += (v[i] - mean) * (v[i] - mean);
	inverse = 1.0f / sqrtf(squares / (float)n + 1e-8f);
	for (uint32_t i = 0; i < n; i++)
		v[i] = (v[i] - mean) * inverse * factor[i] + bias[i];
}

static void real_gate(const struct octet_host_call *c, const struct octet_lstm *l, int gate,
		      const float *x, const float *state, const float *cell, float *v)
{
	uint32_t k = (uint32_t)gate;
	const float *w = octet_host_in(c, OCTET_LSTM_W + k);
	const float *r = octet_host_in(c, OCTET_LSTM_R + k);
	const float *bias = octet_host_in(c, OCTET_LSTM_BIAS + k);
	int number = octet_lstm_peephole(l, gate);
	const float *peephole = number < 0 ? NULL : octet_host_in(c, (uint32_t)number);

	for (uint32_t i = 0; i < l->cell; i++) {
		v[i] = l->norm ? 0 : bias[i];
		v[i] += dot(w + (size_t)i * l->input, x, l->input);
		v[i] += dot(r + (size_t)i * l->output, state, l->output);
		if (peephole)
			v[i] += peephole[i] * cell[i];
	}
	if (l->norm)
		normalize(v, l->cell, octet_host_in(c, OCTET_LSTM_NORM + k), bias);
	for (uint32_t i = 0; i < l->cell; i++)
		v[i] = gate == OCTET_GATE_CELL ? activate(c->op->opt.lstm.activation, v[i]) :
						 sigmoid(v[i]);
}

static float clip(float v, float most)
{
	return most > 0 ? fminf(fmaxf(v, -most), most) : v;
}

static void real_step(const struct octet_host_call *c, const struct octet_lstm *l, const float *x,
		      float *state, float *cell)
{
	const struct octet_opt_lstm *o = &c->op->opt.lstm;
	float *gates[OCTET_GATES], *hidden = c->scratch;
	const float *w = octet_host_in(c, OCTET_LSTM_PROJECTION);
	const float *bias = octet_host_in(c, OCTET_LSTM_PROJECTION_BIAS);

	for (int g = 0; g < OCTET_GATES; g++)
		gates[g] = hidden + (size_t)l->cell * (size_t)(g + 1);
	for (int g = 0; g < OCTET_GATE_OUTPUT; g++)
		if (octet_lstm_has(l, g))
			real_gate(c, l, g, x, state, cell, gates[g]);
	for (uint32_t i = 0; i < l->cell; i++) {
		float in = l->cifg ? 1.0f - gates[OCTET_GATE_FORGET][i] : gates[OCTET_GATE_INPUT][i];
		float kept = gates[OCTET_GATE_FORGET][i] * cell[i];

		cell[i] = clip(kept + gates[OCTET_GATE_CELL][i] * in, o->cell_clip);
	}
	real_gate(c, l, OCTET_GATE_OUTPUT, x, state, cell, gates[OCTET_GATE_OUTPUT]);
	for (uint32_t i = 0; i < l->cell; i++)
		hidden[i] = activate(o->activation, cell[i]) * gates[OCTET_GATE_OUTPUT][i];
	for (uint32_t i = 0; i < l->output; i++) {
		if (!l->projection)
			state[i] = hidden[i];
		else
			state[i] = clip((bias ? bias[i] : 0) +
						dot(w + (size_t)i * l->cell, hidden, l->cell),
					o->proj_clip);
	}
}

static int real_run(const struct octet_host_call *c)
{
	const float *x = octet_host_in(c, OCTET_LSTM_X);
	float *y = octet_host_out(c, 0);
	float *states = octet_host_state(c, OCTET_LSTM_STATE);
	float *cells = octet_host_state(c, OCTET_LSTM_CELL);
	struct octet_lstm l;
	const char *why;

	sizes(c->g, c->op, &l, &why);
	for (uint32_t t = 0; t < l.time; t++) {
		for (uint32_t b = 0; b < l.batch; b++) {
			size_t at = octet_lstm_at(&l, t, b);
			float *state = states + (size_t)b * l.output;

			real_step(c, &l, x + at * l.input, state, cells + (size_t)b * l.cell);
			memcpy(y + at * l.output, state, l.output * sizeof(*y));
		}
	}
	return 0;
}

#define LSTM(code)									\
	{ code, 1, 24, 1, octet_lstm_integer_check, octet_lstm_integer,		\
	  octet_lstm_integer_scratch },							\
	{ code, 1, 24, 1, real_check, real_run, real_scratch }

const struct octet_host_kernel octet_host_lstm[] = {
	LSTM(OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM),
	LSTM(OCTET_G_LSTM),
	{ 0 },
};
