// SPDX-License-Identifier: MIT
/*
 * Runs the cases that one_dump() of tests/unit/test_host_one.c writes with
 * TFLite's reference kernels, and writes their results.
 *
 * Not part of the build: TFLite 2.14.1 is libtensorflow-lite-dev of Debian's
 * newer suites, and so is its compiler. There:
 *
 *	g++ -std=c++17 -o oracle tests/oracles/host_ops.cc -ltensorflow-lite
 *	cases | ./oracle >results
 *
 * where cases and results are those of tests/oracles/cases.c.
 *
 * Each result: uint32 status (0, 1 refused, 2 failed, 3 no such operator, 99
 * crashed), then for each output uint64 bytes and contents. Each case runs in
 * a process of its own, as TFLite aborts on some.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "tensorflow/lite/core/c/builtin_op_data.h"
#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/kernels/register.h"
#include "tensorflow/lite/kernels/register_ref.h"
#include "tensorflow/lite/schema/schema_generated.h"

using namespace tflite;

struct CaseTensor {
	int32_t type, rank, dims[8];
	uint32_t flags, quants, axis;
	std::vector<float> scale;
	std::vector<int32_t> zero;
	uint64_t bytes;
	std::vector<char> data;
};

struct OneCase {
	int32_t code, version, options[16];
	char name[64];
	std::vector<char> custom;
	std::vector<CaseTensor> tensors;
	std::vector<int> inputs, outputs, middle;
};

enum { CONSTANT = 1, GIVEN = 2, VARIABLE = 4 };

static bool get(void *p, size_t n)
{
	return fread(p, 1, n, stdin) == n;
}

template <class T> static T value()
{
	T v = {};

	get(&v, sizeof(v));
	return v;
}

template <class T> static void list(std::vector<T> &v)
{
	v.resize(value<uint32_t>());
	if (!v.empty())
		get(v.data(), v.size() * sizeof(T));
}

static void read_tensor(CaseTensor &t)
{
	get(&t.type, 4 + 4 + 32);
	get(&t.flags, 12);
	t.scale.resize(t.quants);
	t.zero.resize(t.quants);
	if (t.quants) {
		get(t.scale.data(), 4 * t.quants);
		get(t.zero.data(), 4 * t.quants);
	}
	t.bytes = value<uint64_t>();
	if (t.flags & (CONSTANT | GIVEN)) {
		t.data.resize(t.bytes);
		get(t.data.data(), t.bytes);
	}
}

static bool read_case(OneCase &c)
{
	if (value<uint32_t>() != 0x4f435431)
		return false;
	get(&c.code, 8);
	get(c.name, sizeof(c.name));
	get(c.options, sizeof(c.options));
	list(c.custom);
	c.tensors.resize(value<uint32_t>());
	for (CaseTensor &t : c.tensors)
		read_tensor(t);
	list(c.inputs);
	list(c.outputs);
	list(c.middle);
	return true;
}

static TfLiteType type_of(int type)
{
	static const TfLiteType types[] = {
		kTfLiteNoType, kTfLiteInt8, kTfLiteUInt8, kTfLiteInt16, kTfLiteInt32,
		kTfLiteInt4, kTfLiteInt64, kTfLiteFloat32, kTfLiteBool, kTfLiteFloat16,
	};

	return types[type];
}

static float real(int32_t word)
{
	float v;

	memcpy(&v, &word, sizeof(v));
	return v;
}

template <class T> static T *blank()
{
	return static_cast<T *>(calloc(1, sizeof(T)));
}

static TfLiteFusedActivation act(int32_t v)
{
	return static_cast<TfLiteFusedActivation>(v);
}

static TfLitePadding padding(int32_t v)
{
	return v ? kTfLitePaddingValid : kTfLitePaddingSame;
}

/* Options of windows and products: words of union octet_graph_options. */
static void *window_params(int code, const int32_t *o)
{
	if (code == BuiltinOperator_CONV_2D) {
		auto p = blank<TfLiteConvParams>();

		p->padding = padding(o[0]);
		p->stride_width = o[1];
		p->stride_height = o[2];
		p->activation = act(o[3]);
		p->dilation_width_factor = o[4];
		p->dilation_height_factor = o[5];
		return p;
	}
	if (code == BuiltinOperator_DEPTHWISE_CONV_2D) {
		auto p = blank<TfLiteDepthwiseConvParams>();

		p->padding = padding(o[0]);
		p->stride_width = o[1];
		p->stride_height = o[2];
		p->depth_multiplier = o[3];
		p->activation = act(o[4]);
		p->dilation_width_factor = o[5];
		p->dilation_height_factor = o[6];
		return p;
	}
	if (code == BuiltinOperator_TRANSPOSE_CONV) {
		auto p = blank<TfLiteTransposeConvParams>();

		p->padding = padding(o[0]);
		p->stride_width = o[1];
		p->stride_height = o[2];
		p->activation = act(o[3]);
		return p;
	}
	if (code == BuiltinOperator_AVERAGE_POOL_2D || code == BuiltinOperator_MAX_POOL_2D) {
		auto p = blank<TfLitePoolParams>();

		p->padding = padding(o[0]);
		p->stride_width = o[1];
		p->stride_height = o[2];
		p->filter_width = o[3];
		p->filter_height = o[4];
		p->activation = act(o[5]);
		return p;
	}
	return nullptr;
}

