/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: tests of the PCI function without a guest.
 *
 * Each test starts QEMU with one device, lays out address spaces, rings and
 * commands in guest memory by hand, and looks at registers and memory.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "libqtest.h"
#include "libqos/pci.h"
#include "libqos/pci-pc.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"

#define GENMASK(h, l) (((~0U) << (l)) & (~0U >> (31 - (h))))
#define GENMASK_ULL(h, l) (((~0ULL) << (l)) & (~0ULL >> (63 - (h))))
#include "octet_regs.h"
#include <drm/octet_isa.h>

/* Guest memory: one page each unless said */
#define MEM_ASIDS     0x1000000
#define MEM_TABLES    0x1001000 /* three pages */
#define MEM_RING      0x1010000
#define MEM_CQ        0x1020000
#define MEM_DATA      0x1100000 /* mapped at VA_DATA, 16 pages */
#define VA_DATA       0x200000

#define RING_ORDER    6
#define ASID          5
#define CORE0(reg)    (OCTET_CORE(0) + (reg))

typedef struct OctetTest {
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *dev;
    QPCIBar bar;
    uint32_t tail;
} OctetTest;

static uint32_t reg_read(OctetTest *t, uint32_t reg)
{
    return qtest_readl(t->qts, t->bar.addr + reg);
}

static void reg_write(OctetTest *t, uint32_t reg, uint32_t value)
{
    qtest_writel(t->qts, t->bar.addr + reg, value);
}

/* Waits for (reg & mask) == value; the device works in threads of its own. */
static bool reg_wait(OctetTest *t, uint32_t reg, uint32_t mask, uint32_t value)
{
    gint64 end = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;

    while ((reg_read(t, reg) & mask) != value) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        g_usleep(1000);
    }
    return true;
}

static bool state_wait(OctetTest *t, uint32_t state)
{
    return reg_wait(t, CORE0(OCTET_CORE_STATUS), OCTET_CORE_STATUS_STATE,
                    state);
}

static void start(OctetTest *t, const char *props)
{
    g_autofree char *args = g_strdup_printf(
        "-machine q35 -nodefaults -L /usr/share/seabios -L /usr/share/qemu -device octet,id=octet0,addr=04.0%s", props);

    memset(t, 0, sizeof(*t));
    t->qts = qtest_init(args);
    t->bus = qpci_new_pc(t->qts, NULL);
    t->dev = qpci_device_find(t->bus, QPCI_DEVFN(4, 0));
    g_assert(t->dev);
    qpci_device_enable(t->dev);
    t->bar = qpci_iomap(t->dev, OCTET_BAR_REGS, NULL);
}

static void stop(OctetTest *t)
{
    g_free(t->dev);
    qpci_free_pc(t->bus);
    qtest_quit(t->qts);
}

static void put64(OctetTest *t, uint64_t addr, uint64_t value)
{
    qtest_writeq(t->qts, addr, value);
}

static void map_page(OctetTest *t, uint64_t index, uint64_t addr,
                     uint64_t flags)
{
    put64(t, MEM_TABLES + 2 * OCTET_PAGE_SIZE + 8 * index,
          addr ? addr >> 2 | flags : 0);
}

/* One address space: 16 pages at VA_DATA. */
static void make_tables(OctetTest *t)
{
    unsigned int i;

    qtest_memset(t->qts, MEM_ASIDS, 0, 4 * OCTET_PAGE_SIZE);
    put64(t, MEM_ASIDS + 8 * ASID, MEM_TABLES | OCTET_ASID_VALID);
    put64(t, MEM_TABLES, (MEM_TABLES + OCTET_PAGE_SIZE) >> 2 | OCTET_PTE_V);
    put64(t, MEM_TABLES + OCTET_PAGE_SIZE + 8,
          (MEM_TABLES + 2 * OCTET_PAGE_SIZE) >> 2 | OCTET_PTE_V);
    for (i = 0; i < 16; i++) {
        map_page(t, i, MEM_DATA + i * OCTET_PAGE_SIZE,
                 OCTET_PTE_V | OCTET_PTE_R | OCTET_PTE_W);
    }
    reg_write(t, OCTET_REG_ASID_TABLE_LO, MEM_ASIDS);
    reg_write(t, OCTET_REG_ASID_TABLE_HI, 0);
    reg_write(t, OCTET_REG_ASID_COUNT, 16);
}

