// SPDX-License-Identifier: MIT
/*
 * The thread rules of octet_core.h, kept as QEMU keeps them: a lock around
 * everything but the computes, a thread per core, and resets at any time. For
 * ThreadSanitizer above all.
 */
#include <pthread.h>
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define CORES	2
#define ROUNDS	60

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool quit;

struct driver {
	struct fake *f;
	unsigned int core;
	pthread_t thread;
	unsigned int computes;
};

static void *drive(void *opaque)
{
	struct driver *d = opaque;
	struct octet_step step;
	bool end;

	do {
		pthread_mutex_lock(&lock);
		step = octet_core_step(d->f->m, d->core);
		end = quit && step.kind != OCTET_STEP_COMPUTE;
		pthread_mutex_unlock(&lock);
		if (step.kind == OCTET_STEP_COMPUTE) {
			octet_core_compute(d->f->m, d->core);
			d->computes++;
		} else {
			usleep(50);
		}
	} while (!end);
	return NULL;
}

static void publish(struct fake *f, unsigned int core, const struct octet_cmd *cmd, uint32_t count)
{
	struct octet_cmd cmds[80];

	for (uint32_t i = 0; i < count; i++)
		cmds[i] = *cmd;
	pthread_mutex_lock(&lock);
	if (fake_state(f, core) == OCTET_CORE_STATE_OFF)
		fake_enable(f, core);
	if (f->core[core].tail - fake_cread(f, core, OCTET_CORE_RING_HEAD) < 8)
		fake_queue(f, core, cmds, count);
	fake_cwrite(f, core, OCTET_CORE_CQ_HEAD, fake_cread(f, core, OCTET_CORE_CQ_TAIL));
	fake_doorbell(f, core);
	pthread_mutex_unlock(&lock);
}

static void disturb(struct fake *f, unsigned int round)
{
	octet_core_cancel(f->m, round % CORES);
	pthread_mutex_lock(&lock);
	(void)fake_cread(f, round % CORES, OCTET_CORE_PROGRESS);
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	if (round % 3 == 0)
		fake_cwrite(f, round % CORES, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	else if (round % 20 == 7)
		fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
	fake_write(f, OCTET_REG_ASID_TABLE_LO, (uint32_t)f->asid_table);
	fake_write(f, OCTET_REG_ASID_COUNT, 512);
	pthread_mutex_unlock(&lock);
}

static void test_resets(void **state)
{
	struct fake *f = fake_ready("cores=2");
	struct driver d[CORES] = { { .f = f }, { .f = f, .core = 1 } };
	struct octet_cmd cmd = fake_gemm(48, 256, 256);

	(void)state;
	fake_enable(f, 1);
	for (int i = 0; i < CORES; i++)
		assert_int_equal(pthread_create(&d[i].thread, NULL, drive, &d[i]), 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int core = 0; core < CORES; core++)
			publish(f, core, &cmd, round % 4 == 1 ? 80 : 1);
		usleep(round * 37 % 1000);
		disturb(f, round);
	}
	pthread_mutex_lock(&lock);
	quit = true;
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < CORES; i++)
		pthread_join(d[i].thread, NULL);
	assert_true(d[0].computes && d[1].computes);
	fake_free(f);
}

UNIT_MAIN(unit_case(test_resets))
