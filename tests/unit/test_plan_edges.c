// SPDX-License-Identifier: MIT
/* Plans at their edges: failures, odd outputs, variables, batches that cannot be. */
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/plan.h"

#include "libtest.h"
#include "models.h"

struct net {
	void *bytes;
	size_t size;
	struct octet_model *model;
};

static void load(struct net *n, struct mb *m)
{
	OCTET_OPTS(octet_model_opts, opts);
	char err[256] = "";

	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	mb_finish(m, &n->bytes, &n->size);
	mb_free(m);
	if (octet_model_load_memory(&n->model, n->bytes, n->size, &opts))
		fail_msg("%s", err);
}

static void unload(struct net *n)
{
	octet_model_free(n->model);
	free(n->bytes);
}

static struct octet_plan *plan(struct octet_ctx *ctx, const struct net *n, uint32_t slots)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *p;

	opts.slots = slots;
	if (octet_plan_new(ctx, n->model, &opts, &p))
		fail_msg("%s", octet_last_error(ctx));
	return p;
}

static int conv(struct mb *m, int x, uint32_t cout)
{
	return mb_conv2d(m, x, &(struct mb_conv){ .cout = cout, .kh = 3, .kw = 3 });
}

/* Two convolutions, and with @host an operator of the CPU between them. */
static void convs(struct net *n, bool host)
{
	struct mb *m = mb_new(3);
	int x = conv(m, mb_input(m, "x", OCTET_INT8, MB(1, 8, 8, 4), 0.05f, 1), 8);

	if (host) {
		x = mb_requant(m, x, OCTET_FLOAT32, 0, 0);
		x = mb_unary(m, OCTET_G_ABS, x, 0, 0);
		x = mb_requant(m, x, OCTET_INT8, 0.05f, 1);
	}
	mb_output(m, conv(m, x, 4));
	load(n, m);
}

static void fill(struct octet_plan *p, uint32_t slot)
{
	size_t bytes;
	uint8_t *to = octet_plan_input(p, slot, 0, &bytes);

	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)(i * 37 >> 2);
}

static bool same(struct octet_plan *p, uint32_t a, uint32_t b)
{
	size_t bytes;
	const void *x = octet_plan_output(p, a, 0, &bytes);

	return !memcmp(x, octet_plan_output(p, b, 0, NULL), bytes);
}

/* Slot 0 of two plans. */
static void outputs_equal(struct octet_plan *p, struct octet_plan *ref, uint32_t outputs)
{
	for (uint32_t i = 0; i < outputs; i++) {
		size_t bytes;
		const void *want = octet_plan_output(ref, 0, i, &bytes);

		assert_memory_equal(octet_plan_output(p, 0, i, NULL), want, bytes);
	}
}

/* A command fails in one of three slots: it is named, the others and the next run go on. */
static void one_fails(bool host, const char *machine, int error, const char *word)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, machine);
	unsigned int failed = 0;
	struct octet_plan *p;
	struct net n;

	convs(&n, host);
	p = plan(ctx, &n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		fill(p, i);
		assert_int_equal(octet_plan_start(p, i), 0);
	}
	for (uint32_t i = 0; i < 3; i++) {
		int ret = octet_plan_wait(p, i, 60000000000);

		if (!ret)
			continue;
		failed++;
		lt_expect(ctx, ret, error, word, "operator", "CONV_2D");
		/* Asked again, it says the same, whatever was said between. */
		octet_plan_op(p, 4711, NULL);
		lt_expect(ctx, octet_plan_wait(p, i, 0), error, word, "CONV_2D");
	}
	assert_int_equal(failed, 1);
	for (uint32_t i = 0; i < 3; i++) {
		memset((void *)(uintptr_t)octet_plan_output(p, i, 0, NULL), 0, 16);
		assert_int_equal(octet_plan_start(p, i), 0);
	}
	for (uint32_t i = 0; i < 3; i++) {
		if (octet_plan_wait(p, i, 60000000000))
			fail_msg("%s", octet_last_error(ctx));
		assert_true(same(p, 0, i));
	}
	octet_plan_free(p);
	octet_close(ctx);
	unload(&n);
}

