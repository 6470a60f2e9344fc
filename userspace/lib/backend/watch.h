/* SPDX-License-Identifier: MIT */
/* File descriptors that become readable when a job of a queue has ended. */
#ifndef OCTET_WATCH_H
#define OCTET_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/** struct octet_watch - one descriptor; outlives the fence it was made for */
struct octet_watch {
	struct octet_watch *next;
	uint64_t seq;
	int fd;
};

/**
 * octet_watch_add() - a descriptor for job @seq
 * @fired: readable from the start
 *
 * Return: the caller's descriptor or a negative errno.
 */
int octet_watch_add(struct octet_watch **list, uint64_t seq, bool fired);

/** octet_watch_fire() - all of jobs up to @seq */
void octet_watch_fire(struct octet_watch **list, uint64_t seq);

#endif /* OCTET_WATCH_H */
