/* SPDX-License-Identifier: MIT */
/*
 * The float model of the digits demo: its file, its layers, and a plain float
 * reference of them.
 *
 * The file, little-endian throughout, without padding or trailing bytes:
 *
 *   offset  size
 *        0     8  magic "OCTETF32"
 *        8     4  version, 1
 *       12     4  number of layers, 1..16
 *       16        the layers, one after the other
 *
 * and each layer:
 *
 *        0     4  kind: 1 convolution, 2 dense (matrix product)
 *        4    12  input height, width, channels
 *       16    12  output height, width, channels
 *       28     4  kernel height and width
 *       32     4  stride, both directions
 *       36     4  pad: zeros on all four sides
 *       40     4  relu: 1 if negative outputs become 0
 *       44     4  reserved, 0
 *       48        float32 weights[output channels][kernel][kernel][input
 *                 channels] (OHWI), then float32 bias[output channels]
 *
 * Activations are NHWC. A dense layer is 1 x 1 x K to 1 x 1 x N with kernel 1,
 * stride 1, pad 0; its K inputs are the layer before it, flattened in memory
 * order. A convolution's output is
 * (input + 2 * pad - kernel) / stride + 1, rounded down.
 * The network's input is pixel / 16 for the pixels 0..16 of the data; its last
 * outputs are logits, and the largest is the answer.
 */
#ifndef DIGITS_MODEL_H
#define DIGITS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define DIGITS_MODEL_MAGIC "OCTETF32"
#define DIGITS_MODEL_VERSION 1u
#define DIGITS_MAX_LAYERS 16u
#define DIGITS_MAX_DIM 4096u
#define DIGITS_MAX_KERNEL 15u
#define DIGITS_MAX_VALUES (1u << 22)

enum digits_kind {
	DIGITS_CONV = 1,
	DIGITS_DENSE = 2,
};

struct digits_layer {
	uint32_t kind;
	uint32_t in_h, in_w, in_c;
	uint32_t out_h, out_w, out_c;
	uint32_t kernel, stride, pad;
	uint32_t relu;
	float *weights;
	float *bias;
};

struct digits_model {
	uint32_t n_layers;
	struct digits_layer layers[DIGITS_MAX_LAYERS];
};

/*
 * All functions that can fail return 0 or a negative errno value and put a
 * sentence into err[err_size] (err may be NULL). A model that was not loaded
 * is left empty: freeing it is allowed and does nothing.
 */
int digits_model_load(struct digits_model *m, const char *path, char *err,
		      size_t err_size);
int digits_model_parse(struct digits_model *m, const void *bytes, size_t size,
		       char *err, size_t err_size);
int digits_model_save(const struct digits_model *m, const char *path, char *err,
		      size_t err_size);
void digits_model_free(struct digits_model *m);

/* Allocates zeroed weights and biases for the n layers, whose shapes it checks. */
int digits_model_create(struct digits_model *m, const struct digits_layer *shapes,
			uint32_t n, char *err, size_t err_size);

/* Numbers of values: of one layer, and of the whole model. */
size_t digits_layer_inputs(const struct digits_layer *l);
size_t digits_layer_outputs(const struct digits_layer *l);
size_t digits_layer_weights(const struct digits_layer *l);
uint64_t digits_layer_macs(const struct digits_layer *l);
size_t digits_model_inputs(const struct digits_model *m);
size_t digits_model_params(const struct digits_model *m);

/*
 * One layer in float: dot products in the order of the weights, then the bias,
 * then ReLU.
 */
void digits_layer_forward(const struct digits_layer *l, const float *in,
			  float *out);

/*
 * The whole network on one image. Every layer's output, after its ReLU, stays
 * in acts, which holds digits_model_acts(m) values; layer i's begin at
 * digits_model_act_offset(m, i). Returns the last layer's outputs (in acts).
 */
size_t digits_model_acts(const struct digits_model *m);
size_t digits_model_act_offset(const struct digits_model *m, uint32_t layer);
const float *digits_model_forward(const struct digits_model *m, const float *in,
				  float *acts);

/* Index of the largest of n values; the first of equals. */
uint32_t digits_argmax(const float *v, size_t n);

#endif