static void test_one_fails(void **state)
{
	(void)state;
	for (int host = 0; host < 2; host++) {
		one_fails(host, "inject-command=2", -EFAULT, "INJECTED");
		one_fails(host, "inject-hang=2", -ETIME, "took longer");
		one_fails(host, "inject-dma-error=3", -EFAULT, "BUS_ERROR");
	}
}

/* Nobody waits for a run that fails: the slot can be started all the same. */
static void test_not_waited(void **state)
{
	(void)state;
	for (int host = 0; host < 2; host++) {
		struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, "inject-command=1");
		struct pollfd fd = { .events = POLLIN };
		struct octet_plan *p;
		struct net n;

		convs(&n, host);
		p = plan(ctx, &n, 1);
		fill(p, 0);
		assert_int_equal(octet_plan_start(p, 0), 0);
		assert_int_equal(octet_plan_fd(p, 0, &fd.fd), 0);
		assert_int_equal(poll(&fd, 1, 60000), 1);
		close(fd.fd);
		if (octet_plan_start(p, 0))
			fail_msg("%s", octet_last_error(ctx));
		assert_int_equal(octet_plan_wait(p, 0, -1), 0);
		octet_close(ctx);
		unload(&n);
	}
}

/* Several segments: the second submit of a run fails, and what failed is what is said. */
static void test_says_what_failed(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, "inject-command=1");
	struct octet_plan *p;
	struct net n;

	(void)state;
	ctx->info.max_cmds = 1;
	convs(&n, false);
	p = plan(ctx, &n, 1);
	fill(p, 0);
	assert_int_equal(octet_plan_start(p, 0), 0);
	lt_expect(ctx, octet_plan_wait(p, 0, -1), -EFAULT, "INJECTED", "operator 0 CONV_2D");
	octet_close(ctx);
	unload(&n);
}

/* More jobs than a backend takes in one submit. */
static void test_many_jobs(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, NULL);
	struct octet_ctx *cpu = lt_open(OCTET_BACKEND_CPU, NULL);
	OCTET_OPTS(octet_plan_info, info);
	struct mb *m = mb_new(5);
	struct octet_plan *p, *ref;
	struct net n;
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 4, 4, 2), 0.05f, 1);

	(void)state;
	ctx->info.max_cmds = 1;
	for (int i = 0; i < 1100; i++)
		x = mb_pool(m, OCTET_G_MAX_POOL_2D, x, &(struct mb_conv){ .kh = 2, .kw = 2 });
	mb_output(m, x);
	load(&n, m);
	p = plan(ctx, &n, 1);
	ref = plan(cpu, &n, 1);
	octet_plan_info(p, &info);
	assert_true(info.segments > 1024);
	fill(p, 0);
	fill(ref, 0);
	for (int i = 0; i < 2; i++) {
		if (octet_plan_start(p, 0) || octet_plan_wait(p, 0, -1))
			fail_msg("%s", octet_last_error(ctx));
	}
	assert_int_equal(octet_plan_start(ref, 0), 0);
	assert_int_equal(octet_plan_wait(ref, 0, -1), 0);
	outputs_equal(p, ref, 1);
	octet_close(ctx);
	octet_close(cpu);
	unload(&n);
}

/* Nothing to do, an output that is an input, one that is a constant, one twice. */
static void test_no_work(void **state)
{
	static const int8_t seven[4] = { 7, 7, 7, 7 };
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);
	struct pollfd fd = { .events = POLLIN };
	const int8_t in[4] = { 1, 2, 3, 4 };
	int8_t out[4][4] = { { 0 } };
	struct mb *m = mb_new(3);
	struct octet_plan *p;
	struct net n;
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 4), 0.05f, 1), c;

	(void)state;
	c = mb_const(m, "c", OCTET_INT8, MB(1, 4), 0.05f, 1, seven);
	mb_reshape(m, x, MB(4, 1));
	mb_output(m, x);
	mb_output(m, c);
	mb_output(m, c);
	mb_output(m, mb_reshape(m, c, MB(2, 2)));
	load(&n, m);
	p = plan(ctx, &n, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(octet_plan_run(p, (const void *[]){ in },
						(void *[]){ out[0], out[1], out[2], out[3] }), 0);
	assert_memory_equal(out[0], in, 4);
	for (int i = 1; i < 4; i++)
		assert_memory_equal(out[i], seven, 4);
	assert_int_equal(octet_plan_start(p, 0), 0);
	assert_int_equal(octet_plan_fd(p, 0, &fd.fd), 0);
	assert_int_equal(poll(&fd, 1, 60000), 1);
	close(fd.fd);
	octet_plan_free(p);
	octet_close(ctx);
	unload(&n);
}

