/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: PCI function.
 *
 * All that is the machine lives in core/; here it gets a bus, memory, interrupts
 * and a life cycle. Every call into the machine but the compute itself, and so
 * every callback, runs under the big lock.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "octet-pci.h"
#include "octet_regs.h"
#include "trace.h"

#define OCTET_PM_OFFSET   0x40
#define OCTET_PCIE_OFFSET 0x60

/* What the machine needs of its host. */

static int octet_dma(OctetState *s, uint64_t addr, void *buf, size_t len,
                     DMADirection dir)
{
    /* .memory: a DMA aimed at a device's registers, ours above all, fails. */
    const MemTxAttrs attrs = { .memory = true };

    /* Reset or unplugged by an access before this one. */
    if (s->reset_due || !s->plugged) {
        return -1;
    }
    if (pci_dma_rw(PCI_DEVICE(s), addr, buf, len, dir, attrs) != MEMTX_OK) {
        trace_octet_dma_error(addr, len, dir == DMA_DIRECTION_FROM_DEVICE);
        return -1;
    }
    return 0;
}

static int octet_dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    return octet_dma(opaque, addr, buf, len, DMA_DIRECTION_TO_DEVICE);
}

static int octet_dma_write(void *opaque, uint64_t addr, const void *buf,
                           size_t len)
{
    return octet_dma(opaque, addr, (void *)buf, len,
                     DMA_DIRECTION_FROM_DEVICE);
}

static void octet_kick(void *opaque, unsigned int core)
{
    octet_worker_kick(opaque, core);
}

/* Sent when the machine has returned: see octet_send_irqs(). */
static void octet_irq(void *opaque, unsigned int vector)
{
    OctetState *s = opaque;

    trace_octet_irq(vector);
    s->irqs |= BIT(vector);
}

void octet_send_irqs(OctetState *s)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    /* Any of them may end in octet_reset() or octet_exit(), which drop the rest. */
    while (s->irqs && !s->reset_due) {
        unsigned int vector = ctz32(s->irqs);

        s->irqs &= ~BIT(vector);
        if (msix_enabled(pdev)) {
            msix_notify(pdev, vector);
        }
    }
}

static uint64_t octet_clock_ns(void *opaque)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void octet_guest_error(void *opaque, const char *text)
{
    trace_octet_guest_error(text);
    qemu_log_mask(LOG_GUEST_ERROR, "octet: %s\n", text);
}

static void octet_event(void *opaque, const char *text)
{
    trace_octet_event(text);
}

static void octet_parallel(void *opaque, unsigned int count,
                           void (*run)(void *arg, unsigned int i), void *arg)
{
    OctetState *s = opaque;

    octet_team_run(s->team, count, run, arg);
}

static unsigned int octet_power_state(PCIDevice *pdev)
{
    return pci_get_word(pdev->config + pdev->pm_cap + PCI_PM_CTRL) &
           PCI_PM_CTRL_STATE_MASK;
}

/* Registers */

/*
 * A processor that has looked the region up and waits for the big lock comes
 * here after the device was unplugged or put to sleep.
 */
static bool octet_answers(OctetState *s)
{
    if (!s->plugged) {
        return false;
    }
    if (octet_power_state(PCI_DEVICE(s)) == 3) {
        octet_guest_error(s, "access of a register in D3hot");
        return false;
    }
    return true;
}

/* 64 bits come here as they are, or the memory core would make two registers of them. */
static bool octet_too_wide(OctetState *s, unsigned int size)
{
    if (size > 4) {
        octet_guest_error(s, "access of 8 bytes: registers are 4 wide");
    }
    return size > 4;
}

static uint64_t octet_mmio_read(void *opaque, hwaddr addr, unsigned int size)
{
    OctetState *s = opaque;
    uint32_t value;

    if (!octet_answers(s)) {
        return ~0ULL;
    }
    if (octet_too_wide(s, size)) {
        return 0;
    }
    value = octet_machine_read(s->machine, addr);
    trace_octet_mmio_read(addr, value);
    return value;
}

static void octet_mmio_write(void *opaque, hwaddr addr, uint64_t value,
                             unsigned int size)
{
    OctetState *s = opaque;

    trace_octet_mmio_write(addr, value);
    if (!octet_answers(s) || octet_too_wide(s, size)) {
        return;
    }
    octet_worker_write(s, addr, value);
}

