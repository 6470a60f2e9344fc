// SPDX-License-Identifier: MIT
#include <string.h>

#include "panels.h"

#define PANEL		16u	/* outputs */
#define FOUR		4u	/* inputs of a line */
#define LARGEST		(1u << 28)	/* operand of a command, bytes */

/* Inputs and outputs of a group. */
static uint64_t inputs(const struct octet_cmd *cmd)
{
	return (uint64_t)cmd->r * cmd->s * (cmd->cin / cmd->groups);
}

static uint64_t outputs(const struct octet_cmd *cmd)
{
	return cmd->cout / cmd->groups;
}

static uint64_t panel_bytes(const struct octet_cmd *cmd)
{
	return (inputs(cmd) + FOUR - 1) / FOUR * OCTET_PACKED_LINE;
}

static bool eight_bits(uint8_t type)
{
	return type == OCTET_TYPE_INT8 || type == OCTET_TYPE_UINT8;
}

static bool fits(const struct octet_cmd *c)
{
	if (!eight_bits(c->src.type) || !eight_bits(c->wgt.type))
		return false;
	return c->op == OCTET_OP_CONV2D || (c->op == OCTET_OP_GEMM && c->n == 1 && c->n2 == 1);
}

uint64_t octet_panels_bytes(const struct octet_cmd *cmd)
{
	return cmd->groups * ((outputs(cmd) + PANEL - 1) / PANEL) * panel_bytes(cmd);
}

/*
 * Filling up takes memory and bandwidth: at most as much as the weights
 * themselves. So a few inputs or outputs stay as they are.
 */
bool octet_panels_pay(const struct octet_cmd *cmd)
{
	uint64_t bytes;

	if (!fits(cmd))
		return false;
	bytes = octet_panels_bytes(cmd);
	return bytes <= 2 * cmd->groups * inputs(cmd) * outputs(cmd) && bytes <= LARGEST;
}

/* Bytes from element 0 to input @k of output @o, of all groups. */
static uint64_t element(const struct octet_cmd *c, uint64_t o, uint64_t k)
{
	const __u64 *s = c->wgt.stride;
	uint64_t channels = c->cin / c->groups, tap = k / channels;

	if (c->op == OCTET_OP_GEMM)
		return c->wgt.flags & OCTET_OPERAND_TRANSPOSED ? o * s[2] + k : k * s[2] + o;
	return o * s[1] + tap / c->s * s[2] + tap % c->s * s[3] + k % channels;
}

/* Whether the inputs of an output lie side by side. */
static bool side_by_side(const struct octet_cmd *c)
{
	uint64_t channels = c->cin / c->groups;

	if (c->op == OCTET_OP_GEMM)
		return c->wgt.flags & OCTET_OPERAND_TRANSPOSED;
	return (c->s == 1 || c->wgt.stride[3] == channels) &&
	       (c->r == 1 || c->wgt.stride[2] == c->s * channels);
}

/* Lines of inputs that lie side by side; @step from an output to the next. */
static void lines(const uint8_t *from, uint64_t step, uint64_t count, uint64_t n, uint8_t *to,
		  uint8_t flip)
{
	uint32_t flips = flip * 0x01010101u, four;

	for (uint64_t i = 0; i < count; i++, from += FOUR, to += OCTET_PACKED_LINE)
		for (uint64_t j = 0; j < n; j++) {
			memcpy(&four, from + j * step, FOUR);
			four ^= flips;
			memcpy(to + j * FOUR, &four, FOUR);
		}
}

/* @n outputs from @o. */
static void panel(const struct octet_cmd *cmd, const uint8_t *from, uint64_t o, uint64_t n,
		  uint8_t *to, uint8_t flip)
{
	uint64_t step = element(cmd, 1, 0), k = 0;

	if (side_by_side(cmd)) {
		k = inputs(cmd) / FOUR * FOUR;
		lines(from + element(cmd, o, 0), step, k / FOUR, n, to, flip);
	}
	for (; k < inputs(cmd); k++) {
		const uint8_t *row = from + element(cmd, o, k);
		uint8_t *at = to + k / FOUR * OCTET_PACKED_LINE + k % FOUR;

		for (uint64_t j = 0; j < n; j++)
			at[j * FOUR] = row[j * step] ^ flip;
	}
}

void octet_panels_pack(const struct octet_cmd *cmd, const uint8_t *from, uint8_t *to, uint8_t flip)
{
	uint64_t count = outputs(cmd);

	for (uint64_t g = 0; g < cmd->groups; g++)
		for (uint64_t o = 0; o < count; o += PANEL, to += panel_bytes(cmd))
			panel(cmd, from, g * count + o, count - o < PANEL ? count - o : PANEL, to,
			      flip);
}

bool octet_panels_same(const struct octet_cmd *a, const struct octet_cmd *b)
{
	return a->op == b->op && a->wgt.addr == b->wgt.addr && a->wgt.type == b->wgt.type &&
	       a->wgt.flags == b->wgt.flags &&
	       !memcmp(a->wgt.stride, b->wgt.stride, sizeof(a->wgt.stride)) &&
	       a->r == b->r && a->s == b->s && a->cin == b->cin && a->cout == b->cout &&
	       a->groups == b->groups;
}

void octet_panels_use(struct octet_cmd *cmd, uint64_t addr, uint8_t flip)
{
	cmd->wgt.layout = OCTET_LAYOUT_PACKED;
	if (flip)
		cmd->wgt.type = OCTET_TYPE_INT8;
	cmd->wgt.flags &= ~OCTET_OPERAND_TRANSPOSED;
	cmd->wgt.addr = addr;
	memset(cmd->wgt.stride, 0, sizeof(cmd->wgt.stride));
}
