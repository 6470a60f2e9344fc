// SPDX-License-Identifier: MIT
/* Messages: the context's newest one, and words for codes. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Of a thread that is not the context's own: see octet_error_divert(). */
static _Thread_local char *diverted;

char *octet_error_divert(char *text)
{
	char *before = diverted;

	diverted = text;
	return before;
}

int octet_set_error(struct octet_ctx *ctx, int error, const char *format, ...)
{
	char text[sizeof(ctx->error)];
	va_list args;

	if (!ctx)
		return error;
	/* Formatted apart: an argument may be the old message. */
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (diverted) {
		memcpy(diverted, text, sizeof(text));
		return error;
	}
	pthread_mutex_lock(&ctx->lock);
	memcpy(ctx->error, text, sizeof(text));
	pthread_mutex_unlock(&ctx->lock);
	return error;
}

const char *octet_last_error(const struct octet_ctx *ctx)
{
	return ctx ? ctx->error : "no context";
}

const char *octet_strerror(int error)
{
	switch (error) {
	case 0:
		return "success";
	case -EINVAL:
		return "an argument, shape or option breaks a rule";
	case -ERANGE:
		return "a scale or value cannot be represented";
	case -ENOMEM:
		return "out of memory";
	case -ENOSPC:
		return "no room in the device address space, or over a limit of the driver";
	case -ENODEV:
		return "no device, or the device is gone";
	case -ENOENT:
		return "no such object";
	case -EACCES:
		return "permission denied";
	case -EPROTO:
		return "the driver is of another major version";
	case -EFAULT:
		return "the machine refused or faulted the job";
	case -ETIME:
		return "the job was over its cycle budget or its time";
	case -ETIMEDOUT:
		return "not done within the given time";
	case -ECANCELED:
		return "cancelled, because an earlier job of the queue failed";
	case -EBUSY:
		return "too much is queued, or the object is in use";
	case -EMFILE:
		return "over the limit of queues or file descriptors";
	case -ENOTSUP:
		return "this machine lacks what was asked for";
	case -EIO:
		return "the device is beyond recovery";
	}
	return "an error of the operating system";
}

const char *octet_op_name(uint32_t op)
{
	static const char *const names[] = {
		[OCTET_OP_CONV2D] = "CONV2D",	[OCTET_OP_DEPTHWISE] = "DEPTHWISE",
		[OCTET_OP_GEMM] = "GEMM",	[OCTET_OP_EW] = "EW",
		[OCTET_OP_LUT] = "LUT",		[OCTET_OP_POOL] = "POOL",
		[OCTET_OP_COPY] = "COPY",	[OCTET_OP_SOFTMAX] = "SOFTMAX",
		[OCTET_OP_RESIZE] = "RESIZE",	[OCTET_OP_REDUCE] = "REDUCE",
		[OCTET_OP_TCONV2D] = "TCONV2D",
	};

	if (op >= sizeof(names) / sizeof(names[0]) || !names[op])
		return "?";
	return names[op];
}

const char *octet_operand_name(uint32_t operand)
{
	static const char *const names[] = {
		"src", "src2", "wgt", "prm", "chn", "dst", "command record", "report",
	};

	return operand < sizeof(names) / sizeof(names[0]) ? names[operand] : "?";
}

/** struct status_words - name, fence error and sentence of a device status */
struct status_words {
	uint32_t status;
	int error;
	const char *name;
	const char *text;
};

static const struct status_words statuses[] = {
	{ OCTET_STATUS_OK, 0, "OK", "no error" },
	{ OCTET_STATUS_BAD_ENTRY, -EFAULT, "BAD_ENTRY", "a bad ring entry" },
	{ OCTET_STATUS_BAD_ASID, -EFAULT, "BAD_ASID", "no such address space" },
	{ OCTET_STATUS_BAD_SPLIT, -EFAULT, "BAD_SPLIT",
	  "sram_software and sram_lines exceed the SRAM" },
	{ OCTET_STATUS_UNMAPPED, -EFAULT, "UNMAPPED", "no memory is mapped there" },
	{ OCTET_STATUS_PERMISSION, -EFAULT, "PERMISSION", "the memory is read-only" },
	{ OCTET_STATUS_BAD_PTE, -EFAULT, "BAD_PTE", "a malformed page-table entry" },
	{ OCTET_STATUS_NON_CANONICAL, -EFAULT, "NON_CANONICAL",
	  "the address has more than 39 significant bits" },
	{ OCTET_STATUS_BUS_ERROR, -EFAULT, "BUS_ERROR", "a memory access failed on the bus" },
	{ OCTET_STATUS_BAD_OP, -EFAULT, "BAD_OP", "the machine does not offer this operation" },
	{ OCTET_STATUS_BAD_FLAGS, -EFAULT, "BAD_FLAGS", "a flag is unknown or not allowed there" },
	{ OCTET_STATUS_RESERVED, -EFAULT, "RESERVED", "a field that must be zero is not" },
	{ OCTET_STATUS_BAD_SHAPE, -EFAULT, "BAD_SHAPE", "an extent or stride is out of bounds" },
	{ OCTET_STATUS_BAD_TYPE, -EFAULT, "BAD_TYPE", "an element type is not allowed there" },
	{ OCTET_STATUS_BAD_LAYOUT, -EFAULT, "BAD_LAYOUT",
	  "a layout, stride or alignment is wrong" },
	{ OCTET_STATUS_BAD_SPACE, -EFAULT, "BAD_SPACE",
	  "an operand is missing, or in a space not allowed there" },
	{ OCTET_STATUS_BAD_QUANT, -EFAULT, "BAD_QUANT",
	  "stage, multiplier, shift, zero point or clamp is out of bounds" },
	{ OCTET_STATUS_BAD_SRAM, -EFAULT, "BAD_SRAM", "an SRAM operand is outside sram_software" },
	{ OCTET_STATUS_NO_FIT, -EFAULT, "NO_FIT",
	  "no tiling fits the line buffers and the weight staging: change sram_lines or the policy" },
	{ OCTET_STATUS_TOO_LARGE, -EFAULT, "TOO_LARGE",
	  "an operand is over the machine's limit: split it" },
	{ OCTET_STATUS_BAD_CHAIN, -EFAULT, "BAD_CHAIN", "a chain breaks a rule, see the manual" },
	{ OCTET_STATUS_BUDGET, -ETIME, "BUDGET", "the job would exceed its cycle budget" },
	{ OCTET_STATUS_INJECTED, -EFAULT, "INJECTED", "a fault injected on purpose" },
	{ OCTET_STATUS_NO_MEMORY, -EFAULT, "NO_MEMORY",
	  "the machine's host has no memory for it, or its host-memory is too small: split the job" },
};

static const struct status_words *status_find(uint32_t status)
{
	static const struct status_words unknown = {
		.error = -EFAULT,
		.name = "?",
		.text = "a status this library does not know",
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return &unknown;
}

const char *octet_status_name(uint32_t status)
{
	return status_find(status)->name;
}

const char *octet_status_text(uint32_t status)
{
	return status_find(status)->text;
}

int octet_status_error(uint32_t status)
{
	return status_find(status)->error;
}