static void *cell_params(int code, const int32_t *o)
{
	if (code == BuiltinOperator_UNIDIRECTIONAL_SEQUENCE_LSTM) {
		auto p = blank<TfLiteUnidirectionalSequenceLSTMParams>();

		p->activation = act(o[0]);
		p->cell_clip = real(o[1]);
		p->proj_clip = real(o[2]);
		p->time_major = o[4];
		return p;
	}
	if (code == BuiltinOperator_LSTM) {
		auto p = blank<TfLiteLSTMParams>();

		p->activation = act(o[0]);
		p->cell_clip = real(o[1]);
		p->proj_clip = real(o[2]);
		p->kernel_type = static_cast<TfLiteLSTMKernelType>(o[3]);
		return p;
	}
	if (code == BuiltinOperator_SVDF) {
		auto p = blank<TfLiteSVDFParams>();

		p->rank = o[0];
		p->activation = act(o[1]);
		return p;
	}
	return nullptr;
}

#define ONE(op, Params, member, v)		\
	case BuiltinOperator_##op: {		\
		auto p = blank<Params>();	\
						\
		p->member = v;			\
		return p;			\
	}
#define TWO(op, Params, member, v, other, w)	\
	case BuiltinOperator_##op: {		\
		auto p = blank<Params>();	\
						\
		p->member = v;			\
		p->other = w;			\
		return p;			\
	}

static void *slice_params(const int32_t *o)
{
	auto p = blank<TfLiteStridedSliceParams>();

	p->begin_mask = o[0];
	p->end_mask = o[1];
	p->ellipsis_mask = o[2];
	p->new_axis_mask = o[3];
	p->shrink_axis_mask = o[4];
	p->offset = o[5];
	return p;
}

static void *params(int code, const int32_t *o)
{
	void *p = window_params(code, o);

	if (!p)
		p = cell_params(code, o);
	if (p)
		return p;
	switch (code) {
	TWO(ADD, TfLiteAddParams, activation, act(o[0]), pot_scale_int16, o[1])
	TWO(SUB, TfLiteSubParams, activation, act(o[0]), pot_scale_int16, o[1])
	ONE(MUL, TfLiteMulParams, activation, act(o[0]))
	ONE(DIV, TfLiteDivParams, activation, act(o[0]))
	ONE(L2_NORMALIZATION, TfLiteL2NormParams, activation, act(o[0]))
	TWO(FULLY_CONNECTED, TfLiteFullyConnectedParams, activation, act(o[0]), keep_num_dims,
	    o[2])
	ONE(SOFTMAX, TfLiteSoftmaxParams, beta, real(o[0]))
	TWO(CONCATENATION, TfLiteConcatenationParams, axis, o[0], activation, act(o[1]))
	TWO(RESIZE_BILINEAR, TfLiteResizeBilinearParams, align_corners, o[0],
	    half_pixel_centers, o[1])
	TWO(RESIZE_NEAREST_NEIGHBOR, TfLiteResizeNearestNeighborParams, align_corners, o[0],
	    half_pixel_centers, o[1])
	ONE(SPACE_TO_DEPTH, TfLiteSpaceToDepthParams, block_size, o[0])
	ONE(DEPTH_TO_SPACE, TfLiteDepthToSpaceParams, block_size, o[0])
	TWO(GATHER, TfLiteGatherParams, axis, o[0], batch_dims, o[1])
	ONE(MEAN, TfLiteReducerParams, keep_dims, o[0])
	ONE(SUM, TfLiteReducerParams, keep_dims, o[0])
	ONE(REDUCE_MAX, TfLiteReducerParams, keep_dims, o[0])
	ONE(REDUCE_MIN, TfLiteReducerParams, keep_dims, o[0])
	ONE(SPLIT, TfLiteSplitParams, num_splits, o[0])
	ONE(SPLIT_V, TfLiteSplitVParams, num_splits, o[0])
	ONE(ARG_MAX, TfLiteArgMaxParams, output_type, type_of(o[0]))
	ONE(ARG_MIN, TfLiteArgMinParams, output_type, type_of(o[0]))
	ONE(SHAPE, TfLiteShapeParams, out_type, type_of(o[0]))
	TWO(PACK, TfLitePackParams, values_count, o[0], axis, o[1])
	TWO(UNPACK, TfLiteUnpackParams, num, o[0], axis, o[1])
	ONE(LEAKY_RELU, TfLiteLeakyReluParams, alpha, real(o[0]))
	ONE(GELU, TfLiteGeluParams, approximate, o[0])
	TWO(BATCH_MATMUL, TfLiteBatchMatMulParams, adj_x, o[0], adj_y, o[1])
	ONE(MIRROR_PAD, TfLiteMirrorPaddingParams, mode,
	    o[0] ? kTfLiteMirrorPaddingSymmetric : kTfLiteMirrorPaddingReflect)
	case BuiltinOperator_STRIDED_SLICE:
		return slice_params(o);
	default:
		/* Bigger than the options that are all zeros. */
		return blank<TfLiteConvParams>();
	}
}

