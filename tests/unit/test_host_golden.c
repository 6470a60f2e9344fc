// SPDX-License-Identifier: MIT
/*
 * The bits of TFLite 2.14.1's reference kernels, operator by operator.
 *
 * Each group has 100 random cases; their results are folded into one number.
 * The numbers below are those of results that were compared byte by byte with
 * TFLite itself, Debian's libtensorflow-lite 2.14.1 with BuiltinRefOpResolver
 * (ELU: the builtin resolver, which alone has it), by tests/oracles/host_ops.cc
 * and cases.c. Groups that compute with exp() and its like in float32, or add
 * up floats, run but have no number: they differ in the last places.
 */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "test_host_cases.h"

#define CASES 100

static const struct golden {
	const char *name;
	uint64_t hash;
} goldens[] = {
	{ "QUANTIZE", 0xe5b547cce069ed9fu },
	{ "DEQUANTIZE", 0x20758867705d63abu },
	{ "QUANTIZE/channels", 0xf64e7dfe9944d791u },
	{ "DEQUANTIZE/channels", 0x42abe79f672de39cu },
	{ "CAST", 0xc53dacfeb2c75894u },
	{ "LOGISTIC/8", 0x8fc3bd1dbd30ed7du },
	{ "TANH/8", 0xcd1fc0dbec55eb1eu },
	{ "HARD_SWISH/8", 0xbdb5f6aa6ad184abu },
	{ "RELU/8", 0x2843eaf0e8827ceau },
	{ "RELU6/8", 0xd40e8f95d9a2126du },
	{ "RELU_N1_TO_1/8", 0xd34cb0d82ddd7a5au },
	{ "RELU_0_TO_1/8", 0x88b82be5d4dbc086u },
	{ "LEAKY_RELU/8", 0x7f1ecb4fb87e6f78u },
	{ "ELU/8", 0xe16d9b4160e39c3fu },
	{ "GELU/8", 0x0129d3d0280cf24fu },
	{ "EXP/8", 0xb83736e9d62e4948u },
	{ "ABS/8", 0xfc68b665a9b83080u },
	{ "RSQRT/8", 0x055dce523565f7beu },
	{ "LOGISTIC/16", 0x9c9f67998a972771u },
	{ "TANH/16", 0xcdb8724eea8af3c0u },
	{ "RELU/16", 0x88d3e0e10775bd6cu },
	{ "RELU6/16", 0x31c2ded2f7bb009cu },
	{ "LEAKY_RELU/16", 0xf01143310d591cbau },
	{ "EXP/16", 0xe4f3acdf82b9743au },
	{ "ABS/16", 0x8e73f4e2d6a13201u },
	{ "NEG/float", 0xddfd8e97f28941d2u },
	{ "ABS/float", 0x7b53dc11a9a2b152u },
	{ "FLOOR/float", 0xe285216c59466755u },
	{ "SQRT/float", 0xaa63ed0e2cf92233u },
	{ "RSQRT/float", 0x708bc24f3b04499au },
	{ "SQUARE/float", 0xd04bf1c8b3066e30u },
	{ "RELU/float", 0x43b4329137afc157u },
	{ "RELU6/float", 0x43b4329137afc157u },
	{ "RELU_N1_TO_1/float", 0xcb20a1555ee0dcfcu },
	{ "RELU_0_TO_1/float", 0x2e0bb6e728746519u },
	{ "LEAKY_RELU/float", 0x0f65e319b62c6c2fu },
	{ "HARD_SWISH/float", 0x485480945723fa2eu },
	{ "ADD", 0x599ab1d8b334140eu },
	{ "SUB", 0x568ac939d4ec3939u },
	{ "MUL", 0x40f30e99c5cbdd27u },
	{ "ADD/pot16", 0x78d943e12af04b8cu },
	{ "SUB/pot16", 0xbcd4ec5bd7ce49e0u },
	{ "ADD/plain", 0xdc93b480e3a4aedeu },
	{ "SUB/plain", 0x3c692d207616696bu },
	{ "MUL/plain", 0x3d15b997e571d851u },
	{ "DIV/plain", 0x68a403995b24fd5eu },
	{ "FLOOR_DIV/plain", 0x380610473e9924cdu },
	{ "SQUARED_DIFFERENCE/plain", 0xdf515d6ca956415bu },
	{ "DIV/8", 0x9f4d030f33805cc5u },
	{ "SQUARED_DIFFERENCE/8", 0x4fb8b48571cc0e85u },
	{ "MAXIMUM", 0xf20b8efab80cbbaeu },
	{ "MINIMUM", 0x8dda97fd76795ce8u },
	{ "LESS", 0xe3837ba30b9d97c7u },
	{ "LESS_EQUAL", 0x8ff6968fb9214af7u },
	{ "GREATER", 0x8aa0990528034a64u },
	{ "GREATER_EQUAL", 0x61d6d931af1d95e4u },
	{ "EQUAL", 0xe749ab7f3a3a5253u },
	{ "NOT_EQUAL", 0x31296b7897d3749cu },
	{ "LOGICAL_AND", 0x4bc035fa8663cfc6u },
	{ "LOGICAL_OR", 0xcf3c7771b1723749u },
	{ "SELECT", 0xd3442e31ba6cc764u },
	{ "SELECT_V2", 0x8c2b8ff4a8aeb644u },
	{ "TRANSPOSE", 0x633c4310d64d378du },
	{ "CONCATENATION", 0xf8c6d2e1126b324eu },
	{ "PACK", 0xe80ce9ed29382431u },
	{ "UNPACK", 0x5c8207f3bf57854au },
	{ "SPLIT", 0xde625525aa67c3a3u },
	{ "SPLIT_V", 0xe1f3df2b176247ebu },
	{ "TILE", 0xaf2251597c9ad416u },
	{ "BROADCAST_TO", 0x3aa4d325b5965056u },
	{ "FILL", 0xc85d47c92ec51bc0u },
	{ "SHAPE", 0xf9e1e5fd8d19f524u },
	{ "SLICE", 0xcde3818240ce2e6bu },
	{ "STRIDED_SLICE", 0x42d18cd0973806bcu },
	{ "PAD", 0x4392623ad13b58f7u },
	{ "PADV2", 0x1191628970703ecau },
	{ "MIRROR_PAD", 0x94bac8c5967e6037u },
	{ "SPACE_TO_DEPTH", 0x82042a5dfe43657au },
	{ "DEPTH_TO_SPACE", 0xb250cd5618803208u },
	{ "SPACE_TO_BATCH_ND", 0xb6682b6e396bc66fu },
	{ "BATCH_TO_SPACE_ND", 0xbb0a82a638cb3040u },
	{ "GATHER", 0x03f224fe0f26aeb1u },
	{ "GATHER_ND", 0xffa515abbb828b72u },
	{ "SUM", 0xf0f80e4f6b55e52eu },
	{ "MEAN", 0x9ca4876b818a9648u },
	{ "REDUCE_MAX", 0x420d9bb83883d0a6u },
	{ "REDUCE_MIN", 0x6feacdaef4981ce1u },
	{ "ARG_MAX", 0xf76a9f1118ff03f6u },
	{ "ARG_MIN", 0x52b66add5b7b4401u },
	{ "TOPK_V2", 0x020aeedf8ac2a9a3u },
	{ "SOFTMAX", 0x315024024df8f963u },
	{ "LOG_SOFTMAX", 0x1a161485b56df0cfu },
	{ "L2_NORMALIZATION", 0x55cec68b03adadbcu },
	{ "PRELU", 0xda0f357d597ce2d2u },
	{ "RESIZE_BILINEAR", 0xc472c111aa21ddd4u },
	{ "RESIZE_NEAREST_NEIGHBOR", 0xe3c5b33d854dde17u },
	{ "CONV_2D", 0x8d39a997f2430251u },
	{ "DEPTHWISE_CONV_2D", 0xae5625c7ebad9669u },
	{ "TRANSPOSE_CONV", 0xb329772460ecb16fu },
	{ "FULLY_CONNECTED", 0xdf94c8a782ab392eu },
	{ "BATCH_MATMUL", 0x2c5096dbdeccf5e2u },
	{ "AVERAGE_POOL_2D", 0xb0ca7caecb873eabu },
	{ "MAX_POOL_2D", 0xf1d54aa36393d4e2u },
	{ "LSTM", 0xdb58ea48808bdd7fu },
	{ "SEQUENCE_LSTM", 0xb474adabe60b8d13u },
	{ "SVDF", 0x3bb7c332d11d8aa4u },
};

