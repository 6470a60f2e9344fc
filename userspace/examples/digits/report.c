// SPDX-License-Identifier: MIT
/* The digits demo: counters, table, verdict. */
#include <inttypes.h>
#include <stdio.h>

#include "demo.h"

/* Int8 may lose this much against float, and float must have that. */
#define MAX_LOSS_PERCENT 1.0
#define MIN_FLOAT_PERCENT 96.0

void demo_keep_reports(struct demo *d, uint32_t batch)
{
	struct octet_op_report *to = batch == 1 ? d->single : d->batched;

	for (uint32_t l = 0; l < d->qmodel.n_layers; l++) {
		to[l].size = sizeof(to[l]);
		octet_job_report(d->device.net[0].job, l, &to[l]);
	}
}

int demo_read_counters(struct demo *d, uint64_t *jobs, uint64_t *macs)
{
	OCTET_OPTS(octet_info, info);
	OCTET_OPTS(octet_counters, c);
	int ret = octet_get_info(d->device.ctx, &info);

	*jobs = *macs = 0;
	for (uint32_t core = 0; !ret && core < info.cores; core++) {
		ret = octet_get_counters(d->device.ctx, core, &c);
		*jobs += c.jobs;
		*macs += c.macs;
	}
	return ret;
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100.0 * part / whole : 0;
}

static void print_row(const struct demo *d, const struct octet_info *info, uint32_t l)
{
	const struct digits_layer *s = d->qmodel.layers[l].shape;
	const struct octet_op_report *r = &d->single[l], *b = &d->batched[l];
	double peak = (double)info->p * info->k * info->c;
	char shape[48];

	if (s->kind == DIGITS_DENSE)
		snprintf(shape, sizeof(shape), "gemm %u -> %u", s->in_c, s->out_c);
	else
		snprintf(shape, sizeof(shape), "conv %ux%u/%u %ux%ux%u -> %ux%ux%u", s->kernel,
			 s->kernel, s->stride, s->in_h, s->in_w, s->in_c, s->out_h, s->out_w,
			 s->out_c);
	printf("  %u  %-33s %9" PRIu64 " %8" PRIu64 " %6.1f %% %9" PRIu64 " %6.1f %%\n", l, shape,
	       r->macs, r->total, percent(r->macs, peak * r->total), b->total,
	       percent(b->macs, peak * b->total));
}

static void print_layers(const struct demo *d)
{
	OCTET_OPTS(octet_info, info);
	uint64_t macs = 0, single = 0, batched = 0;
	double peak;

	octet_get_info(d->device.ctx, &info);
	peak = (double)info.p * info.k * info.c;
	printf("\n  layer %-38s MACs   one image       batch of %u\n", "", d->batch);
	printf("  %-36s %9s %8s %8s %9s %8s\n", "", "", "cycles", "util.", "cycles", "util.");
	for (uint32_t l = 0; l < d->qmodel.n_layers; l++) {
		print_row(d, &info, l);
		macs += d->single[l].macs;
		single += d->single[l].total;
		batched += d->batched[l].total;
	}
	printf("  %-36s %9" PRIu64 " %8" PRIu64 " %6.1f %% %9" PRIu64 " %6.1f %%\n", "all", macs,
	       single, percent(macs, peak * single), batched,
	       percent((double)macs * d->batch, peak * batched));
	puts("  Cycles are the model's: without TLB misses, DRAM refresh and bank conflicts.");
}

static void print_summary(const struct demo *d)
{
	OCTET_OPTS(octet_info, info);
	size_t images = d->data.n - d->data.n_train;

	octet_get_info(d->device.ctx, &info);
	printf("digits on %s\n\n", info.name);
	printf("  float accuracy     %6.2f %%   %zu of %zu held-out images\n",
	       percent(d->float_right, images), d->float_right, images);
	printf("  int8 accuracy      %6.2f %%   %zu of %zu\n", percent(d->right, images), d->right,
	       images);
	printf("  model bytes        %6zu     float32, int8 %zu (%.2f times smaller)\n",
	       4 * digits_model_params(&d->model), digits_qmodel_bytes(&d->qmodel),
	       4.0 * digits_model_params(&d->model) / digits_qmodel_bytes(&d->qmodel));
	printf("  images per second  %6.0f     one by one, %.0f in batches of %u, %u jobs a submit\n",
	       d->single_rate, d->batch_rate, d->batch, DEMO_NETS);
	printf("  jobs, MACs         %6" PRIu64 "     %" PRIu64 " by the device's counters; plan %" PRIu64
	       ", %" PRIu64 "\n",
	       d->counted_jobs, d->counted_macs, d->device.jobs, d->device.macs);
	printf("  outputs compared   %" PRIu64 "   all layers, device against CPU fallback\n",
	       d->outputs);
}

/* Says why it is a FAIL, or returns true. */
static bool good(const struct demo *d, double float_acc, double int8_acc)
{
	if (d->mismatches) {
		printf("first mismatch: image %zu, layer %u, index %zu: device %d, fallback %d\n",
		       d->first.image, d->first.layer, d->first.index, d->first.device,
		       d->first.cpu);
		return false;
	}
	if (d->counted_jobs != d->device.jobs || d->counted_macs != d->device.macs) {
		puts("the device's counters are not the plan's: the work was done elsewhere");
		return false;
	}
	if (float_acc < MIN_FLOAT_PERCENT || float_acc - int8_acc > MAX_LOSS_PERCENT) {
		printf("accuracy: float must be %.0f %% at least, int8 at most %.0f point less\n",
		       MIN_FLOAT_PERCENT, MAX_LOSS_PERCENT);
		return false;
	}
	return true;
}

int demo_print(const struct demo *d)
{
	size_t images = d->data.n - d->data.n_train;
	double float_acc = percent(d->float_right, images), int8_acc = percent(d->right, images);
	bool pass;

	print_summary(d);
	print_layers(d);
	putchar('\n');
	pass = good(d, float_acc, int8_acc);
	printf("demo%s: %s images=%zu float=%.2f%% int8=%.2f%% mismatches=%" PRIu64 "\n",
	       d->backend == OCTET_BACKEND_DRM ? "" : " (sim)", pass ? "PASS" : "FAIL", images,
	       float_acc, int8_acc, d->mismatches);
	return pass ? 0 : 1;
}
