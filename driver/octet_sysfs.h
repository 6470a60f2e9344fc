/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_SYSFS_H__
#define __OCTET_SYSFS_H__

struct octet_device;

int octet_sysfs_init(struct octet_device *odev);

#endif /* __OCTET_SYSFS_H__ */