static void start_core(OctetTest *t)
{
    qtest_memset(t->qts, MEM_RING, 0, 64 << RING_ORDER);
    qtest_memset(t->qts, MEM_CQ, 0, 64 << RING_ORDER);
    reg_write(t, CORE0(OCTET_CORE_RING_LO), MEM_RING);
    reg_write(t, CORE0(OCTET_CORE_RING_ORDER), RING_ORDER);
    reg_write(t, CORE0(OCTET_CORE_CQ_LO), MEM_CQ);
    reg_write(t, CORE0(OCTET_CORE_CQ_ORDER), RING_ORDER);
    reg_write(t, CORE0(OCTET_CORE_IRQ_ENABLE),
              OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR | OCTET_CORE_IRQ_RING);
    reg_write(t, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_ENABLE);
    t->tail = 0;
}

static void setup(OctetTest *t, const char *props)
{
    start(t, props);
    make_tables(t);
    start_core(t);
}

static void submit(OctetTest *t, uint64_t cmd_va)
{
    struct octet_ring_entry e = {
        .opcode = OCTET_RING_RUN,
        .flags = OCTET_RING_F_IRQ,
        .asid = ASID,
        .seq = 100 + t->tail,
        .cmd_va = cmd_va,
        .cmd_count = 1,
        .lb = 512 * 1024,
    };

    qtest_memwrite(t->qts, MEM_RING + 64 * (t->tail % (1 << RING_ORDER)), &e,
                   sizeof(e));
    reg_write(t, CORE0(OCTET_CORE_RING_TAIL), ++t->tail);
}

/* [2 x 4] [4 x 3] to int32; command at page 0, A, B, C in pages 1 to 3 */
static void put_gemm(OctetTest *t)
{
    struct octet_cmd c = {
        .op = OCTET_OP_GEMM, .stage = OCTET_STAGE_RAW,
        .act_min = INT32_MIN, .act_max = INT32_MAX,
        .n = 1, .n2 = 1, .h = 2, .w = 1, .cin = 4, .oh = 2, .ow = 1,
        .cout = 3, .groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1,
        .dw = 1,
        .src = { .addr = VA_DATA + 0x1000, .space = OCTET_SPACE_VA,
                 .type = OCTET_TYPE_INT8, .stride = { 0, 0, 4 } },
        .wgt = { .addr = VA_DATA + 0x2000, .space = OCTET_SPACE_VA,
                 .type = OCTET_TYPE_INT8, .stride = { 0, 0, 3 } },
        .dst = { .addr = VA_DATA + 0x3000, .space = OCTET_SPACE_VA,
                 .type = OCTET_TYPE_INT32, .stride = { 0, 0, 12 } },
    };
    static const int8_t a[8] = { 1, -2, 3, 4, -128, 127, 0, 5 };
    static const int8_t b[12] = { 1, 2, 3, -4, 5, 6, 7, 8, -9, 10, 11, -128 };

    qtest_memwrite(t->qts, MEM_DATA, &c, sizeof(c));
    qtest_memwrite(t->qts, MEM_DATA + 0x1000, a, sizeof(a));
    qtest_memwrite(t->qts, MEM_DATA + 0x2000, b, sizeof(b));
    qtest_memset(t->qts, MEM_DATA + 0x3000, 0x55, 64);
}

static void check_gemm(OctetTest *t)
{
    static const int32_t want[6] = { 70, 60, -548, -586, 434, -262 };
    int32_t got[6];

    qtest_memread(t->qts, MEM_DATA + 0x3000, got, sizeof(got));
    g_assert_cmpmem(got, sizeof(got), want, sizeof(want));
}

/*
 * Keeps a core computing for a while: 2^35 products of the padding, 256 images
 * of a pixel by 128 outputs of 256 x 256 taps.
 */
static void put_long(OctetTest *t)
{
    struct octet_cmd c = {
        .op = OCTET_OP_CONV2D, .stage = OCTET_STAGE_FIX_UP,
        .act_min = -128, .act_max = 127, .pad_value = 1,
        .n = 256, .n2 = 1, .h = 1, .w = 1, .cin = 16, .oh = 1, .ow = 1,
        .cout = 128, .groups = 1, .r = 256, .s = 256, .sh = 1, .sw = 1,
        .dh = 1, .dw = 1,
        .src = { .addr = VA_DATA + 0x1000, .space = OCTET_SPACE_VA,
                 .type = OCTET_TYPE_INT8 },
        .wgt = { .addr = VA_DATA + 0x2000, .space = OCTET_SPACE_VA,
                 .type = OCTET_TYPE_INT8 },
        .dst = { .addr = VA_DATA + 0x3000, .space = OCTET_SPACE_VA,
                 .type = OCTET_TYPE_INT8, .stride = { 0, 128 },
                 .mult = 1 << 30, .shift = 50 },
    };

    qtest_memwrite(t->qts, MEM_DATA, &c, sizeof(c));
    qtest_memset(t->qts, MEM_DATA + 0x1000, 1, 0x2000);
    qtest_memset(t->qts, MEM_DATA + 0x3000, 0x55, 0x8000);
}

