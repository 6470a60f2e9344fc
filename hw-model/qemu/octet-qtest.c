/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: tests of the PCI function without a guest.
 *
 * Each test starts QEMU with one device, lays out address spaces, rings and
 * commands in guest memory by hand, and looks at registers and memory.
 */
#include "octet-qtest.h"

static void test_capabilities(void)
{
    OctetTest t;

    start(&t, ",cores=3,array=a512,sram=2M");
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), ==, OCTET_ID_MAGIC);
    g_assert_cmphex(reg_read(&t, OCTET_REG_VERSION) >> 16, ==, 1);
    g_assert_cmpuint(reg_read(&t, OCTET_REG_CORES), ==, 3);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ARRAY), ==, 0x080808);
    g_assert_cmpuint(reg_read(&t, OCTET_REG_SRAM_SIZE), ==, 2 * 1024 * 1024);
    g_assert_cmpuint(reg_read(&t, OCTET_REG_DRAM_BPC), ==, 12);
    g_assert_cmpuint(reg_read(&t, OCTET_REG_VECTORS), ==, 4);
    g_assert_cmpuint(qpci_msix_table_size(t.dev), ==, 4);
    /* read-only, undefined */
    reg_write(&t, OCTET_REG_ID, 0);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), ==, OCTET_ID_MAGIC);
    reg_write(&t, 0xfffc, 1);
    g_assert_cmphex(reg_read(&t, 0xfffc), ==, 0);
    stop(&t);
}

static void test_gemm(void)
{
    OctetTest t;
    unsigned int i;

    setup(&t, "");
    put_gemm(&t);
    for (i = 0; i < 3; i++) {
        submit(&t, VA_DATA);
        g_assert(reg_wait(&t, CORE0(OCTET_CORE_CQ_TAIL), ~0U, i + 1));
        check_gemm(&t);
        g_assert_cmpuint(completion(&t, i).status, ==, OCTET_STATUS_OK);
        g_assert_cmpuint(completion(&t, i).seq, ==, 100 + i);
        g_assert_cmpuint(completion(&t, i).macs, ==, 24);
        g_assert_cmpuint(completion(&t, i).flags, ==, OCTET_CQ_PHASE);
    }
    stop(&t);
}

static void test_doorbell_without_setup(void)
{
    OctetTest t;

    start(&t, "");
    reg_write(&t, CORE0(OCTET_CORE_RING_TAIL), 1);
    reg_write(&t, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_ENABLE);
    reg_write(&t, CORE0(OCTET_CORE_RING_TAIL), 0xffffffff);
    reg_write(&t, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_RESET);
    g_assert(state_wait(&t, OCTET_CORE_STATE_OFF));
    make_tables(&t);
    start_core(&t);
    put_gemm(&t);
    run_gemm(&t, 1);
    stop(&t);
}

