// SPDX-License-Identifier: MIT
/*
 * One multiply-accumulate with zero points, worked by hand and by octet_conv1d():
 *
 *	sum (x - zx)(w - zw) = sum x w - zw sum x - zx sum w + n zx zw
 *
 * The first term is what an int8 array computes; the others correct it. Then
 * the sum of step s_x s_w becomes a code of step s_y, by multiplier and shift.
 *
 *	mac1d [drm|sim|cpu]
 */

#include <stdio.h>

#include <octet.h>

#define TAPS 5

static const uint8_t x[TAPS] = { 12, 200, 7, 255, 64 };
static const int8_t w[TAPS] = { -3, 50, 127, -128, 9 };
static const float s_x = 0.02f, s_w = 0.005f, s_y = 0.02f;
static const int32_t zx = 10, zw = -4, zy = 3, bias = 1000;

/* The four terms with their table; returns the sum. */
static int32_t terms(void)
{
	int32_t xw = 0, sx = 0, sw = 0, direct = 0, sum;

	printf("  i    x    w     x*w  x-zx  w-zw  (x-zx)(w-zw)\n");
	for (int i = 0; i < TAPS; i++) {
		printf("%3d %4d %4d %7d %5d %5d %13d\n", i, x[i], w[i], x[i] * w[i], x[i] - zx,
		       w[i] - zw, (x[i] - zx) * (w[i] - zw));
		xw += x[i] * w[i];
		sx += x[i];
		sw += w[i];
		direct += (x[i] - zx) * (w[i] - zw);
	}
	sum = xw - zw * sx - zx * sw + TAPS * zx * zw;
	printf("sum x w       %10d\n- zw sum x    %10d\n- zx sum w    %10d\n+ n zx zw     %10d\n", xw,
	       -zw * sx, -zx * sw, TAPS * zx * zw);
	printf("sum of terms  %10d, directly %d\n", sum, direct);
	return sum == direct ? sum : INT32_MIN;
}

/* FIX_DBL by hand: one product, one rounding constant, one shift. */
static int32_t requantize(int32_t v)
{
	double factor = (double)s_x * (double)s_w / (double)s_y;
	uint32_t mult, shift;
	int64_t product, round;
	int32_t y;

	octet_requant(OCTET_FIX_DBL, factor, &mult, &shift);
	round = (int64_t)1 << (shift - 1);
	if (shift > 31)
		round += v >= 0 ? 1 << 30 : -(1 << 30);
	product = (int64_t)v * mult;
	y = (int32_t)((product + round) >> shift) + zy;
	printf("with bias %d: %d; factor %g is %u / 2^%u\n", bias, v, factor, mult, shift);
	printf("(%lld + %lld) >> %u = %d, + zy = %d", (long long)product, (long long)round, shift,
	       y - zy, y);
	y = y < -128 ? -128 : y > 127 ? 127 : y;
	printf(", clamped %d\n", y);
	return y;
}

static int on_machine(struct octet_ctx *ctx, int8_t *result)
{
	struct octet_tensor *tx, *tw, *tb, *ty;
	OCTET_OPTS(octet_conv_opts, o);
	int ret;

	o.stage = OCTET_FIX_DBL;
	if ((ret = octet_tensor_new(ctx, OCTET_UINT8, 3, (uint32_t[]){ 1, TAPS, 1 }, &tx)) ||
	    (ret = octet_tensor_new(ctx, OCTET_INT8, 3, (uint32_t[]){ 1, TAPS, 1 }, &tw)) ||
	    (ret = octet_tensor_new(ctx, OCTET_INT32, 1, (uint32_t[]){ 1 }, &tb)) ||
	    (ret = octet_tensor_new(ctx, OCTET_INT8, 3, (uint32_t[]){ 1, 1, 1 }, &ty)) ||
	    (ret = octet_tensor_set_quant(tx, s_x, zx)) ||
	    (ret = octet_tensor_set_quant(tw, s_w, zw)) ||
	    (ret = octet_tensor_set_quant(ty, s_y, zy)) ||
	    (ret = octet_tensor_write(tx, x, sizeof(x))) ||
	    (ret = octet_tensor_write(tw, w, sizeof(w))) ||
	    (ret = octet_tensor_write(tb, &bias, sizeof(bias))) ||
	    (ret = octet_conv1d(ctx, tx, tw, tb, ty, &o, NULL)))
		return ret;
	return octet_tensor_read(ty, result, 1);
}

int main(int argc, char **argv)
{
	OCTET_OPTS(octet_open_opts, open);
	struct octet_ctx *ctx;
	int8_t y = 0;
	int32_t hand;
	int ret;

	if (argc > 2 || (argc == 2 && octet_backend_parse(argv[1], &open.backend)) ||
	    octet_open(&ctx, &open)) {
		fputs("usage: mac1d [drm|sim|cpu], a backend that is there\n", stderr);
		return 2;
	}
	hand = requantize(terms() + bias);
	ret = on_machine(ctx, &y);
	if (ret)
		fprintf(stderr, "mac1d: %s\n", octet_last_error(ctx));
	printf("by hand %d, octet_conv1d on %s %d: %s\n", hand,
	       octet_backend_name(octet_get_backend(ctx)), y, !ret && y == hand ? "equal" : "DIFFERENT");
	octet_close(ctx);
	return ret || y != hand;
}
