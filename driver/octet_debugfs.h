/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_DEBUGFS_H__
#define __OCTET_DEBUGFS_H__

struct octet_device;

#ifdef CONFIG_DEBUG_FS
void octet_debugfs_init(struct octet_device *odev);
#else
static inline void octet_debugfs_init(struct octet_device *odev) { }
#endif

#endif /* __OCTET_DEBUGFS_H__ */
