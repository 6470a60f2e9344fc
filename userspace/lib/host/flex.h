/* SPDX-License-Identifier: MIT */
/* Options of custom operators: a FlexBuffer that holds a map of numbers. */
#ifndef OCTET_HOST_FLEX_H
#define OCTET_HOST_FLEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * octet_flex_number() - the number (or bool) that @key stands for
 *
 * @buffer: @bytes of any contents; nothing beyond them is read
 *
 * Return: false if the buffer is no map, the key is not there, or its value is
 * no number
 */
bool octet_flex_number(const uint8_t *buffer, size_t bytes, const char *key, double *value);

#endif /* OCTET_HOST_FLEX_H */
