/* SPDX-License-Identifier: MIT */
#ifndef OCTET_CORE_CONFIG_H
#define OCTET_CORE_CONFIG_H

#include "octet_core.h"

/*
 * Checks every field, however the configuration was made; fills in p, k, c
 * and the default DRAM width. Return: 0 or -EINVAL with a sentence in @err.
 */
int octet_config_check(struct octet_config *config, char *err, size_t err_size);

#endif /* OCTET_CORE_CONFIG_H */
