/* SPDX-License-Identifier: MIT */
/* What the LSTM operators have in common. */
#ifndef OCTET_HOST_LSTM_H
#define OCTET_HOST_LSTM_H

#include "host_priv.h"

/* Gates, in the order of the operator's inputs. */
enum { OCTET_GATE_INPUT, OCTET_GATE_FORGET, OCTET_GATE_CELL, OCTET_GATE_OUTPUT, OCTET_GATES };

/* The operator's inputs; those of gates are for OCTET_GATE_INPUT. */
enum {
	OCTET_LSTM_X = 0,
	OCTET_LSTM_W = 1,
	OCTET_LSTM_R = 5,
	OCTET_LSTM_PEEPHOLE = 9,	/* input, forget, output */
	OCTET_LSTM_BIAS = 12,
	OCTET_LSTM_PROJECTION = 16,
	OCTET_LSTM_PROJECTION_BIAS = 17,
	OCTET_LSTM_STATE = 18,
	OCTET_LSTM_CELL = 19,
	OCTET_LSTM_NORM = 20,
};

/**
 * struct octet_lstm - sizes, and which parts there are
 *
 * @cifg: no input gate, its value is 1 - forget gate
 */
struct octet_lstm {
	uint32_t input, cell, output, batch, time;
	bool time_major, cifg, peephole, norm, projection;
};

/** octet_lstm_check() - shapes of all inputs, whatever their types */
int octet_lstm_check(const struct octet_graph *g, const struct octet_graph_op *op,
		     struct octet_lstm *l, const char **why);

/** octet_lstm_peephole() - input number of a gate's peephole weights; -1: it has none */
int octet_lstm_peephole(const struct octet_lstm *l, int gate);

/** octet_lstm_has() - does this LSTM have the gate? */
static inline bool octet_lstm_has(const struct octet_lstm *l, int gate)
{
	return gate != OCTET_GATE_INPUT || !l->cifg;
}

/** octet_lstm_at() - row of input and output of step @t and image @b of the batch */
static inline size_t octet_lstm_at(const struct octet_lstm *l, uint32_t t, uint32_t b)
{
	return l->time_major ? (size_t)t * l->batch + b : (size_t)b * l->time + t;
}

/* The kernel of int8 activations and int16 cells. */
int octet_lstm_integer_check(const struct octet_graph *g, const struct octet_graph_op *op,
			     const char **why);
int octet_lstm_integer(const struct octet_host_call *c);
size_t octet_lstm_integer_scratch(const struct octet_graph *g, const struct octet_graph_op *op);

#endif /* OCTET_HOST_LSTM_H */
