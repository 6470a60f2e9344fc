/* SPDX-License-Identifier: MIT */
/* A second client: a thread with a file of its own that runs jobs and checks their bits. */
#ifndef OCTET_TEST_STREAM_H
#define OCTET_TEST_STREAM_H

#include <pthread.h>
#include <stdatomic.h>

#include "gemm.h"

#define STREAM_BATCH 8

struct stream {
	pthread_t thread;
	atomic_bool stop;
	uint32_t seed;
	unsigned long jobs, lost, wrong;	/* read after stream_stop() */
	atomic_ulong done;
};

static inline void stream_round(struct stream *s, int fd, uint32_t queue, struct gemm *g)
{
	struct drm_octet_job jobs[STREAM_BATCH];
	struct drm_octet_sync out[STREAM_BATCH];
	struct drm_octet_bo_ref refs[STREAM_BATCH];

	for (int i = 0; i < STREAM_BATCH; i++) {
		gemm_clear(&g[i]);
		out[i] = (struct drm_octet_sync){ .handle = sync_new(fd) };
		jobs[i] = gemm_job_sync(&g[i], NULL, &out[i]);
		refs[i] = gemm_ref(&g[i]);
	}
	if (submit(fd, queue, jobs, STREAM_BATCH, refs, STREAM_BATCH)) {
		s->lost += STREAM_BATCH;
	} else {
		for (int i = 0; i < STREAM_BATCH; i++) {
			if (sync_result(fd, out[i].handle))
				s->lost++;
			else if (!gemm_right(&g[i]))
				s->wrong++;
		}
	}
	s->jobs += STREAM_BATCH;
	atomic_fetch_add(&s->done, STREAM_BATCH);
	for (int i = 0; i < STREAM_BATCH; i++)
		drmSyncobjDestroy(fd, out[i].handle);
}

static inline void *stream_main(void *arg)
{
	struct stream *s = arg;
	struct gemm g[STREAM_BATCH];
	int fd = dev_open();
	uint32_t queue = queue_new(fd);

	for (uint32_t i = 0; i < STREAM_BATCH; i++)
		gemm_new(&g[i], fd, s->seed + i);
	while (!atomic_load(&s->stop))
		stream_round(s, fd, queue, g);
	for (uint32_t i = 0; i < STREAM_BATCH; i++)
		gemm_free(&g[i]);
	queue_free(fd, queue);
	close(fd);
	return NULL;
}

static inline void stream_start(struct stream *s, uint32_t seed)
{
	*s = (struct stream){ .seed = seed };
	if (pthread_create(&s->thread, NULL, stream_main, s))
		bail("a thread: %s", strerror(errno));
}

/* Until the other client has finished @jobs more; bounded by the program's alarm. */
static inline void stream_more(struct stream *s, unsigned long jobs)
{
	unsigned long from = atomic_load(&s->done);

	while (atomic_load(&s->done) < from + jobs)
		sleep_ms(2);
}

static inline void stream_stop(struct stream *s, const char *meanwhile)
{
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	check(s->jobs > 0 && s->lost == 0, "%s: the other client lost %lu of its %lu jobs", meanwhile,
	      s->lost, s->jobs);
	check(s->wrong == 0, "%s: %lu of its results are wrong", meanwhile, s->wrong);
	printf("# figure: innocent jobs: %lu\n# figure: innocent jobs lost: %lu\n", s->jobs,
	       s->lost + s->wrong);
}

#endif
