/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_RESET_H__
#define __OCTET_RESET_H__

struct work_struct;

void octet_reset_watchdog(struct work_struct *work);
void octet_reset_work(struct work_struct *work);
void octet_reset_park_work(struct work_struct *work);
void octet_reset_unpark_work(struct work_struct *work);
void octet_reset_wedged_work(struct work_struct *work);

#endif /* __OCTET_RESET_H__ */
