// SPDX-License-Identifier: MIT
/*
 * The SRAM starts each job as zeros, on every core and whatever ended the job
 * before: what one client leaves there another never sees.
 *
 * usage: sram residue | failed | hung | reset | flags
 */
#include "isolation.h"

#define LB (64u << 10)		/* left for line buffers */
#define ROW 1024u		/* bytes of a row of the image that covers the SRAM */
#define MARK 0x5b

static uint32_t placed;		/* bytes of SRAM that software can place data in: all but LB */

/* One command that moves all of them. */
struct mover {
	int fd;
	struct buf buf;
	struct drm_octet_job job;
	int expected;	/* how the fence ends */
	bool zero;	/* what arrives has to be zero */
};

#define AT_IMAGE 4096

static struct octet_operand image(uint8_t space, uint64_t addr)
{
	return (struct octet_operand){
		.addr = addr, .space = space, .type = OCTET_TYPE_INT8,
		.stride = { placed, ROW, CHANNELS, 1 },
	};
}

static struct octet_cmd move(uint8_t sub)
{
	return (struct octet_cmd){
		.op = OCTET_OP_COPY, .sub = sub, .stage = OCTET_STAGE_RAW,
		.n = 1, .n2 = 1, .h = placed / ROW, .w = ROW / CHANNELS, .cin = CHANNELS,
		.oh = placed / ROW, .ow = ROW / CHANNELS, .cout = CHANNELS, .groups = 1,
		.r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
	};
}

static struct octet_cmd *mover_cmd(struct mover *m, uint32_t i)
{
	return (struct octet_cmd *)m->buf.map + i;
}

static void mover_new(struct mover *m, int fd, uint32_t commands)
{
	*m = (struct mover){ .fd = fd, .buf = buf_new(fd, AT_IMAGE + placed, 0) };
	m->job = (struct drm_octet_job){
		.cmd_va = m->buf.va, .cmd_count = commands, .sw = placed, .lb = LB,
	};
}

/* Fills the SRAM with MARK. */
static void filler(struct mover *m, int fd)
{
	mover_new(m, fd, 1);
	*mover_cmd(m, 0) = move(OCTET_COPY_FILL);
	mover_cmd(m, 0)->pad_value = MARK;
	mover_cmd(m, 0)->dst = image(OCTET_SPACE_SRAM, 0);
}

/* Copies the SRAM to memory. */
static void reader(struct mover *m, int fd, bool zero)
{
	mover_new(m, fd, 1);
	m->zero = zero;
	*mover_cmd(m, 0) = move(OCTET_COPY_COPY);
	mover_cmd(m, 0)->src = image(OCTET_SPACE_SRAM, 0);
	mover_cmd(m, 0)->dst = image(OCTET_SPACE_VA, m->buf.va + AT_IMAGE);
}

static void mover_end(struct mover *m)
{
	buf_free(m->fd, &m->buf);
}

static bool image_is(const struct mover *m, uint8_t value)
{
	const uint8_t *p = m->buf.map + AT_IMAGE;

	return p[0] == value && !memcmp(p, p + 1, placed - 1);
}

static int mover_run(struct mover *m, uint32_t queue)
{
	uint32_t sync = sync_new(m->fd);
	struct drm_octet_sync out = { .handle = sync };
	int ret;

	memset(m->buf.map + AT_IMAGE, UNTOUCHED, placed);
	m->job.out_syncs = (struct drm_octet_array)ARRAY(&out, 1);
	ret = submit(m->fd, queue, &m->job, 1, NULL, 0);
	if (!ret)
		ret = sync_result(m->fd, sync);
	drmSyncobjDestroy(m->fd, sync);
	return ret;
}

static bool mover_good(void *arg, uint32_t queue)
{
	struct mover *m = arg;
	int ret = mover_run(m, queue);

	if (ret != m->expected) {
		printf("# the job ended with %d, expected %d\n", ret, m->expected);
		return false;
	}
	return !m->zero || image_is(m, 0);
}

static bool everywhere(struct mover *m)
{
	return on_all_cores(m->fd, mover_good, m);
}

/* Whether another client finds nothing in the SRAM of any core. */
static bool looks_empty(void)
{
	struct mover m;
	int fd = dev_open();
	bool ok;

	reader(&m, fd, true);
	ok = everywhere(&m);
	if (!ok)
		printf("# byte 0 of the SRAM reads as %#x\n", m.buf.map[AT_IMAGE]);
	mover_end(&m);
	close(fd);
	return ok;
}

static void fill_all(int fd)
{
	struct mover m;

	filler(&m, fd);
	check(everywhere(&m), "one client fills the SRAM of all cores, %u KiB", placed >> 10);
	mover_end(&m);
}

/* The owner's control: within a job the bytes are there. */
static void within_a_job(int fd)
{
	struct mover m;

	mover_new(&m, fd, 2);
	*mover_cmd(&m, 0) = move(OCTET_COPY_FILL);
	mover_cmd(&m, 0)->pad_value = MARK;
	mover_cmd(&m, 0)->dst = image(OCTET_SPACE_SRAM, 0);
	*mover_cmd(&m, 1) = move(OCTET_COPY_COPY);
	mover_cmd(&m, 1)->src = image(OCTET_SPACE_SRAM, 0);
	mover_cmd(&m, 1)->dst = image(OCTET_SPACE_VA, m.buf.va + AT_IMAGE);
	check(everywhere(&m) && image_is(&m, MARK),
	      "a command reads from the SRAM what the one before it put there");
	mover_end(&m);
}

static bool fill_and_look(void)
{
	int fd = dev_open();
	bool ok;

	fill_all(fd);
	ok = looks_empty();
	close(fd);
	return ok;
}

