/* SPDX-License-Identifier: MIT */
/* Jobs that add one to every byte in place, so that a command run twice or never shows. */
#ifndef OCTET_TEST_COUNT_H
#define OCTET_TEST_COUNT_H

#include "dev.h"

#define COUNT_TABLE 256

struct count {
	int fd;
	uint32_t side, commands;
	struct buf buf;
	uint64_t table_at, data_at;
	unsigned long jobs;	/* that shall have run */
};

static inline void count_write_cmd(struct count *c, uint32_t i)
{
	struct octet_operand data = {
		.addr = c->buf.va + c->data_at, .space = OCTET_SPACE_VA, .type = OCTET_TYPE_UINT8,
		.stride = { 0, 0, c->side, 0 },
	};

	((struct octet_cmd *)c->buf.map)[i] = (struct octet_cmd){
		.op = OCTET_OP_LUT, .act_max = 255, .table = c->buf.va + c->table_at,
		.n = 1, .n2 = 1, .h = c->side, .w = 1, .cin = c->side,
		.oh = c->side, .ow = 1, .cout = c->side, .groups = 1,
		.r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.src = data, .dst = data,
	};
}

static inline void count_new(struct count *c, int fd, uint32_t side, uint32_t commands)
{
	*c = (struct count){ .fd = fd, .side = side, .commands = commands };
	c->table_at = (uint64_t)commands * OCTET_CMD_SIZE;
	c->data_at = c->table_at + COUNT_TABLE;
	c->buf = buf_new(fd, c->data_at + (uint64_t)side * side, 0);
	for (uint32_t i = 0; i < COUNT_TABLE; i++)
		c->buf.map[c->table_at + i] = (uint8_t)(i + 1);
	for (uint32_t i = 0; i < commands; i++)
		count_write_cmd(c, i);
}

static inline void count_free(struct count *c)
{
	buf_free(c->fd, &c->buf);
}

static inline int count_submit(struct count *c, uint32_t queue, uint32_t handle)
{
	struct drm_octet_sync out = { .handle = handle };
	struct drm_octet_job job = {
		.cmd_va = c->buf.va, .cmd_count = c->commands, .lb = 256 * 1024,
		.out_syncs = ARRAY(&out, 1),
	};
	struct drm_octet_bo_ref ref = { c->buf.handle, DRM_OCTET_BO_READ | DRM_OCTET_BO_WRITE };
	int ret = submit(c->fd, queue, &job, 1, &ref, 1);

	c->jobs += !ret;
	return ret;
}

/* Bytes that do not hold the number of commands; only when no job is on the way. */
static inline size_t count_wrong(const struct count *c)
{
	uint8_t want = (uint8_t)(c->jobs * c->commands);
	size_t wrong = 0;

	for (size_t i = 0; i < (size_t)c->side * c->side; i++)
		wrong += c->buf.map[c->data_at + i] != want;
	return wrong;
}

#endif