/* A plan without any command: started again before anybody waited. */
static void test_nothing(void **state)
{
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);
	struct mb *m = mb_new(3);
	struct octet_plan *p;
	struct net n;
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 4), 0.05f, 1);

	(void)state;
	mb_reshape(m, x, MB(4, 1));
	mb_output(m, x);
	load(&n, m);
	p = plan(ctx, &n, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(octet_plan_start(p, 1), 0);
	assert_int_equal(octet_plan_wait(p, 1, 0), 0);
	octet_close(ctx);
	unload(&n);
}

/* The same tensor twice as an operator's input, and as parts of a concatenation. */
static void test_twice(void **state)
{
	struct octet_ctx *sim = lt_open(lt_machine(), NULL);
	struct octet_ctx *cpu = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_plan *p, *ref;
	struct mb *m = mb_new(9);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 4, 4, 4), 0.05f, 1), y, parts[2];
	struct net n;

	(void)state;
	y = mb_arith(m, OCTET_G_ADD, x, x, OCTET_G_ACT_NONE, 0.1f, 0);
	y = mb_concat(m, 3, 4, (int[]){ y, y, y, y });
	mb_split(m, 3, y, 2, parts);
	mb_output(m, y);
	mb_output(m, parts[1]);
	y = mb_arith(m, OCTET_G_MUL, parts[0], parts[0], OCTET_G_ACT_NONE, 0.1f, 0);
	mb_output(m, mb_concat(m, 3, 2, (int[]){ y, y }));
	load(&n, m);
	p = plan(sim, &n, 1);
	ref = plan(cpu, &n, 1);
	fill(p, 0);
	fill(ref, 0);
	assert_int_equal(octet_plan_start(p, 0), 0);
	assert_int_equal(octet_plan_start(ref, 0), 0);
	assert_int_equal(octet_plan_wait(p, 0, -1), 0);
	assert_int_equal(octet_plan_wait(ref, 0, -1), 0);
	outputs_equal(p, ref, 3);
	octet_close(sim);
	octet_close(cpu);
	unload(&n);
}

/* Variables begin as TFLite's do: int8 with its zero point; and again after a reset. */
static void test_variables(void **state)
{
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);
	const int8_t in[4] = { 0 };
	int8_t out[2][4];
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 4), 0.05f, 0);
	int v = mb_tensor(m, "state", OCTET_INT8, MB(1, 4), 0.05f, -9);
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *p;
	struct net n;

	(void)state;
	mb_get(m, v)->variable = true;
	mb_output(m, mb_arith(m, OCTET_G_ADD, x, v, OCTET_G_ACT_NONE, 0.05f, 3));
	mb_output(m, v);
	load(&n, m);
	p = plan(ctx, &n, 1);
	assert_int_equal(octet_plan_run(p, (const void *[]){ in }, (void *[]){ out[0], out[1] }), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(out[0][i], 3);
		assert_int_equal(out[1][i], -9);
	}
	memset((void *)(uintptr_t)octet_plan_output(p, 0, 1, NULL), 1, 4);
	assert_int_equal(octet_plan_reset(p), 0);
	assert_int_equal(*(const int8_t *)octet_plan_output(p, 0, 1, NULL), -9);
	opts.batch = 2;
	lt_expect(ctx, octet_plan_new(ctx, n.model, &opts, &p), -ENOTSUP, "variable");
	octet_close(ctx);
	unload(&n);
}

