/* SPDX-License-Identifier: MIT */
/*
 * Weights in layout PACKED: 16 outputs by 4 inputs are a line of 64 bytes. See
 * Documentation/commands.rst, "Packed weights".
 */
#ifndef OCTET_PANELS_H
#define OCTET_PANELS_H

#include <stdbool.h>
#include <stdint.h>

#include <drm/octet_isa.h>

/**
 * octet_panels_pay() - are the weights of @cmd better packed, if they are constant?
 *
 * No: the layout is not for this operation and these types, or filling up lines and
 * panels would take more than as much again.
 */
bool octet_panels_pay(const struct octet_cmd *cmd);

/** octet_panels_bytes() - of the packed weights, all groups */
uint64_t octet_panels_bytes(const struct octet_cmd *cmd);

/**
 * octet_panels_pack() - pack the weights of @cmd
 * @from: their first byte
 * @to: zeroed
 * @flip: 128: uint8 becomes int8. The array's weights are signed, so that
 *	these are used as they lie; the zero points move along. Else 0
 */
void octet_panels_pack(const struct octet_cmd *cmd, const uint8_t *from, uint8_t *to, uint8_t flip);

/** octet_panels_same() - at one address, do two commands have the same weights? */
bool octet_panels_same(const struct octet_cmd *a, const struct octet_cmd *b);

/** octet_panels_use() - @cmd takes packed weights at @addr; zero points are the caller's */
void octet_panels_use(struct octet_cmd *cmd, uint64_t addr, uint8_t flip);

#endif /* OCTET_PANELS_H */
