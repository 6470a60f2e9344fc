// SPDX-License-Identifier: MIT
/* The reader: operators with their tensors and options. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "read.h"

#define WHO_SIZE 80

/* "operator 3 (CONV_2D)" */
static const char *who(const struct octet_graph_op *op, uint32_t index, char *out)
{
	snprintf(out, WHO_SIZE, "operator %u (%.40s)", index, op->name);
	for (char *c = out; *c; c++)
		if ((uint8_t)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return out;
}

/* Each field of an options table goes to its member; all members have 32 bits. */
static int fill_options(struct tfl_reader *r, const struct fb_table *t, enum tfl_table kind,
			union octet_graph_options *opt)
{
	for (int f = 0; f < TFL_FIELD_COUNT; f++) {
		const struct tfl_field_info *info = &tfl_fields[f];
		uint8_t *member = (uint8_t *)opt + info->member;
		float value32 = (float)info->initial;
		int64_t value = info->initial;
		int rc = 0;

		if (info->table != kind || info->member < 0)
			continue;
		if (info->kind == TFL_FLOAT) {
			if (t)
				rc = fb_float(&r->fb, t, f, &value32);
			memcpy(member, &value32, sizeof(value32));
		} else {
			if (t)
				rc = fb_scalar(&r->fb, t, f, &value);
			memcpy(member, &(int32_t){ (int32_t)value }, sizeof(int32_t));
		}
		if (rc)
			return rc;
	}
	return 0;
}

static int read_options(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_op *op = &r->g->ops[index];
	const struct tfl_op_info *info = tfl_op(op->code);
	struct fb_table options;
	char name[WHO_SIZE];
	int64_t type;
	bool present;
	int rc;

	if (!info || info->table == TFL_EmptyOptions)
		return 0;
	rc = fb_scalar(&r->fb, t, TFL_Operator_builtin_options_type, &type);
	if (!rc && type && type != info->options)
		return fb_fail(&r->fb, -EINVAL,
			       "%s: options of kind %" PRId64 " do not belong to it; kind %u (%s) "
			       "does", who(op, index, name), type, info->options,
			       tfl_tables[info->table]);
	if (!rc)
		rc = fb_table(&r->fb, t, TFL_Operator_builtin_options, info->table, &options,
			      &present);
	if (rc)
		return rc;
	options.index = index;
	return fill_options(r, type && present ? &options : NULL, info->table, &op->opt);
}

static int read_custom(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_op *op = &r->g->ops[index];
	struct tfl_buffer outside = { 0 };
	struct fb_vector v;
	int rc = fb_vector(&r->fb, t, TFL_Operator_custom_options, &v);

	if (!rc)
		rc = tfl_read_outside(r, t, TFL_Operator_large_custom_options_offset,
				      TFL_Operator_large_custom_options_size, &outside);
	if (rc)
		return rc;
	op->custom = v.count ? r->fb.data + v.pos : outside.data;
	op->custom_bytes = v.count ? v.count : outside.bytes;
	return 0;
}

static int read_wires(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_op *op = &r->g->ops[index];
	char name[WHO_SIZE];
	int rc;

	who(op, index, name);
	rc = tfl_read_indexes(r, t, TFL_Operator_inputs, name, true, &op->inputs,
			      &op->input_count);
	if (!rc)
		rc = tfl_read_indexes(r, t, TFL_Operator_outputs, name, false, &op->outputs,
				      &op->output_count);
	if (!rc)
		rc = tfl_read_indexes(r, t, TFL_Operator_intermediates, name, true,
				      &op->intermediates, &op->intermediate_count);
	for (uint32_t i = 0; !rc && i < op->output_count; i++) {
		struct octet_graph_tensor *y = &r->g->tensors[op->outputs[i]];

		/* Who writes a second time is for octet_graph_check() to say. */
		if (y->producer < 0)
			y->producer = (int32_t)index;
	}
	return rc;
}

int tfl_read_op(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_op *op = &r->g->ops[index];
	int64_t code;
	int rc = fb_scalar(&r->fb, t, TFL_Operator_opcode_index, &code);

	if (!rc && code >= r->code_count)
		return fb_fail(&r->fb, -EINVAL,
			       "operator %u: opcode_index %" PRId64 " of %u does not exist", index,
			       code, r->code_count);
	if (rc)
		return rc;
	op->code = r->codes[code].code;
	op->version = r->codes[code].version;
	op->name = r->codes[code].name;
	rc = read_wires(r, t, index);
	if (!rc)
		rc = read_options(r, t, index);
	return rc ? rc : read_custom(r, t, index);
}
