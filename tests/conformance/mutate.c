// SPDX-License-Identifier: MIT
/* See mutate.h. Values are limits of fields and of rules, and their neighbours. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mutate.h"

struct field {
	const char *name;
	size_t offset, size;
};

#define OPERANDS	6
#define OPERAND_SIZE	sizeof(struct octet_operand)
#define COUNT(a)	((uint32_t)(sizeof(a) / sizeof((a)[0])))
#define FIELD(type, f)	{ #f, offsetof(struct type, f), sizeof(((struct type *)0)->f) }
#define C(f)		FIELD(octet_cmd, f)
#define O(f)		FIELD(octet_operand, f)

static const struct field cmd_fields[] = {
	C(op), C(stage), C(policy), C(sub), C(flags), C(rows), C(pad_value), C(act_min),
	C(act_max), C(tail), C(left_shift), C(table), C(mid_mult), C(mid_shift),
	C(mid_zero_point), C(mid_min), C(mid_max), C(sum_stage), C(n), C(n2), C(h), C(w), C(cin),
	C(oh), C(ow), C(cout), C(groups), C(r), C(s), C(sh), C(sw), C(dh), C(dw), C(pt), C(pl),
	C(sum_mult), C(sum_shift),
	C(reserved0[0]), C(reserved0[1]), C(reserved0[2]), C(reserved1),
};

#define RESERVED_FIELDS 4

static const struct field operand_fields[] = {
	O(addr), O(space), O(type), O(layout), O(link), O(flags), O(stride[0]), O(stride[1]),
	O(stride[2]), O(stride[3]), O(zero_point), O(mult), O(shift), O(reserved),
};

static const struct field param_fields[] = {
	FIELD(octet_param, bias), FIELD(octet_param, mult),
};

static const struct field param16_fields[] = {
	FIELD(octet_param16, bias), FIELD(octet_param16, mult), FIELD(octet_param16, shift),
	FIELD(octet_param16, reserved[0]), FIELD(octet_param16, reserved[2]),
};

static const struct field tap_fields[] = {
	FIELD(octet_tap, lo), FIELD(octet_tap, hi), FIELD(octet_tap, weight),
	FIELD(octet_tap, reserved),
};

static const struct field channel_fields[] = {
	FIELD(octet_channel, shift), FIELD(octet_channel, reserved),
	FIELD(octet_channel, zero_point),
};

static const char *const operand_names[] = { "src", "src2", "wgt", "prm", "chn", "dst" };

/* A limit of a type or of a rule. */
static uint64_t limit(struct tool_random *r)
{
	static const uint64_t limits[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 31, 32, 62, 63, 64, 127, 128, 255, 256, 512,
		1 << 15, 1 << 16, 1 << 20, 1 << 28, 1 << 30, UINT64_C(1) << 31,
		UINT64_C(1) << 32, UINT64_C(1) << 38, UINT64_C(1) << 39, UINT64_C(1) << 63,
		1024, 4096, INT16_MAX, INT32_MAX, UINT64_C(1) << 47,
		OCTET_FP32_SCALE_MIN, OCTET_FP32_SCALE_END, OCTET_OPERAND_LINK_NEWEST,
	};
	uint64_t v = limits[tool_below(r, COUNT(limits))];

	return tool_below(r, 4) ? v : -v;
}

static uint64_t interesting(struct tool_random *r, uint64_t old)
{
	switch (tool_below(r, 10)) {
	case 0:
		return old + 1;
	case 1:
		return old - 1;
	case 2:
		return old + 2 + tool_below(r, 3);
	case 3:
		return old * 2;
	case 4:
		return old / 2;
	case 5:
		return old ^ UINT64_C(1) << tool_below(r, 64);
	case 6:
		return tool_below(r, 8);
	default:
		return limit(r) + tool_below(r, 3) - 1;
	}
}

static void change(void *record, const struct field *f, const char *of, struct tool_random *r,
		   char *text, size_t size)
{
	uint64_t old = 0, v;

	memcpy(&old, (char *)record + f->offset, f->size);
	v = interesting(r, old);
	memcpy((char *)record + f->offset, &v, f->size);
	if (f->size < sizeof(v))
		v &= (UINT64_C(1) << 8 * f->size) - 1;
	snprintf(text, size, "%s%s%s: 0x%" PRIx64 " -> 0x%" PRIx64, of, *of ? "." : "", f->name,
		 old, v);
}

