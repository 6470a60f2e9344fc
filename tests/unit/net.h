/* SPDX-License-Identifier: MIT */
/* A small network of tests/lib/models.h, loaded as a model. */
#ifndef OCTET_TEST_NET_H
#define OCTET_TEST_NET_H

#include <stdlib.h>

#include "libtest.h"
#include "models.h"

/** struct net - a small network, loaded */
struct net {
	void *bytes;
	size_t size;
	struct octet_model *model;
};

static inline void load(struct net *n, const struct mb_sample *sample, uint64_t seed)
{
	OCTET_OPTS(octet_model_opts, opts);
	struct mb *m = mb_new(seed);
	char err[256] = "";

	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	sample->build(m);
	mb_finish(m, &n->bytes, &n->size);
	mb_free(m);
	if (octet_model_load_memory(&n->model, n->bytes, n->size, &opts))
		fail_msg("%s: %s", sample->name, err);
}

static inline void unload(struct net *n)
{
	octet_model_free(n->model);
	free(n->bytes);
}

#endif
