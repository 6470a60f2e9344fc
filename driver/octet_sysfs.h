/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_SYSFS_H__
#define __OCTET_SYSFS_H__

struct attribute_group;

extern const struct attribute_group *octet_sysfs_groups[];

void octet_sysfs_init(void);

#endif /* __OCTET_SYSFS_H__ */