static void residue(void)
{
	int fd = dev_open();

	within_a_job(fd);
	check(fill_and_look(), "another client reads zeros there, on all cores");
	host_control("break-sram-zeroing", "zeroing", fill_and_look);
	check(fill_and_look(), "  with zeroing back it reads zeros again");
	close(fd);
}

/* The job that fills it fails in its second command. */
static bool fail_and_look(void)
{
	int fd = dev_open();
	struct mover m;
	bool ok;

	mover_new(&m, fd, 2);
	m.expected = -EFAULT;
	*mover_cmd(&m, 0) = move(OCTET_COPY_FILL);
	mover_cmd(&m, 0)->pad_value = MARK;
	mover_cmd(&m, 0)->dst = image(OCTET_SPACE_SRAM, 0);
	*mover_cmd(&m, 1) = move(OCTET_COPY_COPY);
	mover_cmd(&m, 1)->src = image(OCTET_SPACE_SRAM, 0);
	mover_cmd(&m, 1)->dst = image(OCTET_SPACE_VA, 1ull << 36);
	check(everywhere(&m), "a job fills the SRAM of each core and then faults");
	mover_end(&m);
	ok = looks_empty();
	close(fd);
	return ok;
}

static void failed(void)
{
	check(fail_and_look(), "another client reads zeros there, on all cores");
	host_control("break-sram-zeroing", "zeroing", fail_and_look);
}

/* Hangs one job of each core; @stuck: what makes the device reset. */
static void hang_each(int fd, bool stuck)
{
	uint32_t cores = dev_info(fd).cores, timeouts = 0;
	struct drm_octet_core_counters before = dev_counters(fd), after;
	char core[16];

	for (uint32_t c = 0; c < (stuck ? 1 : cores); c++) {
		struct mover m;

		snprintf(core, sizeof(core), "%u", c);
		if (!host_set("inject-core", core) || (stuck && !host_set("inject-stuck-core", "1")) ||
		    !host_set("inject-hang", "1"))
			bail("the hang cannot be injected");
		filler(&m, fd);
		for (int round = 0; round < 64; round++) {
			uint32_t queue = queue_new(fd);
			bool hung = mover_run(&m, queue) == -ETIME;

			queue_free(fd, queue);
			timeouts += hung;
			if (hung)
				break;
		}
		mover_end(&m);
	}
	host_set("inject-core", "-1");
	after = dev_counters(fd);
	/* The job may be told of its end before the device's reset is counted. */
	for (int i = 0; stuck && i < 200 && after.device_resets == before.device_resets; i++) {
		usleep(50000);
		after = dev_counters(fd);
	}
	check(timeouts == (stuck ? 1 : cores) &&
	      (stuck ? after.device_resets > before.device_resets :
		       after.core_resets - before.core_resets == cores),
	      "jobs that hang: %u, core resets %llu, device resets %llu", timeouts,
	      (unsigned long long)(after.core_resets - before.core_resets),
	      (unsigned long long)(after.device_resets - before.device_resets));
}

static bool hang_and_look(bool stuck)
{
	int fd = dev_open();
	bool ok;

	fill_all(fd);
	hang_each(fd, stuck);
	ok = looks_empty();
	close(fd);
	return ok;
}

static bool core_reset_and_look(void)
{
	return hang_and_look(false);
}

static bool device_reset_and_look(void)
{
	return hang_and_look(true);
}

static void hung(void)
{
	check(core_reset_and_look(), "after core resets another client reads zeros, on all cores");
	host_control("break-sram-zeroing", "zeroing", core_reset_and_look);
}

static void reset(void)
{
	check(device_reset_and_look(), "after a device reset another client reads zeros, on all cores");
	host_control("break-sram-zeroing", "zeroing", device_reset_and_look);
}

/* Nothing that user space can say keeps the SRAM: no flag reaches the ring. */
static void flags(void)
{
	int fd = dev_open();
	uint32_t queue = queue_new(fd);
	struct drm_octet_submit s = { .queue = queue };
	struct tally t = { 0 };
	struct mover m;

	filler(&m, fd);
	for (uint32_t bit = 0; bit < 32; bit++) {
		m.job.flags = 1u << bit;
		tally_stopped(&t, mover_run(&m, queue) == -EINVAL, "a flag of a job");
		m.job.flags = 0;
		s.flags = 1u << bit;
		s.jobs = (struct drm_octet_array)ARRAY(&m.job, 1);
		tally_stopped(&t, dev_ioctl(fd, DRM_IOCTL_OCTET_SUBMIT, &s) == -EINVAL,
			      "a flag of a submit");
	}
	tally_owner(&t, !mover_run(&m, queue), "no flag");
	/* What lies behind its own part of the SRAM is not a client's either. */
	m.job.sw = placed / 2;
	tally_stopped(&t, mover_run(&m, queue) == -EFAULT &&
		      queue_query(fd, queue).status == OCTET_STATUS_BAD_SRAM, "beyond sw");
	tally_check(&t, "flags, and an offset beyond what a job placed");
	mover_end(&m);
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} subjects[] = {
		{ "residue", residue }, { "failed", failed }, { "hung", hung }, { "reset", reset },
		{ "flags", flags },
	};

	for (size_t i = 0; argc == 2 && i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (strcmp(argv[1], subjects[i].name))
			continue;
		tap_start(240);
		placed = dev_info(dev_open()).sram_size - LB;
		subjects[i].run();
		check(gemm_works(dev_open()), "afterwards a new client's job gives right bits");
		return tap_end();
	}
	fputs("usage: sram residue | failed | hung | reset | flags\n", stderr);
	return 2;
}