/* Input and result alike, as many operations want them. */
static void change_both(struct octet_cmd *cmd, struct tool_random *r, char *text, size_t size)
{
	uint32_t *const pairs[][2] = {
		{ &cmd->h, &cmd->oh }, { &cmd->w, &cmd->ow }, { &cmd->cin, &cmd->cout },
	};
	uint32_t i = tool_below(r, COUNT(pairs)), old = *pairs[i][0];

	*pairs[i][0] = *pairs[i][1] = (uint32_t)interesting(r, old);
	snprintf(text, size, "input and result, %u: %u -> %u", i, old, *pairs[i][0]);
}

void mutate_cmd(struct octet_cmd *cmd, struct tool_random *r, char *text, size_t size)
{
	uint32_t i = tool_below(r, OPERANDS), fields = COUNT(cmd_fields);

	/* Reserved fields less often: they are the last. */
	if (tool_below(r, 8))
		fields -= RESERVED_FIELDS;
	if (!tool_below(r, 12))
		change_both(cmd, r, text, size);
	else if (tool_below(r, 2))
		change(cmd, &cmd_fields[tool_below(r, fields)], "", r, text, size);
	else
		change(&cmd->src + i, &operand_fields[tool_below(r, COUNT(operand_fields))],
		       operand_names[i], r, text, size);
}

void mutate_address(struct octet_cmd *cmd, struct tool_random *r, const uint64_t *places,
		    uint32_t count, char *text, size_t size)
{
	uint32_t i = tool_below(r, OPERANDS);
	uint64_t to = places[tool_below(r, count)] + (uint64_t)(int64_t)tool_between(r, -5, 5);

	(&cmd->src + i)->addr = to;
	snprintf(text, size, "%s.addr: 0x%" PRIx64, operand_names[i], to);
}

void mutate_operand(struct octet_cmd *cmd, struct tool_random *r, char *text, size_t size)
{
	uint32_t to = tool_below(r, OPERANDS), from = tool_below(r, OPERANDS);

	if (from == to) {
		memset(&cmd->src + to, 0, OPERAND_SIZE);
		snprintf(text, size, "%s: absent", operand_names[to]);
	} else {
		memcpy(&cmd->src + to, &cmd->src + from, OPERAND_SIZE);
		snprintf(text, size, "%s: that of %s", operand_names[to], operand_names[from]);
	}
}

void mutate_param(struct octet_param *prm, uint32_t count, struct tool_random *r, char *text,
		  size_t size)
{
	change(prm + tool_below(r, count), &param_fields[tool_below(r, COUNT(param_fields))],
	       "parameter record", r, text, size);
}

void mutate_param16(struct octet_param16 *prm, uint32_t count, struct tool_random *r, char *text,
		    size_t size)
{
	change(prm + tool_below(r, count), &param16_fields[tool_below(r, COUNT(param16_fields))],
	       "parameter record", r, text, size);
}

void mutate_tap(struct octet_tap *taps, uint32_t count, struct tool_random *r, char *text,
		size_t size)
{
	change(taps + tool_below(r, count), &tap_fields[tool_below(r, COUNT(tap_fields))], "tap", r,
	       text, size);
}

void mutate_entry(int32_t *table, uint32_t count, struct tool_random *r, char *text, size_t size)
{
	static const struct field entry = { "value", 0, sizeof(int32_t) };

	change(table + tool_below(r, count), &entry, "table entry", r, text, size);
}

void mutate_channel(struct octet_channel *chn, uint32_t count, struct tool_random *r, char *text,
		    size_t size)
{
	change(chn + tool_below(r, count), &channel_fields[tool_below(r, COUNT(channel_fields))],
	       "channel record", r, text, size);
}

static void mark(uint8_t *seen, const struct field *f)
{
	for (size_t i = 0; i < f->size; i++)
		seen[f->offset + i]++;
}

bool mutate_covers(void)
{
	uint8_t seen[sizeof(struct octet_cmd)] = { 0 };

	for (uint32_t i = 0; i < COUNT(cmd_fields); i++)
		mark(seen, &cmd_fields[i]);
	for (uint32_t o = 0; o < OPERANDS; o++)
		for (uint32_t i = 0; i < COUNT(operand_fields); i++)
			mark(seen + offsetof(struct octet_cmd, src) + o * OPERAND_SIZE,
			     &operand_fields[i]);
	for (size_t i = 0; i < sizeof(seen); i++)
		if (seen[i] != 1)
			return false;
	return true;
}