static void test_fault(void)
{
    OctetTest t;

    setup(&t, "");
    put_gemm(&t);
    map_page(&t, 3, MEM_DATA + 0x3000, OCTET_PTE_V | OCTET_PTE_R);
    submit(&t, VA_DATA);
    g_assert(state_wait(&t, OCTET_CORE_STATE_HALTED));
    g_assert_cmphex(reg_read(&t, CORE0(OCTET_CORE_FAULT_STATUS)), ==,
                    OCTET_STATUS_PERMISSION);
    g_assert_cmphex(reg_read(&t, CORE0(OCTET_CORE_FAULT_VA_LO)), ==,
                    VA_DATA + 0x3000);
    g_assert_cmphex(reg_read(&t, CORE0(OCTET_CORE_FAULT_ASID)), ==, ASID);
    /* Mended; a read-only translation may be cached. */
    map_page(&t, 3, MEM_DATA + 0x3000, OCTET_PTE_V | OCTET_PTE_R | OCTET_PTE_W);
    reg_write(&t, OCTET_REG_TLB_ASID, ASID);
    reg_write(&t, OCTET_REG_TLB_CMD, OCTET_TLB_CMD_ASID);
    g_assert(reg_wait(&t, OCTET_REG_TLB_STATUS, OCTET_TLB_STATUS_BUSY, 0));
    reg_write(&t, CORE0(OCTET_CORE_CTRL),
              OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
    run_gemm(&t, 2);
    stop(&t);
}

/* A DMA aimed at our own registers must fail, not recurse. */
static void test_dma_to_registers(void)
{
    OctetTest t;

    setup(&t, "");
    put_gemm(&t);
    map_page(&t, 3, t.bar.addr, OCTET_PTE_V | OCTET_PTE_R | OCTET_PTE_W);
    submit(&t, VA_DATA);
    g_assert(state_wait(&t, OCTET_CORE_STATE_HALTED));
    g_assert_cmphex(reg_read(&t, CORE0(OCTET_CORE_FAULT_STATUS)), ==,
                    OCTET_STATUS_BUS_ERROR);
    stop(&t);
}

static void test_hang_and_core_reset(void)
{
    OctetTest t;

    setup(&t, "");
    put_gemm(&t);
    hang(&t);
    g_usleep(100000);
    g_assert_cmpuint(reg_read(&t, CORE0(OCTET_CORE_CQ_TAIL)), ==, 0);
    reg_write(&t, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_RESET);
    g_assert(state_wait(&t, OCTET_CORE_STATE_OFF));
    g_assert_cmpuint(reg_read(&t, CORE0(OCTET_CORE_COUNTER(
                                            OCTET_COUNTER_RESETS))), ==, 1);
    start_core(&t);
    run_gemm(&t, 1);
    stop(&t);
}

static void test_msix(void)
{
    OctetTest t;

    setup(&t, "");
    put_gemm(&t);
    qpci_msix_enable(t.dev);
    /* The table starts masked: the message stays pending. */
    g_assert(qpci_msix_masked(t.dev, 1));
    g_assert(!qpci_msix_pending(t.dev, 1));
    submit(&t, VA_DATA);
    g_assert(reg_wait(&t, CORE0(OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_DONE,
                      OCTET_CORE_IRQ_DONE));
    g_assert(qpci_msix_pending(t.dev, 1));
    g_assert_cmphex(reg_read(&t, OCTET_REG_IRQ_STATUS), ==,
                    OCTET_IRQ_STATUS_CORE(0));
    reg_write(&t, CORE0(OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_DONE);
    g_assert_cmphex(reg_read(&t, OCTET_REG_IRQ_STATUS), ==, 0);
    /* All cores may share vector 0. */
    reg_write(&t, CORE0(OCTET_CORE_VECTOR), 0);
    submit(&t, VA_DATA);
    g_assert(reg_wait(&t, CORE0(OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_DONE,
                      OCTET_CORE_IRQ_DONE));
    g_assert(qpci_msix_pending(t.dev, 0));
    stop(&t);
}

static void test_device_reset(void)
{
    OctetTest t;

    setup(&t, "");
    put_gemm(&t);
    hang(&t);
    reg_write(&t, OCTET_REG_CTRL, OCTET_CTRL_RESET);
    g_assert(reg_wait(&t, OCTET_REG_STATUS, OCTET_STATUS_READY,
                      OCTET_STATUS_READY));
    check_reset_state(&t);
    g_assert_cmpuint(reg_read(&t, OCTET_REG_RESETS), ==, 1);
    make_tables(&t);
    start_core(&t);
    run_gemm(&t, 1);
    stop(&t);
}

static void test_function_reset(void)
{
    OctetTest t;
    uint8_t cap;

    setup(&t, "");
    put_gemm(&t);
    hang(&t);
    cap = qpci_find_capability(t.dev, PCI_CAP_ID_EXP, 0);
    g_assert(cap);
    g_assert(qpci_config_readl(t.dev, cap + PCI_EXP_DEVCAP) &
             PCI_EXP_DEVCAP_FLR);
    qpci_config_writew(t.dev, cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    /* FLR clears the command register and the BARs; give them back. */
    qpci_config_writel(t.dev, PCI_BASE_ADDRESS_0, t.bar.addr);
    qpci_device_enable(t.dev);
    check_reset_state(&t);
    make_tables(&t);
    start_core(&t);
    run_gemm(&t, 1);
    stop(&t);
}

static void test_gone(void)
{
    OctetTest t;

    setup(&t, "");
    put_gemm(&t);
    set_switch(&t, "gone", true);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), ==, 0xffffffff);
    submit(&t, VA_DATA);
    g_usleep(50000);
    g_assert_cmphex(completion(&t, 0).flags, ==, 0);
    set_switch(&t, "gone", false);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), ==, OCTET_ID_MAGIC);
    stop(&t);
}

static void test_access_size(void)
{
    OctetTest t;
    uint32_t before;

    setup(&t, "");
    before = reg_read(&t, CORE0(OCTET_CORE_RING_TAIL));
    qpci_io_writeb(t.dev, t.bar, CORE0(OCTET_CORE_RING_TAIL), 9);
    qpci_io_writew(t.dev, t.bar, CORE0(OCTET_CORE_RING_TAIL) + 1, 9);
    qtest_writel(t.qts, t.bar.addr + CORE0(OCTET_CORE_RING_TAIL) + 2, 9);
    g_assert_cmpuint(reg_read(&t, CORE0(OCTET_CORE_RING_TAIL)), ==, before);
    /* 64 bits are not two registers */
    reg_write(&t, OCTET_REG_ASID_TABLE_HI, 5);
    qtest_writeq(t.qts, t.bar.addr + OCTET_REG_ASID_TABLE_LO, 7ULL << 32 | 0x7000);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ASID_TABLE_LO), ==, MEM_ASIDS);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ASID_TABLE_HI), ==, 5);
    g_assert_cmphex(qtest_readq(t.qts, t.bar.addr + OCTET_REG_ID), ==, 0);
    stop(&t);
}

