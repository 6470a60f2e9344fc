/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: fault injection, as QOM properties that can be set
 * on the command line and changed while the guest runs (qom-set).
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "octet-pci.h"

typedef struct OctetInjectProperty {
    const char *name;
    const char *type;
    size_t offset;
    const char *description;
} OctetInjectProperty;

#define INJECT(n, t, f, d) { n, t, offsetof(struct octet_inject, f), d }

static const OctetInjectProperty octet_inject_properties[] = {
    INJECT("inject-hang", "uint64", hang,
           "hang the Nth job from now until its core is reset"),
    INJECT("inject-livelock", "uint64", livelock,
           "keep the Nth job running, with progress, until its core is reset"),
    INJECT("inject-stuck-core", "uint64", stuck_core,
           "do not end the Nth core reset until the device is reset"),
    INJECT("inject-stuck-device", "uint64", stuck_device,
           "do not end the Nth device reset until a function-level reset"),
    INJECT("inject-command", "uint64", command,
           "end the Nth command from now with an error"),
    INJECT("inject-drop-irq", "uint64", drop_irq,
           "lose the Nth interrupt from now"),
    INJECT("inject-dma-error", "uint64", dma_error,
           "fail the Nth DMA access from now"),
    INJECT("inject-bad-completion", "uint64", bad_completion,
           "corrupt the Nth completion from now"),
    INJECT("inject-core", "int32", core,
           "the core that those of a core apply to, -1 for any"),
    INJECT("gone", "bool", gone, "surprise removal"),
    INJECT("break-sram-zeroing", "bool", break_sram_zeroing,
           "keep the SRAM's bytes from job to job"),
    INJECT("break-tlb-invalidation", "bool", break_tlb_invalidation,
           "ignore TLB invalidations"),
    INJECT("break-tlb-tags", "bool", break_tlb_tags,
           "let a TLB entry serve every address space"),
    INJECT("break-rounding", "bool", break_rounding,
           "change a rounding constant of FIX_DBL"),
};

/* Before realize the faults are part of the configuration. */
static void *octet_inject_field(Object *obj, const OctetInjectProperty *p)
{
    OctetState *s = OCTET(obj);
    struct octet_inject *inject = s->machine ?
        octet_machine_inject(s->machine) : &s->config.inject;

    return (char *)inject + p->offset;
}

static bool octet_inject_visit(Object *obj, Visitor *v, const char *name,
                               const OctetInjectProperty *p, Error **errp)
{
    void *field = octet_inject_field(obj, p);
    int32_t core;

    if (!strcmp(p->type, "bool")) {
        return visit_type_bool(v, name, field, errp);
    }
    if (!strcmp(p->type, "uint64")) {
        return visit_type_uint64(v, name, field, errp);
    }
    core = *(int *)field;
    if (!visit_type_int32(v, name, &core, errp)) {
        return false;
    }
    if (core < -1 || core >= OCTET_CORE_MAX) {
        error_setg(errp, "octet: %s is %d, must be -1 or a core", name, core);
        return false;
    }
    *(int *)field = core;
    return true;
}

static void octet_inject_get(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    octet_inject_visit(obj, v, name, opaque, errp);
}

static void octet_inject_set(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    unsigned int i;
    OctetState *s = OCTET(obj);

    if (!octet_inject_visit(obj, v, name, opaque, errp)) {
        return;
    }
    for (i = 0; s->machine && i < s->config.cores; i++) {
        octet_worker_kick(s, i);
    }
}

void octet_inject_add_properties(OctetState *s)
{
    Object *obj = OBJECT(s);
    size_t i;

    for (i = 0; i < ARRAY_SIZE(octet_inject_properties); i++) {
        const OctetInjectProperty *p = &octet_inject_properties[i];

        object_property_add(obj, p->name, p->type, octet_inject_get,
                            octet_inject_set, NULL, (void *)p);
        object_property_set_description(obj, p->name, p->description);
    }
}