static const MemoryRegionOps octet_mmio_ops = {
    .read = octet_mmio_read,
    .write = octet_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 8 },
};

/* Configuration space and reset */

static void octet_set_power_state(PCIDevice *pdev, unsigned int state)
{
    uint8_t *ctrl = pdev->config + pdev->pm_cap + PCI_PM_CTRL;

    pci_set_word(ctrl, (pci_get_word(ctrl) & ~PCI_PM_CTRL_STATE_MASK) | state);
}

static void octet_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                               int len)
{
    unsigned int before = octet_power_state(pdev);

    pci_default_write_config(pdev, addr, val, len);
    if (octet_power_state(pdev) == 1 || octet_power_state(pdev) == 2) {
        octet_set_power_state(pdev, before);    /* D1 and D2 are not offered */
    }
    pcie_cap_flr_write_config(pdev, addr, val, len);

    /* D3hot loses all state; a core at work is stopped on the way in. */
    if (octet_power_state(pdev) == 3 && before != 3) {
        octet_reset_machine(OCTET(pdev));
    }
}

static void octet_reset(DeviceState *dev)
{
    OctetState *s = OCTET(dev);

    trace_octet_reset();
    octet_set_power_state(PCI_DEVICE(s), 0);
    octet_reset_machine(s);
    msix_reset(PCI_DEVICE(s));
}

/* Life cycle */

static bool octet_make_machine(OctetState *s, Error **errp)
{
    const struct octet_host host = {
        .opaque = s,
        .dma_read = octet_dma_read,
        .dma_write = octet_dma_write,
        .kick = octet_kick,
        .irq = octet_irq,
        .clock_ns = octet_clock_ns,
        .guest_error = octet_guest_error,
        .trace = octet_event,
        .threads = s->threads,
        .parallel = s->threads > 1 ? octet_parallel : NULL,
    };
    char err[160] = "";

    if ((s->array &&
         octet_config_set(&s->config, "array", s->array, err, sizeof(err))) ||
        (s->timing &&
         octet_config_set(&s->config, "timing", s->timing, err,
                          sizeof(err)))) {
        error_setg(errp, "octet: %s", err);
        return false;
    }
    s->machine = octet_machine_new(&s->config, &host, err, sizeof(err));
    if (!s->machine) {
        error_setg(errp, "octet: %s", err);
        return false;
    }
    return true;
}

static bool octet_add_capabilities(PCIDevice *pdev, unsigned int vectors,
                                   Error **errp)
{
    unsigned int i;

    if (pci_pm_init(pdev, OCTET_PM_OFFSET, errp) < 0) {
        return false;
    }
    /*
     * With this flag D3hot would take the BARs away, and a read of nothing gives
     * zeros; a function that is there and does not answer gives all ones.
     */
    pdev->cap_present &= ~QEMU_PCI_CAP_PM;
    pci_set_word(pdev->config + pdev->pm_cap + PCI_PM_PMC, 0x3);
    pci_set_word(pdev->wmask + pdev->pm_cap + PCI_PM_CTRL,
                 PCI_PM_CTRL_STATE_MASK);

    if (pci_bus_is_express(pci_get_bus(pdev))) {
        if (pcie_endpoint_cap_init(pdev, OCTET_PCIE_OFFSET) < 0) {
            error_setg(errp, "octet: no room for the PCI Express capability");
            return false;
        }
        pcie_cap_flr_init(pdev);
    }

    if (msix_init_exclusive_bar(pdev, vectors, OCTET_BAR_MSIX, errp)) {
        return false;
    }
    for (i = 0; i < vectors; i++) {
        msix_vector_use(pdev, i);
    }
    return true;
}