static void test_flr_during_compute(void)
{
    OctetTest t;
    uint8_t cap;

    setup(&t, "");
    put_long(&t);
    submit(&t, VA_DATA);
    g_assert(computing(&t));
    cap = qpci_find_capability(t.dev, PCI_CAP_ID_EXP, 0);
    qpci_config_writew(t.dev, cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    qpci_config_writel(t.dev, PCI_BASE_ADDRESS_0, t.bar.addr);
    qpci_device_enable(t.dev);
    g_assert(reg_wait(&t, OCTET_REG_STATUS, OCTET_STATUS_READY,
                      OCTET_STATUS_READY));
    check_reset_state(&t);
    nothing_written(&t);
    works_again(&t);
    stop(&t);
}

static void test_d3hot_during_compute(void)
{
    OctetTest t;
    uint8_t cap;

    setup(&t, "");
    put_long(&t);
    submit(&t, VA_DATA);
    g_assert(computing(&t));
    cap = qpci_find_capability(t.dev, PCI_CAP_ID_PM, 0);
    g_assert(cap);
    qpci_config_writew(t.dev, cap + PCI_PM_CTRL, 3);
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), ==, 0xffffffff);
    reg_write(&t, OCTET_REG_ASID_COUNT, 5);
    qpci_config_writew(t.dev, cap + PCI_PM_CTRL, 0);
    g_assert(reg_wait(&t, OCTET_REG_STATUS, OCTET_STATUS_READY,
                      OCTET_STATUS_READY));
    check_reset_state(&t);
    nothing_written(&t);
    works_again(&t);
    stop(&t);
}

/* A stopped VM must not see its memory change; nothing is lost. */
static void test_stop_during_compute(void)
{
    OctetTest t;

    setup(&t, "");
    put_long(&t);
    submit(&t, VA_DATA);
    g_assert(computing(&t));
    qtest_qmp_assert_success(t.qts, "{'execute': 'stop'}");
    g_usleep(2000000);
    nothing_written(&t);
    qtest_qmp_assert_success(t.qts, "{'execute': 'cont'}");
    g_assert(reg_wait(&t, CORE0(OCTET_CORE_CQ_TAIL), ~0U, 1));
    g_assert_cmphex(completion(&t, 0).status, ==, OCTET_STATUS_OK);
    g_assert_cmphex(qtest_readb(t.qts, MEM_DATA + 0x3000), !=, 0x55);
    stop(&t);
}