static void no_batch(struct mb *m, uint32_t batch, const char *word)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *p = NULL;
	struct net n;

	load(&n, m);
	opts.batch = batch;
	lt_expect(ctx, octet_plan_new(ctx, n.model, &opts, &p), -ENOTSUP, word);
	assert_null(p);
	octet_close(ctx);
	unload(&n);
}

static void test_no_batch(void **state)
{
	struct mb *m = mb_new(1);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 4, 8), 0.05f, 0), y;

	(void)state;
	/* Broadcast across samples. */
	y = mb_input(m, "y", OCTET_INT8, MB(1, 8), 0.05f, 0);
	mb_output(m, mb_arith(m, OCTET_G_ADD, x, y, OCTET_G_ACT_NONE, 0.05f, 0));
	no_batch(m, 4, "another rank");

	/* Weights that would grow. */
	m = mb_new(1);
	x = mb_input(m, "x", OCTET_INT8, MB(1, 8), 0.05f, 0);
	y = mb_tensor(m, "y", OCTET_INT8, MB(1, 1), 0.05f, 0);
	mb_op(m, OCTET_G_FULLY_CONNECTED, NULL, MB_LIST(x, mb_input(m, "w", OCTET_INT8, MB(1, 8),
								   0.05f, 0), -1), MB_LIST(y));
	mb_output(m, y);
	no_batch(m, 4, "computed");

	/* An output that has no samples, an input that nothing reads. */
	m = mb_new(1);
	x = mb_input(m, "x", OCTET_INT8, MB(1, 8), 0.05f, 0);
	mb_output(m, mb_unary(m, OCTET_G_RELU, x, 0, 0));
	mb_output(m, mb_const(m, "kept", OCTET_INT8, MB(1, 8), 0.05f, 0, NULL));
	no_batch(m, 4, "'kept'");
	m = mb_new(1);
	x = mb_input(m, "x", OCTET_INT8, MB(1, 8), 0.05f, 0);
	mb_input(m, "unused", OCTET_INT8, MB(2, 8), 0.05f, 0);
	mb_output(m, mb_unary(m, OCTET_G_RELU, x, 0, 0));
	no_batch(m, 4, "'unused'");

	/* Sizes. */
	m = mb_new(1);
	x = mb_input(m, "x", OCTET_FLOAT32, MB(1, 1024), 0, 0);
	mb_output(m, mb_unary(m, OCTET_G_RELU, x, 0, 0));
	no_batch(m, UINT32_MAX, "elements");
}

static void test_load(void **state)
{
	OCTET_OPTS(octet_model_opts, opts);
	struct octet_model *model = (void *)&opts;
	char err[256], fifo[] = "/tmp/octet-fifo-XXXXXX";

	(void)state;
	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	assert_int_equal(octet_model_load(&model, NULL, &opts), -EINVAL);
	assert_non_null(strstr(err, "octet_model_load: "));
	assert_int_equal(octet_model_load_memory(&model, NULL, 0, &opts), -EINVAL);
	assert_non_null(strstr(err, "NULL"));
	assert_int_equal(octet_model_load_memory(NULL, err, 0, &opts), -EINVAL);
	assert_non_null(mkdtemp(fifo));
	assert_int_equal(rmdir(fifo), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(octet_model_load(&model, fifo, &opts), -EINVAL);
	assert_non_null(strstr(err, "regular"));
	unlink(fifo);
	assert_ptr_equal(model, &opts);
}

/* The context's thread goes on while workers run; resets and starts are refused meanwhile. */
static void test_busy(void **state)
{
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);
	struct octet_plan *p;
	struct net n;

	(void)state;
	convs(&n, true);
	p = plan(ctx, &n, 4);
	for (int round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 4; i++) {
			fill(p, i);
			assert_int_equal(octet_plan_start(p, i), 0);
		}
		if (octet_plan_start(p, 3) != -EBUSY)
			octet_plan_wait(p, 3, -1);
		else if (octet_plan_reset(p))
			assert_non_null(octet_last_error(ctx));
		octet_plan_free(plan(ctx, &n, 2));
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(octet_plan_wait(p, i, -1), 0);
		assert_true(same(p, 0, 3));
	}
	/* Freed while it runs. */
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(octet_plan_start(p, i), 0);
	octet_close(ctx);
	unload(&n);
}

