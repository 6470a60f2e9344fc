/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Octet int8 accelerator: qtests of a device that goes away. */
#include "octet-qtest.h"

#define ECAM     0xb0000000
#define BAR_REGS 0xe0000000
#define BAR_MSIX 0xe0010000

static void config_writel(OctetTest *t, unsigned int bus, unsigned int slot,
                          unsigned int reg, uint32_t value)
{
    qtest_outl(t->qts, 0xcf8, 1U << 31 | bus << 16 | slot << 11 | reg);
    qtest_outl(t->qts, 0xcfc, value);
}

/* Behind a root port, for which there is no firmware to set it up. */
static void start_behind_port(OctetTest *t)
{
    memset(t, 0, sizeof(*t));
    t->qts = qtest_init("-machine q35 -nodefaults -L /usr/share/seabios "
                        "-L /usr/share/qemu -global "
                        "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off "
                        "-device pcie-root-port,id=rp,chassis=1,addr=05.0 "
                        "-device octet,id=octet0,bus=rp");
    t->bus = qpci_new_pc(t->qts, NULL);
    t->dev = qpci_device_find(t->bus, QPCI_DEVFN(5, 0));
    g_assert(t->dev);
    config_writel(t, 0, 5, PCI_PRIMARY_BUS, 0x00010100);
    config_writel(t, 0, 5, PCI_MEMORY_BASE, 0xe000e000);
    config_writel(t, 0, 5, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    t->bar.addr = BAR_REGS;
    config_writel(t, 1, 0, PCI_BASE_ADDRESS_0, t->bar.addr);
    config_writel(t, 1, 0, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void test_unplug_during_compute(void)
{
    OctetTest t;
    uint8_t cap;

    start_behind_port(&t);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), ==, OCTET_ID_MAGIC);
    make_tables(&t);
    start_core(&t);
    put_long(&t);
    submit(&t, VA_DATA);
    g_assert(computing(&t));
    cap = qpci_find_capability(t.dev, PCI_CAP_ID_EXP, 0);
    qpci_config_writew(t.dev, cap + PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PWR_IND_ON);
    qtest_qmp_device_del_send(t.qts, "octet0");
    /* What a guest does that agrees: indicator and power off. */
    qpci_config_writew(t.dev, cap + PCI_EXP_SLTCTL,
                       PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_PCC);
    qtest_qmp_eventwait(t.qts, "DEVICE_DELETED");
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), !=, OCTET_ID_MAGIC);
    nothing_written(&t);
    stop(&t);
}


static uint32_t config_readl(OctetTest *t, unsigned int bus, unsigned int slot,
                             unsigned int reg)
{
    qtest_outl(t->qts, 0xcf8, 1U << 31 | bus << 16 | slot << 11 | reg);
    return qtest_inl(t->qts, 0xcfc);
}

/* Vector 1 of the device: a write of SLTCTL of its own slot, which cuts power. */
static void aim_at_slot(OctetTest *t)
{
    uint8_t slot = qpci_find_capability(t->dev, PCI_CAP_ID_EXP, 0);
    uint32_t at = config_readl(t, 1, 0, PCI_CAPABILITY_LIST) & 0xff;
    uint32_t cap = config_readl(t, 1, 0, at);

    while ((cap & 0xff) != PCI_CAP_ID_MSIX) {
        at = cap >> 8 & 0xff;
        g_assert(at);
        cap = config_readl(t, 1, 0, at);
    }
    /* ECAM: PCIEXBAR of the host bridge */
    config_writel(t, 0, 0, 0x64, 0);
    config_writel(t, 0, 0, 0x60, ECAM | 1);
    config_writel(t, 1, 0, PCI_BASE_ADDRESS_2, BAR_MSIX);
    config_writel(t, 1, 0, at, cap | (uint32_t)PCI_MSIX_FLAGS_ENABLE << 16);
    qtest_writel(t->qts, BAR_MSIX + 16, ECAM + (5 << 15) + slot + PCI_EXP_SLTCTL);
    qtest_writel(t->qts, BAR_MSIX + 20, 0);
    qtest_writel(t->qts, BAR_MSIX + 24,
                 PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_PCC);
    qtest_writel(t->qts, BAR_MSIX + 28, 0);
}

static void check_unplugged(OctetTest *t)
{
    qtest_qmp_eventwait(t->qts, "DEVICE_DELETED");
    g_assert_cmphex(reg_read(t, OCTET_REG_ID), !=, OCTET_ID_MAGIC);
    g_assert_cmphex(config_readl(t, 1, 0, PCI_VENDOR_ID), ==, 0xffffffff);
    stop(t);
}

/* An interrupt message is a store to anywhere, so to what unplugs its sender. */
static void test_message_unplugs_writer(void)
{
    OctetTest t;

    start_behind_port(&t);
    aim_at_slot(&t);
    reg_write(&t, CORE0(OCTET_CORE_IRQ_ENABLE), OCTET_CORE_IRQ_RING);
    /* without rings: an error, told at once */
    reg_write(&t, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_ENABLE);
    check_unplugged(&t);
}

/* The same from a core at work. */
static void test_message_unplugs_core(void)
{
    OctetTest t;

    start_behind_port(&t);
    aim_at_slot(&t);
    make_tables(&t);
    start_core(&t);
    put_gemm(&t);
    submit(&t, VA_DATA);
    check_unplugged(&t);
}

/*
 * The same when no region of the device is mapped, so that nothing but the
 * device itself keeps it; the vector has a second message to send.
 */
static void test_message_unplugs_unmapped(void)
{
    const struct octet_ring_entry nop = { .opcode = OCTET_RING_NOP };
    OctetTest t;

    start_behind_port(&t);
    aim_at_slot(&t);
    make_tables(&t);
    start_core(&t);
    put_long(&t);
    reg_write(&t, CORE0(OCTET_CORE_IRQ_DELAY_US), 1000);
    qtest_memwrite(t.qts, MEM_RING, &nop, sizeof(nop));
    t.tail = 1;
    submit(&t, VA_DATA);
    g_assert(computing(&t));
    config_writel(&t, 1, 0, PCI_COMMAND, PCI_COMMAND_MASTER);
    qtest_clock_step(t.qts, 2000 * 1000);
    check_unplugged(&t);
}

void octet_add_unplug_tests(void)
{
    qtest_add_func("/octet/unplug-during-compute", test_unplug_during_compute);
    qtest_add_func("/octet/message-unplugs-writer", test_message_unplugs_writer);
    qtest_add_func("/octet/message-unplugs-core", test_message_unplugs_core);
    qtest_add_func("/octet/message-unplugs-unmapped",
                   test_message_unplugs_unmapped);
}