static const struct host_group *const sets[] = {
	host_groups_value, host_groups_move, host_groups_rows, host_groups_heavy,
	host_groups_cell, host_groups_boxes,
};

static const struct golden *golden_of(const char *name)
{
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++)
		if (!strcmp(goldens[i].name, name))
			return &goldens[i];
	return NULL;
}

/* All cases of a group run; their hash. */
static uint64_t group_hash(const struct host_group *g)
{
	struct one *o = malloc(sizeof(*o));
	uint64_t hash = 0xcbf29ce484222325u;

	assert_non_null(o);
	for (uint64_t seed = 0; seed < CASES; seed++) {
		int ret;

		one_begin(o, g->code, g->name, seed);
		g->build(o);
		ret = one_run(o);
		if (ret)
			fail_msg("%s case %llu: %d, %s%s", g->name, (unsigned long long)seed, ret,
				 o->why_not ? o->why_not : "", o->err);
		hash = one_hash(o, hash);
		one_end(o);
	}
	free(o);
	return hash;
}

static void test_golden(void **state)
{
	int wrong = 0, compared = 0;

	(void)state;
	for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++) {
		for (const struct host_group *g = sets[s]; g->name; g++) {
			const struct golden *golden = golden_of(g->name);
			uint64_t hash = group_hash(g);

			if (!golden)
				continue;
			compared++;
			if (hash == golden->hash)
				continue;
			fprintf(stderr, "%s: %016llx, TFLite gives %016llx\n", g->name,
				(unsigned long long)hash, (unsigned long long)golden->hash);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(compared, sizeof(goldens) / sizeof(goldens[0]));
}

UNIT_MAIN(unit_case(test_golden))
