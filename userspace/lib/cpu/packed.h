/* SPDX-License-Identifier: MIT */
/* Weights made ready for the byte kernels, and what runs on them. */
#ifndef OCTET_CPU_PACKED_H
#define OCTET_CPU_PACKED_H

#include "bytes.h"
#include "cpu_priv.h"

/**
 * struct cpu_packed - weights, and the output stage, of a command
 *
 * @memory: all of it
 * @groups: @channels outputs of @k inputs each
 * @panels, @lines: of a group; depthwise: blocks of CPU_DEPTH channels, fours of taps
 * @row: lines of each row of a kernel, filled up; 0: rows follow each other
 * @w: [group][panel][line][@line]
 * @wide: room for a group's channels in the arrays: whole panels
 * @flip: makes inputs unsigned: 0x80 in each byte, or 0
 * @negative: see struct cpu_tile
 * @less: Winograd's convolution, see winograd.h, and Strassen's product, see strassen.h,
 *	else NULL: where the sums of places start, [group][panel][place][CPU_PANEL]; @w
 *	is [group][panel][place][line] then. Of Strassen's, panels are pairs
 * @less_each: of a channel
 * @strassen: that
 * @zw: what is left of the weights' zero points, NULL if nothing: the sum of a
 *	row's inputs times this is to be subtracted
 */
struct cpu_packed {
	struct cpu_buffer memory;
	size_t groups, channels, k;
	size_t panels, lines, line, row;
	size_t wide;
	uint32_t flip;
	bool negative;
	const int8_t *w;
	const int32_t *start;
	const int32_t *less;
	size_t less_each;
	bool strassen;
	const int32_t *zw;
	struct cpu_tail tail;
};

/* Whether the level has byte kernels for the command at all. */
bool octet_cpu_bytes_fit(const struct octet_cpu *cpu,
			 const struct cpu_work *work);

/*
 * Packs the weights at @w, all groups of them; -ENOMEM fills *bytes. Depthwise:
 * -ENOTSUP if these weights cannot be had as bytes.
 */
int octet_cpu_pack_panels(const struct octet_cpu *cpu,
			  const struct cpu_work *work, const uint8_t *w,
			  struct cpu_packed *to, uint64_t *bytes);
int octet_cpu_pack_depth(const struct octet_cpu *cpu,
			 const struct cpu_work *work, struct cpu_packed *to,
			 uint64_t *bytes);

/*
 * One group's product; GEMM: of the matrices at @a, into @y. The rounding mode is
 * that of work->stage.
 */
int octet_cpu_bytes_product(struct octet_cpu *cpu, const struct cpu_work *work,
			    const struct cpu_packed *p, size_t group,
			    const uint8_t *a, uint8_t *y);
int octet_cpu_bytes_depthwise(struct octet_cpu *cpu,
			      const struct cpu_work *work,
			      const struct cpu_packed *p);

/* Of cpu->block. */
size_t octet_cpu_block_size(void);

/* Patches of a convolution, or rows of A, as bytes: pack_rows.c. */
void octet_cpu_row_bytes(const struct cpu_work *work, size_t group,
			 const uint8_t *a, uint64_t m, size_t lines,
			 uint8_t fill, uint8_t *row);

#endif