static void octet_realize(PCIDevice *pdev, Error **errp)
{
    OctetState *s = OCTET(pdev);

    if (s->threads > OCTET_THREADS_MAX) {
        error_setg(errp, "octet: threads=%u: at most %u, or 0 for as many as "
                   "there are processors", s->threads, OCTET_THREADS_MAX);
        return;
    }
    if (!s->threads) {
        s->threads = MIN(g_get_num_processors(), OCTET_THREADS_DEFAULT);
    }
    if (!octet_make_machine(s, errp)) {
        return;
    }
    if (!octet_add_capabilities(pdev, s->config.cores + 1, errp)) {
        return;
    }
    memory_region_init_io(&s->mmio, OBJECT(s), &octet_mmio_ops, s,
                          "octet-registers", OCTET_BAR_SIZE);
    pci_register_bar(pdev, OCTET_BAR_REGS, PCI_BASE_ADDRESS_SPACE_MEMORY,
                     &s->mmio);
    if (s->threads > 1) {
        s->team = octet_team_new(s->threads - 1);
    }
    octet_workers_start(s);
    s->plugged = true;
}

/*
 * This may be a message's doing, with callbacks of ours on the stack, or in a
 * core's thread: all that they use is kept for octet_reap().
 */
static void octet_exit(PCIDevice *pdev)
{
    OctetState *s = OCTET(pdev);

    s->plugged = false;
    s->irqs = 0;
    object_ref(OBJECT(s));
    octet_workers_stop(s);
    msix_unuse_all_vectors(pdev);
    msix_uninit_exclusive_bar(pdev);
    if (pci_is_express(pdev)) {
        pcie_cap_exit(pdev);
    }
    g_free(s->saved);
    s->saved = NULL;
}

static void octet_finalize(Object *obj)
{
    octet_machine_free(OCTET(obj)->machine);
}

static void octet_init(Object *obj)
{
    OctetState *s = OCTET(obj);

    octet_config_default(&s->config);
    octet_inject_add_properties(s);
    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
}

/* The defaults are octet_config_default()'s. */
static const Property octet_properties[] = {
    DEFINE_PROP_UNSIGNED_NODEFAULT("cores", OctetState, config.cores,
                                   qdev_prop_uint32, uint32_t),
    DEFINE_PROP_STRING("array", OctetState, array),
    DEFINE_PROP_UNSIGNED_NODEFAULT("sram", OctetState, config.sram,
                                   qdev_prop_size, uint64_t),
    DEFINE_PROP_UNSIGNED_NODEFAULT("clock", OctetState, config.clock_hz,
                                   qdev_prop_uint64, uint64_t),
    DEFINE_PROP_UNSIGNED_NODEFAULT("dram-bytes-per-cycle", OctetState,
                                   config.dram_bpc, qdev_prop_uint32,
                                   uint32_t),
    DEFINE_PROP_UNSIGNED_NODEFAULT("host-memory", OctetState,
                                   config.host_memory, qdev_prop_size,
                                   uint64_t),
    DEFINE_PROP_STRING("timing", OctetState, timing),
    DEFINE_PROP_UINT32("threads", OctetState, threads, 0),
};

static void octet_describe(ObjectClass *klass)
{
    static const struct {
        const char *name, *text;
    } properties[] = {
        { "cores", "number of cores, 1 to 8" },
        { "array", "a256, a512, a1024 (default) or a2048" },
        { "sram", "bytes per core, a multiple of 4096" },
        { "clock", "Hz" },
        { "dram-bytes-per-cycle", "0: what suits the array" },
        { "host-memory", "bytes of the host that copies of operands may take, "
                         "shared equally by the cores; 0 (default): 2 GiB each" },
        { "threads", "that share a core's arithmetic on the host, 1 to 16; "
                     "0 (default): as many as it has processors, at most 4" },
        { "timing", "fast (default), or paced: complete in modelled time" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(properties); i++) {
        object_class_property_set_description(klass, properties[i].name,
                                              properties[i].text);
    }
}

static void octet_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = octet_realize;
    pc->exit = octet_exit;
    pc->config_write = octet_config_write;
    pc->vendor_id = OCTET_PCI_VENDOR_ID;
    pc->device_id = OCTET_PCI_DEVICE_ID;
    pc->class_id = OCTET_PCI_CLASS >> 8;
    pc->revision = OCTET_HW_VERSION_1;
    dc->desc = "Octet int8 accelerator";
    dc->vmsd = &octet_vmstate;
    device_class_set_legacy_reset(dc, octet_reset);
    device_class_set_props(dc, octet_properties);
    octet_describe(klass);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo octet_types[] = {
    {
        .name = TYPE_OCTET,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(OctetState),
        .instance_init = octet_init,
        .instance_finalize = octet_finalize,
        .class_init = octet_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(octet_types)
