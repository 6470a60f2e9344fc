// SPDX-License-Identifier: MIT
/* The options of quantization: what they may be, and the codes that they mean. */

#include <math.h>
#include <stdio.h>

#include "quant.h"

/* A sentence on failure; @errbuf may be NULL. */
#define REFUSE(...)						\
	do {							\
		if (errbuf && errbuf_size)			\
			snprintf(errbuf, errbuf_size, __VA_ARGS__); \
		return -EINVAL;					\
	} while (0)

static int check_codes(const struct octet_quant_opts *o, char *errbuf, size_t errbuf_size)
{
	uint32_t most = o->type == OCTET_INT16 ? 16 : 8;

	if (o->type != OCTET_INT8 && o->type != OCTET_UINT8 && o->type != OCTET_INT16)
		REFUSE("type is %d; codes are OCTET_INT8, OCTET_UINT8 or OCTET_INT16",
		       (int)o->type);
	if (o->bits < 2 || o->bits > most)
		REFUSE("bits is %u; %s has 2 to %u%s", o->bits,
		       o->type == OCTET_UINT8 ? "OCTET_UINT8" :
		       o->type == OCTET_INT8  ? "OCTET_INT8" : "OCTET_INT16", most,
		       most == 8 ? "; up to 16 are for OCTET_INT16, which is signed" : "");
	if (o->type == OCTET_UINT8 && (o->narrow || o->full))
		REFUSE("%s is set; it is about the lowest of signed codes, and type is OCTET_UINT8",
		       o->narrow ? "narrow" : "full");
	if (o->narrow && o->full)
		REFUSE("narrow and full are both set; one leaves out the lowest code, one has it");
	return 0;
}

static int check_rules(const struct octet_quant_opts *o, char *errbuf, size_t errbuf_size)
{
	if ((unsigned int)o->scheme > OCTET_SYMMETRIC)
		REFUSE("scheme is %d; 0 and 1 are known", (int)o->scheme);
	if ((unsigned int)o->rounding > OCTET_ROUND_STOCHASTIC)
		REFUSE("rounding is %d; 0 to %d are known", (int)o->rounding,
		       OCTET_ROUND_STOCHASTIC);
	if ((unsigned int)o->scaling > OCTET_ADD_THEN_ROUND)
		REFUSE("scaling is %d; 0 to %d are known", (int)o->scaling, OCTET_ADD_THEN_ROUND);
	if ((unsigned int)o->rule > OCTET_PARAMS_ONNXRUNTIME)
		REFUSE("rule is %d; 0 to %d are known", (int)o->rule, OCTET_PARAMS_ONNXRUNTIME);
	if (!(o->noise >= 0) || !isfinite(o->noise))
		REFUSE("noise is %g; it is a standard deviation in steps, 0 or more",
		       (double)o->noise);
	return 0;
}

static int resolve(const struct octet_quant_opts *user, struct octet_codes *codes, char *errbuf,
		   size_t errbuf_size)
{
	struct octet_quant_opts *o = &codes->opts;

	if (octet_opts_in(NULL, "octet_quant_opts", user, sizeof(*o), o))
		REFUSE("struct octet_quant_opts: its size is none of this library, or a field is "
		       "set that it does not know; declare it with OCTET_OPTS()");
	if (!o->type)
		o->type = OCTET_INT8;
	if (!o->bits)
		o->bits = o->type == OCTET_INT16 ? 16 : 8;
	if (check_codes(o, errbuf, errbuf_size) || check_rules(o, errbuf, errbuf_size))
		return -EINVAL;
	codes->min = o->type == OCTET_UINT8 ? 0 : -(1 << (o->bits - 1));
	codes->max = codes->min + (1 << o->bits) - 1;
	if (o->type == OCTET_UINT8)
		return 0;
	if (o->narrow || (o->scheme == OCTET_SYMMETRIC && !o->full))
		codes->min++;
	return 0;
}

int octet_codes_get(const struct octet_quant_opts *user, struct octet_codes *codes)
{
	return resolve(user, codes, NULL, 0);
}

int octet_quant_check(const struct octet_quant_opts *opts, char *errbuf, size_t errbuf_size)
{
	struct octet_codes codes;

	return resolve(opts, &codes, errbuf, errbuf_size);
}

double octet_round_even(double v)
{
	double low = floor(v), rest = v - low;

	if (rest > 0.5 || (rest == 0.5 && fmod(low, 2) != 0))
		low += 1;
	return low;
}

double octet_round(const struct octet_codes *codes, double v, uint64_t index)
{
	const struct octet_quant_opts *o = &codes->opts;

	switch (o->rounding) {
	case OCTET_ROUND_AWAY:
		return round(v);
	case OCTET_ROUND_EVEN:
		return octet_round_even(v);
	case OCTET_ROUND_UP:
		return floor(v + 0.5);
	case OCTET_ROUND_STOCHASTIC:
		return floor(v + octet_stochastic(o->seed, o->stream, index));
	}
	return v;
}