static TfLiteQuantization quantization(const CaseTensor &t)
{
	TfLiteQuantization q = { kTfLiteNoQuantization, nullptr };
	TfLiteAffineQuantization *a;

	if (!t.quants)
		return q;
	a = blank<TfLiteAffineQuantization>();
	a->scale = TfLiteFloatArrayCreate(t.quants);
	a->zero_point = TfLiteIntArrayCreate(t.quants);
	a->quantized_dimension = t.axis;
	for (uint32_t i = 0; i < t.quants; i++) {
		a->scale->data[i] = t.scale[i];
		a->zero_point->data[i] = t.zero[i];
	}
	q.type = kTfLiteAffineQuantization;
	q.params = a;
	return q;
}

static void add_tensors(Interpreter &ip, const OneCase &c, std::vector<int> &given)
{
	std::vector<int> variables;
	int first;

	ip.AddTensors(c.tensors.size(), &first);
	for (size_t i = 0; i < c.tensors.size(); i++) {
		const CaseTensor &t = c.tensors[i];
		std::vector<int> dims(t.dims, t.dims + t.rank);

		if (t.flags & CONSTANT)
			ip.SetTensorParametersReadOnly(i, type_of(t.type), "c", dims,
						       quantization(t), t.data.data(), t.bytes);
		else
			ip.SetTensorParametersReadWrite(i, type_of(t.type), "t", dims,
							quantization(t), t.flags & VARIABLE);
		if (t.flags & GIVEN)
			given.push_back(i);
		if (t.flags & VARIABLE)
			variables.push_back(i);
	}
	ip.SetInputs(given);
	ip.SetOutputs(c.outputs);
	ip.SetVariables(variables);
}

static const TfLiteRegistration *registration(const OneCase &c)
{
	static ops::builtin::BuiltinRefOpResolver reference;
	static ops::builtin::BuiltinOpResolverWithoutDefaultDelegates others;
	auto code = static_cast<BuiltinOperator>(c.code);
	const TfLiteRegistration *r;

	if (code == BuiltinOperator_CUSTOM)
		return reference.FindOp(c.name, c.version);
	r = reference.FindOp(code, c.version);
	return r ? r : others.FindOp(code, c.version);
}

static uint32_t run(Interpreter &ip, const OneCase &c)
{
	const TfLiteRegistration *r = registration(c);
	std::vector<int> given;

	if (!r)
		return 3;
	add_tensors(ip, c, given);
	if (c.code == BuiltinOperator_CUSTOM)
		ip.AddNodeWithParameters(c.inputs, c.outputs, c.custom.data(), c.custom.size(),
					 nullptr, r);
	else
		ip.primary_subgraph().AddNodeWithParameters(c.inputs, c.outputs, c.middle, nullptr,
							    0, params(c.code, c.options), r);
	if (ip.AllocateTensors() != kTfLiteOk)
		return 1;
	for (int i : given)
		memcpy(ip.tensor(i)->data.raw, c.tensors[i].data.data(), c.tensors[i].bytes);
	/* How often it runs is in the last word of the options. */
	for (int i = 0; i < (c.options[15] ? c.options[15] : 1); i++)
		if (ip.Invoke() != kTfLiteOk)
			return 2;
	return 0;
}

int main()
{
	for (OneCase c; read_case(c); c = OneCase()) {
		uint32_t status = 99;
		int how;
		pid_t child;

		fflush(stdout);
		child = fork();
		if (!child) {
			Interpreter ip;

			status = run(ip, c);
			fwrite(&status, sizeof(status), 1, stdout);
			for (size_t i = 0; !status && i < c.outputs.size(); i++) {
				uint64_t bytes = ip.tensor(c.outputs[i])->bytes;

				fwrite(&bytes, sizeof(bytes), 1, stdout);
				fwrite(ip.tensor(c.outputs[i])->data.raw, 1, bytes, stdout);
			}
			fflush(stdout);
			_exit(0);
		}
		waitpid(child, &how, 0);
		if (!WIFEXITED(how) || WEXITSTATUS(how))
			fwrite(&status, sizeof(status), 1, stdout);
	}
	return 0;
}