/* The items of slot 0 one by one, each job twice, as after a reset of its core. */
static void run_twice(struct octet_plan *p, const char *name)
{
	struct plan_slot *slot = &p->slots[0];

	for (uint32_t i = 0; i < p->item_count; i++) {
		const struct plan_item *item = &p->items[i];
		const struct plan_host *h = item->host ? &p->hosts[item->first] : NULL;

		if (h) {
			struct octet_host_call call = {
				.g = p->graph, .op = &p->graph->ops[h->op],
				.buffers = slot->buffers, .scratch = slot->scratch,
				.scratch_bytes = h->scratch,
			};

			assert_int_equal(h->fn(&call), 0);
			continue;
		}
		for (uint32_t k = 0; k < 2 * item->count; k++) {
			struct octet_fence *fence;

			assert_int_equal(octet_submit(p->ctx, NULL,
						      &slot->jobs[item->first + k / 2], 1, NULL,
						      &fence), 0);
			if (octet_fence_wait(fence, -1))
				fail_msg("%s: %s", name, octet_last_error(p->ctx));
			octet_fence_free(fence);
		}
	}
}

static void restart(struct octet_ctx *ctx, const struct mb_sample *sample, uint32_t max_cmds)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct mb *m = mb_new(3);
	struct octet_plan *once, *twice;
	uint64_t seed = 5;
	struct net n;
	size_t bytes;
	int ret;

	sample->build(m);
	load(&n, m);
	ctx->info.max_cmds = max_cmds;
	opts.no_sram = max_cmds == 3;
	if (octet_plan_new(ctx, n.model, &opts, &once)) {
		unload(&n);
		return;
	}
	assert_int_equal(octet_plan_new(ctx, n.model, &opts, &twice), 0);
	for (uint32_t i = 0; i < octet_model_inputs(n.model); i++) {
		uint8_t *to = octet_plan_input(once, 0, i, &bytes);

		for (size_t k = 0; k < bytes; k++)
			to[k] = n.model->graph->tensors[n.model->graph->inputs[i]].type <= OCTET_UINT8 ?
				(uint8_t)lt_random(&seed) : 0;
		memcpy(octet_plan_input(twice, 0, i, NULL), to, bytes);
	}
	assert_int_equal(octet_plan_start(once, 0), 0);
	/* Random indexes are refused by the operator that reads them. */
	ret = octet_plan_wait(once, 0, -1);
	if (ret && ret != -EINVAL)
		fail_msg("%s: %s", sample->name, octet_last_error(ctx));
	if (!ret)
		run_twice(twice, sample->name);
	for (uint32_t i = 0; !ret && i < octet_model_outputs(n.model); i++) {
		const void *want = octet_plan_output(once, 0, i, &bytes);

		if (memcmp(octet_plan_output(twice, 0, i, NULL), want, bytes))
			fail_msg("%s, jobs of %u commands: output %u differs after a restart",
				 sample->name, max_cmds, i);
	}
	octet_plan_free(once);
	octet_plan_free(twice);
	unload(&n);
}

/* A job may run again from its start: what it reads from outside is still there. */
static void test_restart(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, NULL);
	uint32_t most = ctx->info.max_cmds;
	const struct mb_sample *lists[] = { mb_samples, mb_odd };

	(void)state;
	for (int i = 0; i < 2; i++) {
		for (const struct mb_sample *s = lists[i]; s->name; s++) {
			restart(ctx, s, most);
			restart(ctx, s, 3);
		}
	}
	octet_close(ctx);
}

UNIT_MAIN(unit_case(test_restart), unit_case(test_one_fails), unit_case(test_not_waited),
	  unit_case(test_says_what_failed), unit_case(test_many_jobs), unit_case(test_no_work),
	  unit_case(test_nothing), unit_case(test_twice), unit_case(test_variables),
	  unit_case(test_no_batch), unit_case(test_load), unit_case(test_busy))
