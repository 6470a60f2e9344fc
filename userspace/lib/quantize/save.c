// SPDX-License-Identifier: MIT
/* octet_model_save(): a file that is complete or not there. */
#include <fcntl.h>
#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tflite/tflite.h"
#include "quantize.h"

static int fail(const struct octet_model_opts *o, int error, const char *path)
{
	if (o->errbuf && o->errbuf_size)
		snprintf(o->errbuf, o->errbuf_size, "%s: %s", path, strerror(-error));
	return error;
}

static int write_all(int fd, const uint8_t *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		bytes -= (size_t)n;
	}
	return 0;
}

/* Beside the place it shall have, then renamed. */
static int replace(const char *path, const void *data, size_t bytes)
{
	size_t room = strlen(path) + 8;
	char *temporary = malloc(room);
	mode_t mask = umask(0);
	int fd, ret = 0;

	umask(mask);
	if (!temporary)
		return -ENOMEM;
	snprintf(temporary, room, "%s.XXXXXX", path);
	fd = mkstemp(temporary);
	if (fd < 0) {
		ret = -errno;
		free(temporary);
		return ret;
	}
	ret = write_all(fd, data, bytes);
	if (!ret && fchmod(fd, 0666 & ~mask))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret)
		unlink(temporary);
	free(temporary);
	return ret;
}

int octet_model_save(const struct octet_model *model, const char *path,
		     const struct octet_model_opts *opts)
{
	struct octet_model_opts o;
	void *bytes;
	size_t size;
	int ret = octet_opts_in(NULL, "octet_model_opts", opts, sizeof(o), &o);

	if (ret)
		return ret;
	if (!model || !path)
		return -EINVAL;
	ret = octet_tflite_write(model->graph, &bytes, &size, o.errbuf, o.errbuf ? o.errbuf_size : 0);
	if (ret)
		return ret;
	ret = replace(path, bytes, size);
	free(bytes);
	return ret ? fail(&o, ret, path) : 0;
}