static bool computing(OctetTest *t)
{
    uint32_t before = reg_read(t, CORE0(OCTET_CORE_PROGRESS));
    gint64 end = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;

    /* The copies count a few; a compute counts on and on. */
    while (reg_read(t, CORE0(OCTET_CORE_PROGRESS)) - before < 2000) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        g_usleep(1000);
    }
    return (reg_read(t, CORE0(OCTET_CORE_STATUS)) &
            OCTET_CORE_STATUS_STATE) == OCTET_CORE_STATE_BUSY;
}

static struct octet_completion completion(OctetTest *t, unsigned int index)
{
    struct octet_completion c;

    qtest_memread(t->qts, MEM_CQ + 64 * index, &c, sizeof(c));
    return c;
}

static void set_property(OctetTest *t, const char *text)
{
    QDict *answer = qtest_qmp(t->qts, "{'execute': 'qom-set', 'arguments': "
                              "{'path': '/machine/peripheral/octet0',"
                              " 'property': %s, 'value': 1}}", text);

    g_assert(qdict_haskey(answer, "return"));
    qobject_unref(answer);
}

/* %i of this format is a boolean. */
static void set_switch(OctetTest *t, const char *text, bool on)
{
    QDict *answer = qtest_qmp(t->qts, "{'execute': 'qom-set', 'arguments': "
                              "{'path': '/machine/peripheral/octet0',"
                              " 'property': %s, 'value': %i}}", text, on);

    g_assert(qdict_haskey(answer, "return"));
    qobject_unref(answer);
}

/* The command of put_gemm() as the core's completion number @count. */
static void run_gemm(OctetTest *t, uint32_t count)
{
    submit(t, VA_DATA);
    g_assert(reg_wait(t, CORE0(OCTET_CORE_CQ_TAIL), ~0U, count));
    check_gemm(t);
}

/* A job that only a reset ends. */
static void hang(OctetTest *t)
{
    set_property(t, "inject-hang");
    submit(t, VA_DATA);
    g_assert(state_wait(t, OCTET_CORE_STATE_BUSY));
}

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

static void check_reset_state(OctetTest *t)
{
    g_assert_cmphex(reg_read(t, OCTET_REG_ASID_COUNT), ==, 0);
    g_assert_cmphex(reg_read(t, CORE0(OCTET_CORE_RING_ORDER)), ==, 0);
    g_assert(state_wait(t, OCTET_CORE_STATE_OFF));
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
    stop(&t);
}

static void nothing_written(OctetTest *t)
{
    g_usleep(100000);
    g_assert_cmphex(completion(t, 0).flags, ==, 0);
    g_assert_cmphex(qtest_readb(t->qts, MEM_DATA + 0x3000), ==, 0x55);
}

static void works_again(OctetTest *t)
{
    make_tables(t);
    start_core(t);
    put_gemm(t);
    submit(t, VA_DATA);
    g_assert(reg_wait(t, CORE0(OCTET_CORE_CQ_TAIL), ~0U, 1));
    check_gemm(t);
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
    g_assert_cmphex(reg_read(&t, OCTET_REG_ID), !=, OCTET_ID_MAGIC);
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
    t->bar.addr = 0xe0000000;
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

/* State that the machine cannot save is refused, not lost. */
static void test_no_migration(void)
{
    OctetTest t;
    QDict *answer;

    setup(&t, "");
    answer = qtest_qmp(t.qts, "{'execute': 'migrate', 'arguments': "
                       "{'uri': 'exec:cat >/dev/null'}}");
    g_assert(qdict_haskey(answer, "error"));
    qobject_unref(answer);
    stop(&t);
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
    qtest_add_func("/octet/unplug-during-compute", test_unplug_during_compute);
    qtest_add_func("/octet/no-migration", test_no_migration);
    return g_test_run();
}
