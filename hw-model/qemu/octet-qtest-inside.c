/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: qtests of messages that come back to their sender. A
 * message is a store to anywhere.
 */
#include "octet-qtest.h"

#define ECAM      0xb0000000
/* The end of the flash, where a store waits for the disk; PATTERN is "read array" too. */
#define FLASH     0xfffffff0
#define FLASH_ARG " -blockdev null-co,node-name=flash,size=1048576," \
                  "latency-ns=100000000,read-zeroes=on " \
                  "-machine pflash0=flash"
#define PATTERN   0x5aa51fff

static void aim(OctetTest *t, unsigned int vector, uint64_t addr, uint32_t data)
{
    uint64_t entry = t->dev->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;
    QPCIBar bar = t->dev->msix_table_bar;

    qpci_io_writel(t->dev, bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR, addr);
    qpci_io_writel(t->dev, bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR, addr >> 32);
    qpci_io_writel(t->dev, bar, entry + PCI_MSIX_ENTRY_DATA, data);
    qpci_io_writel(t->dev, bar, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
}

/* A core at work resets its own function, by way of the configuration space. */
static void test_message_resets(void)
{
    OctetTest t;
    gint64 end;
    uint8_t cap;

    setup(&t, "");
    put_gemm(&t);
    qpci_msix_enable(t.dev);
    cap = qpci_find_capability(t.dev, PCI_CAP_ID_EXP, 0);
    qtest_outl(t.qts, 0xcf8, 1U << 31 | 0x64);
    qtest_outl(t.qts, 0xcfc, 0);
    qtest_outl(t.qts, 0xcf8, 1U << 31 | 0x60);
    qtest_outl(t.qts, 0xcfc, ECAM | 1);
    aim(&t, 1, ECAM + (t.dev->devfn << 12) + cap + PCI_EXP_DEVCTL,
        PCI_EXP_DEVCTL_BCR_FLR);
    submit(&t, VA_DATA);
    for (end = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;
         qpci_config_readw(t.dev, PCI_COMMAND); g_usleep(1000)) {
        g_assert(g_get_monotonic_time() < end);
    }
    qpci_config_writel(t.dev, PCI_BASE_ADDRESS_0, t.bar.addr);
    qpci_device_enable(t.dev);
    check_reset_state(&t);
    g_assert_cmphex(reg_read(&t, CORE0(OCTET_CORE_IRQ_STATUS)), ==, 0);
    check_gemm(&t);
    works_again(&t);
    stop(&t);
}

/* A core with a job that does nothing. */
static void give_nop(OctetTest *t, unsigned int core)
{
    const struct octet_ring_entry nop = { .opcode = OCTET_RING_NOP };
    uint32_t page = OCTET_CORE(core);

    qtest_memwrite(t->qts, MEM_RING, &nop, sizeof(nop));
    reg_write(t, page + OCTET_CORE_RING_LO, MEM_RING);
    reg_write(t, page + OCTET_CORE_RING_ORDER, RING_ORDER);
    reg_write(t, page + OCTET_CORE_CQ_LO, MEM_CQ + core * OCTET_PAGE_SIZE);
    reg_write(t, page + OCTET_CORE_CQ_ORDER, RING_ORDER);
    reg_write(t, page + OCTET_CORE_IRQ_ENABLE, OCTET_CORE_IRQ_DONE);
    reg_write(t, page + OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE);
    reg_write(t, page + OCTET_CORE_RING_TAIL, 1);
}

/*
 * The first core's message programs a flash, which waits for the disk and runs
 * bottom halves meanwhile, that of the other core too. That core's message must
 * come when the first one is done: the same data is a command then, which makes
 * the flash readable.
 */
static void test_message_waits(void)
{
    OctetTest t;
    unsigned int i;

    start(&t, ",cores=2" FLASH_ARG);
    qpci_msix_enable(t.dev);
    aim(&t, 1, FLASH, PATTERN);
    aim(&t, 2, FLASH, PATTERN);
    qtest_qmp_assert_success(t.qts, "{'execute': 'stop'}");
    give_nop(&t, 0);
    give_nop(&t, 1);
    for (i = 0; i < 2; i++) {
        g_assert_cmpuint(reg_read(&t, OCTET_CORE(i) + OCTET_CORE_CQ_TAIL), ==, 0);
    }
    qtest_writeb(t.qts, FLASH, 0x40);   /* program */
    qtest_qmp_assert_success(t.qts, "{'execute': 'cont'}");
    for (i = 0; i < 2; i++) {
        g_assert(reg_wait(&t, OCTET_CORE(i) + OCTET_CORE_CQ_TAIL, ~0U, 1));
    }
    g_assert_cmphex(qtest_readl(t.qts, FLASH), ==, PATTERN);
    stop(&t);
}

void octet_add_inside_tests(void)
{
    qtest_add_func("/octet/message-resets", test_message_resets);
    qtest_add_func("/octet/message-waits", test_message_waits);
}
