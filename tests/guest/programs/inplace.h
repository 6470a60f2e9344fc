/* SPDX-License-Identifier: MIT */
/*
 * Jobs that must not run twice: each of their commands adds one to every byte of an
 * image where it lies, in memory or in the SRAM.
 */
#ifndef OCTET_TEST_INPLACE_H
#define OCTET_TEST_INPLACE_H

#include "dev.h"

#define INPLACE_ROWS 128u
#define INPLACE_BYTES (INPLACE_ROWS * 1024u)
#define INPLACE_MAX 1024u	/* commands */

struct inplace {
	int fd;
	struct buf buf;
	uint32_t commands, seed;
	bool sram;	/* in there between the second and the last command */
};

static inline uint8_t *inplace_table(const struct inplace *p)
{
	return p->buf.map + INPLACE_MAX * OCTET_CMD_SIZE;
}

static inline uint8_t *inplace_image(const struct inplace *p)
{
	return inplace_table(p) + 4096;
}

static inline struct octet_operand inplace_operand(const struct inplace *p, bool sram)
{
	return (struct octet_operand){
		.addr = sram ? 0 : p->buf.va + (uint64_t)(inplace_image(p) - p->buf.map),
		.space = sram ? OCTET_SPACE_SRAM : OCTET_SPACE_VA, .type = OCTET_TYPE_INT8,
		.stride = { 0, INPLACE_BYTES, 1024, 16 },
	};
}

static inline void inplace_write_cmd(struct inplace *p, uint32_t i)
{
	struct octet_cmd *cmd = (struct octet_cmd *)p->buf.map + i;

	*cmd = (struct octet_cmd){
		.op = OCTET_OP_LUT, .stage = OCTET_STAGE_RAW, .act_min = -128, .act_max = 127,
		.n = 1, .n2 = 1, .h = INPLACE_ROWS, .w = 64, .cin = 16,
		.oh = INPLACE_ROWS, .ow = 64, .cout = 16, .groups = 1,
		.r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.table = p->buf.va + INPLACE_MAX * OCTET_CMD_SIZE,
	};
	/* The first one stays in memory: to begin again is wrong for any job. */
	cmd->src = inplace_operand(p, p->sram && i > 1);
	cmd->dst = inplace_operand(p, p->sram && i > 0 && i + 1 < p->commands);
}

static inline void inplace_new(struct inplace *p, int fd)
{
	*p = (struct inplace){ .fd = fd };
	p->buf = buf_new(fd, INPLACE_MAX * OCTET_CMD_SIZE + 4096 + INPLACE_BYTES, 0);
	for (uint32_t i = 0; i < 256; i++)
		inplace_table(p)[i] = (uint8_t)(i + 1);
}

static inline uint8_t inplace_start(const struct inplace *p, uint32_t i)
{
	return (uint8_t)(p->seed + i * 7 + (i >> 8));
}

/* A new job in the same buffer. */
static inline struct drm_octet_job inplace_job(struct inplace *p, uint32_t commands, bool sram,
					       uint32_t seed)
{
	p->commands = commands;
	p->sram = sram;
	p->seed = seed;
	for (uint32_t i = 0; i < commands; i++)
		inplace_write_cmd(p, i);
	for (uint32_t i = 0; i < INPLACE_BYTES; i++)
		inplace_image(p)[i] = inplace_start(p, i);
	return (struct drm_octet_job){
		.cmd_va = p->buf.va, .cmd_count = commands, .sw = sram ? INPLACE_BYTES : 0,
		.lb = 64 * 1024,
	};
}

/* Whether every command has run once. */
static inline bool inplace_right(const struct inplace *p)
{
	for (uint32_t i = 0; i < INPLACE_BYTES; i++)
		if (inplace_image(p)[i] != (uint8_t)(inplace_start(p, i) + p->commands))
			return false;
	return true;
}

static inline void inplace_free(struct inplace *p)
{
	buf_free(p->fd, &p->buf);
}

#endif