/* The delay of a completion runs out while the next job computes. */
static void test_irq_delay_during_compute(void)
{
    OctetTest t;
    const struct octet_ring_entry nop = { .opcode = OCTET_RING_NOP };

    setup(&t, "");
    put_long(&t);
    reg_write(&t, CORE0(OCTET_CORE_IRQ_DELAY_US), 100);
    qtest_memwrite(t.qts, MEM_RING, &nop, sizeof(nop));
    t.tail = 1;
    submit(&t, VA_DATA);
    g_assert(computing(&t));
    g_assert_cmphex(reg_read(&t, CORE0(OCTET_CORE_IRQ_STATUS)), ==, 0);
    qtest_clock_step(t.qts, 200 * 1000);
    g_assert(reg_wait(&t, CORE0(OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_DONE,
                      OCTET_CORE_IRQ_DONE));
    g_assert_cmpuint(reg_read(&t, CORE0(OCTET_CORE_CQ_TAIL)), ==, 1);
    stop(&t);
}

/* Another QEMU with what the first one saved; @works: it takes it. */
static void start_from(OctetTest *to, const OctetTest *from, const char *props,
                       const char *path, bool works)
{
    g_autofree char *args = g_strdup_printf(
        "-machine q35 -nodefaults -L /usr/share/seabios -L /usr/share/qemu "
        "-incoming defer -device octet,id=octet0,addr=04.0%s", props);
    g_autofree char *uri = g_strdup_printf("exec:cat %s", path);

    *to = (OctetTest) { .bar = from->bar, .tail = from->tail };
    to->qts = qtest_init(args);
    qtest_qmp_assert_success(to->qts, "{'execute': 'migrate-incoming', "
                             "'arguments': {'uri': %s, "
                             "'exit-on-error': false}}", uri);
    wait_migration(to, works ? "completed" : "failed");
}

/* A job is cut while it computes; the next QEMU does it. A hung one stays so. */
static void test_snapshot(void)
{
    OctetTest from, to;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("octet-qtest-XXXXXX", &path, NULL);
    bool hung;

    g_assert(fd >= 0);
    close(fd);
    for (hung = false; ; hung = true) {
        setup(&from, "");
        put_long(&from);
        if (hung) {
            hang(&from);
        } else {
            submit(&from, VA_DATA);
            g_assert(computing(&from));
        }
        save_state(&from, path);
        nothing_written(&from);
        start_from(&to, &from, ",cores=3", path, false);
        qtest_quit(to.qts);
        start_from(&to, &from, "", path, true);
        stop(&from);
        if (hung) {
            break;
        }
        g_assert(reg_wait(&to, CORE0(OCTET_CORE_CQ_TAIL), ~0U, 1));
        g_assert_cmphex(completion(&to, 0).status, ==, OCTET_STATUS_OK);
        g_assert_cmphex(qtest_readb(to.qts, MEM_DATA + 0x3000), !=, 0x55);
        put_gemm(&to);
        run_gemm(&to, 2);
        qtest_quit(to.qts);
    }
    g_assert(state_wait(&to, OCTET_CORE_STATE_BUSY));
    reg_write(&to, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_RESET);
    g_assert(state_wait(&to, OCTET_CORE_STATE_OFF));
    start_core(&to);
    put_gemm(&to);
    run_gemm(&to, 1);
    qtest_quit(to.qts);
    unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/octet/capabilities", test_capabilities);
    qtest_add_func("/octet/gemm", test_gemm);
    qtest_add_func("/octet/doorbell-without-setup",
                   test_doorbell_without_setup);
    qtest_add_func("/octet/access-size", test_access_size);
    qtest_add_func("/octet/fault", test_fault);
    qtest_add_func("/octet/dma-to-registers", test_dma_to_registers);
    qtest_add_func("/octet/hang-and-core-reset", test_hang_and_core_reset);
    qtest_add_func("/octet/msix", test_msix);
    qtest_add_func("/octet/device-reset", test_device_reset);
    qtest_add_func("/octet/function-reset", test_function_reset);
    qtest_add_func("/octet/gone", test_gone);
    qtest_add_func("/octet/flr-during-compute", test_flr_during_compute);
    qtest_add_func("/octet/d3hot-during-compute", test_d3hot_during_compute);
    qtest_add_func("/octet/stop-during-compute", test_stop_during_compute);
    qtest_add_func("/octet/irq-delay-during-compute",
                   test_irq_delay_during_compute);
    qtest_add_func("/octet/snapshot", test_snapshot);
    octet_add_unplug_tests();
    octet_add_inside_tests();
    octet_add_fuzz_tests();
    return g_test_run();
}
