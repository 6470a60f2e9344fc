// SPDX-License-Identifier: MIT
/* The simulator's and the CPU's fence descriptors: eventfds. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "watch.h"

int octet_watch_add(struct octet_watch **list, uint64_t seq, bool fired)
{
	int fd = eventfd(fired, EFD_CLOEXEC | EFD_NONBLOCK);
	struct octet_watch *watch;

	if (fd < 0)
		return -errno;
	if (fired)
		return fd;
	watch = malloc(sizeof(*watch));
	if (!watch) {
		close(fd);
		return -ENOMEM;
	}
	/* Ours: the caller may close its own before the job ends. */
	watch->fd = dup(fd);
	if (watch->fd < 0) {
		int error = errno;

		free(watch);
		close(fd);
		return -error;
	}
	watch->seq = seq;
	watch->next = *list;
	*list = watch;
	return fd;
}

void octet_watch_fire(struct octet_watch **list, uint64_t seq)
{
	while (*list) {
		struct octet_watch *watch = *list;

		if (watch->seq > seq) {
			list = &watch->next;
			continue;
		}
		*list = watch->next;
		eventfd_write(watch->fd, 1);
		close(watch->fd);
		free(watch);
	}
}
