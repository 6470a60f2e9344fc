// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Attributes
 *
 * What a tool without privileges may see of the device: octet/ for the whole,
 * coreN/ for each core. They are the driver's own counters, so that reading them
 * wakes no device up.
 */
#include <linux/device.h>
#include <linux/init.h>
#include <linux/math64.h>
#include <linux/sysfs.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_sysfs.h"

static ssize_t cores_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct octet_device *odev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", odev->caps.cores);
}
static DEVICE_ATTR_RO(cores);

static ssize_t clock_khz_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	struct octet_device *odev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", odev->caps.clock_khz);
}
static DEVICE_ATTR_RO(clock_khz);

static ssize_t job_timeout_ms_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct octet_device *odev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", odev->timeout_ms);
}
static DEVICE_ATTR_RO(job_timeout_ms);

static ssize_t resets_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct octet_device *odev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", READ_ONCE(odev->resets));
}
static DEVICE_ATTR_RO(resets);

static struct attribute *octet_sysfs_device_attrs[] = {
	&dev_attr_cores.attr,
	&dev_attr_clock_khz.attr,
	&dev_attr_job_timeout_ms.attr,
	&dev_attr_resets.attr,
	NULL
};

static const struct attribute_group octet_sysfs_device = {
	.name = "octet",
	.attrs = octet_sysfs_device_attrs,
};

/**
 * struct octet_sysfs_counter - an attribute of a core
 *
 * @name: file
 * @offset: of a u64 in struct octet_core_stats
 * @divisor: of the value, for the unit of the file
 */
struct octet_sysfs_counter {
	const char *name;
	u32 offset;
	u32 divisor;
};

static const struct octet_sysfs_counter octet_sysfs_counters[] = {
	{ "busy_time_us", offsetof(struct octet_core_stats, busy_ns), 1000 },
	{ "submitted", offsetof(struct octet_core_stats, submitted), 1 },
	{ "completed", offsetof(struct octet_core_stats, completed), 1 },
	{ "failed", offsetof(struct octet_core_stats, failed), 1 },
	{ "faults", offsetof(struct octet_core_stats, faults), 1 },
	{ "timeouts", offsetof(struct octet_core_stats, timeouts), 1 },
	{ "resets", offsetof(struct octet_core_stats, resets), 1 },
	{ "interrupts", offsetof(struct octet_core_stats, interrupts), 1 },
};

#define OCTET_SYSFS_COUNTERS ARRAY_SIZE(octet_sysfs_counters)

/**
 * struct octet_sysfs_attr - a file of a core
 *
 * @attr: attribute
 * @core: number of the core
 * @counter: what it shows
 */
struct octet_sysfs_attr {
	struct device_attribute attr;
	u32 core;
	const struct octet_sysfs_counter *counter;
};

/**
 * struct octet_sysfs_core - the folder of a core
 *
 * @name: of the folder
 * @group: the folder
 * @list: of @group
 * @attrs: files
 */
struct octet_sysfs_core {
	char name[16];
	struct attribute_group group;
	struct attribute *list[OCTET_SYSFS_COUNTERS + 1];
	struct octet_sysfs_attr attrs[OCTET_SYSFS_COUNTERS];
};

/* Of all devices: one that has fewer cores shows fewer of them. */
static struct octet_sysfs_core octet_sysfs_cores[OCTET_MAX_CORES];

/* &pci_driver.dev_groups */
const struct attribute_group *octet_sysfs_groups[OCTET_MAX_CORES + 2] = {
	&octet_sysfs_device,
};

static ssize_t octet_sysfs_core_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	const struct octet_sysfs_attr *file =
		container_of(attr, struct octet_sysfs_attr, attr);
	struct octet_device *odev = dev_get_drvdata(dev);
	struct octet_core_stats stats;
	u64 value;

	octet_core_stats(&odev->cores[file->core], &stats);
	value = *(u64 *)((char *)&stats + file->counter->offset);
	return sysfs_emit(buf, "%llu\n", div_u64(value, file->counter->divisor));
}

static umode_t octet_sysfs_core_visible(struct kobject *kobj,
					struct attribute *attr, int index)
{
	const struct octet_sysfs_attr *file =
		container_of(attr, struct octet_sysfs_attr, attr.attr);
	struct octet_device *odev = dev_get_drvdata(kobj_to_dev(kobj));

	return file->core < odev->caps.cores ? attr->mode : SYSFS_GROUP_INVISIBLE;
}

static void __init octet_sysfs_init_core(struct octet_sysfs_core *folder, u32 core)
{
	u32 i;

	for (i = 0; i < OCTET_SYSFS_COUNTERS; i++) {
		struct octet_sysfs_attr *file = &folder->attrs[i];

		file->attr.attr.name = octet_sysfs_counters[i].name;
		file->attr.attr.mode = 0444;
		file->attr.show = octet_sysfs_core_show;
		file->core = core;
		file->counter = &octet_sysfs_counters[i];
		folder->list[i] = &file->attr.attr;
	}
	snprintf(folder->name, sizeof(folder->name), "core%u", core);
	folder->group.name = folder->name;
	folder->group.attrs = folder->list;
	folder->group.is_visible = octet_sysfs_core_visible;
}

/* Once, before the driver is registered: the folders differ in their number only. */
void __init octet_sysfs_init(void)
{
	u32 i;

	for (i = 0; i < OCTET_MAX_CORES; i++) {
		octet_sysfs_init_core(&octet_sysfs_cores[i], i);
		octet_sysfs_groups[i + 1] = &octet_sysfs_cores[i].group;
	}
}
