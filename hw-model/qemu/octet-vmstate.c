/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: snapshots and migration.
 *
 * The machine saves itself as bytes and checks them when it loads; a stream
 * carries them as they are, beside configuration space and MSI-X. Memory may be
 * saved already: what a core has still to write of a result is part of its state.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "hw/pci/msix.h"
#include "octet-pci.h"
#include "trace.h"

/*
 * No more than what QEMU counts in an int. A core's SRAM, commands and result are
 * 328 MiB at most; that all eight have them at once is refused.
 */
#define OCTET_SAVED_MAX INT32_MAX

static void octet_drop_loaded(OctetState *s)
{
    g_free(s->saved);
    s->saved = NULL;
    s->saved_size = 0;
}

/* Below a message of ours that makes another device wait, nothing may change. */
static bool octet_is_busy(const OctetState *s)
{
    if (s->entered) {
        error_report("octet: the device is at work, try again");
    }
    return s->entered;
}

static int octet_pre_save(void *opaque)
{
    OctetState *s = opaque;
    void *data;
    size_t size;
    int rc;

    if (octet_is_busy(s)) {
        return -EBUSY;
    }
    rc = octet_machine_save(s->machine, &data, &size);
    if (rc) {
        error_report("octet: its state cannot be saved: %s", strerror(-rc));
        return rc;
    }
    if (size > OCTET_SAVED_MAX) {
        error_report("octet: its state has %zu bytes, of at most %d", size,
                     OCTET_SAVED_MAX);
        free(data);
        return -EFBIG;
    }
    octet_drop_loaded(s);
    /* Not a copy: there may be no memory for another. */
    s->saved = data;
    s->saved_size = size;
    trace_octet_save(s->saved_size);
    return 0;
}

/* The machine's own allocation, other than what was loaded. */
static int octet_post_save(void *opaque)
{
    OctetState *s = opaque;

    free(s->saved);
    s->saved = NULL;
    s->saved_size = 0;
    return 0;
}

static int octet_pre_load(void *opaque)
{
    OctetState *s = opaque;

    if (octet_is_busy(s)) {
        return -EBUSY;
    }
    octet_workers_abandon(s);
    octet_drop_loaded(s);
    return 0;
}

static bool octet_saved_size_ok(void *opaque, int version_id)
{
    OctetState *s = opaque;

    return s->saved_size <= OCTET_SAVED_MAX;
}

static int octet_post_load(void *opaque, int version_id)
{
    OctetState *s = opaque;
    char err[200] = "";
    int rc;

    rc = octet_machine_load(s->machine, s->saved, s->saved_size, err,
                            sizeof(err));
    if (rc) {
        error_report("octet: %s", err[0] ? err : strerror(-rc));
    }
    trace_octet_load(s->saved_size, rc);
    octet_drop_loaded(s);
    return rc;
}

const VMStateDescription octet_vmstate = {
    .name = TYPE_OCTET,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = octet_pre_save,
    .post_save = octet_post_save,
    .pre_load = octet_pre_load,
    .post_load = octet_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(config.cores, OctetState,
                             "octet: cores must be those of the source"),
        VMSTATE_PCI_DEVICE(parent_obj, OctetState),
        VMSTATE_MSIX(parent_obj, OctetState),
        VMSTATE_UINT32(saved_size, OctetState),
        VMSTATE_VALIDATE("size of the state", octet_saved_size_ok),
        VMSTATE_VBUFFER_ALLOC_UINT32(saved, OctetState, 1, NULL, saved_size),
        VMSTATE_END_OF_LIST()
    },
};
