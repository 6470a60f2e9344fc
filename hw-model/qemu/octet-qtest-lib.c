/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Octet int8 accelerator: what its qtests share. */
#include "octet-qtest.h"

uint32_t reg_read(OctetTest *t, uint32_t reg)
{
    return qtest_readl(t->qts, t->bar.addr + reg);
}

void reg_write(OctetTest *t, uint32_t reg, uint32_t value)
{
    qtest_writel(t->qts, t->bar.addr + reg, value);
}

/* Waits for (reg & mask) == value; the device works in threads of its own. */
bool reg_wait(OctetTest *t, uint32_t reg, uint32_t mask, uint32_t value)
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

bool state_wait(OctetTest *t, uint32_t state)
{
    return reg_wait(t, CORE0(OCTET_CORE_STATUS), OCTET_CORE_STATUS_STATE,
                    state);
}

void start(OctetTest *t, const char *props)
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

void stop(OctetTest *t)
{
    g_free(t->dev);
    qpci_free_pc(t->bus);
    qtest_quit(t->qts);
}

void put64(OctetTest *t, uint64_t addr, uint64_t value)
{
    qtest_writeq(t->qts, addr, value);
}

void map_page(OctetTest *t, uint64_t index, uint64_t addr, uint64_t flags)
{
    put64(t, MEM_TABLES + 2 * OCTET_PAGE_SIZE + 8 * index,
          addr ? addr >> 2 | flags : 0);
}

/* One address space: 16 pages at VA_DATA. */
void make_tables(OctetTest *t)
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

void start_core(OctetTest *t)
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

void setup(OctetTest *t, const char *props)
{
    start(t, props);
    make_tables(t);
    start_core(t);
}

void submit(OctetTest *t, uint64_t cmd_va)
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
void put_gemm(OctetTest *t)
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

void check_gemm(OctetTest *t)
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
void put_long(OctetTest *t)
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

bool computing(OctetTest *t)
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

struct octet_completion completion(OctetTest *t, unsigned int index)
{
    struct octet_completion c;

    qtest_memread(t->qts, MEM_CQ + 64 * index, &c, sizeof(c));
    return c;
}

void set_property(OctetTest *t, const char *text)
{
    QDict *answer = qtest_qmp(t->qts, "{'execute': 'qom-set', 'arguments': "
                              "{'path': '/machine/peripheral/octet0',"
                              " 'property': %s, 'value': 1}}", text);

    g_assert(qdict_haskey(answer, "return"));
    qobject_unref(answer);
}

/* %i of this format is a boolean. */
void set_switch(OctetTest *t, const char *text, bool on)
{
    QDict *answer = qtest_qmp(t->qts, "{'execute': 'qom-set', 'arguments': "
                              "{'path': '/machine/peripheral/octet0',"
                              " 'property': %s, 'value': %i}}", text, on);

    g_assert(qdict_haskey(answer, "return"));
    qobject_unref(answer);
}

/* The command of put_gemm() as the core's completion number @count. */
void run_gemm(OctetTest *t, uint32_t count)
{
    submit(t, VA_DATA);
    g_assert(reg_wait(t, CORE0(OCTET_CORE_CQ_TAIL), ~0U, count));
    check_gemm(t);
}

/* A job that only a reset ends. */
void hang(OctetTest *t)
{
    set_property(t, "inject-hang");
    submit(t, VA_DATA);
    g_assert(state_wait(t, OCTET_CORE_STATE_BUSY));
}

void check_reset_state(OctetTest *t)
{
    g_assert_cmphex(reg_read(t, OCTET_REG_ASID_COUNT), ==, 0);
    g_assert_cmphex(reg_read(t, CORE0(OCTET_CORE_RING_ORDER)), ==, 0);
    g_assert(state_wait(t, OCTET_CORE_STATE_OFF));
}

void nothing_written(OctetTest *t)
{
    g_usleep(100000);
    g_assert_cmphex(completion(t, 0).flags, ==, 0);
    g_assert_cmphex(qtest_readb(t->qts, MEM_DATA + 0x3000), ==, 0x55);
}

void works_again(OctetTest *t)
{
    make_tables(t);
    start_core(t);
    put_gemm(t);
    submit(t, VA_DATA);
    g_assert(reg_wait(t, CORE0(OCTET_CORE_CQ_TAIL), ~0U, 1));
    check_gemm(t);
}

void wait_migration(OctetTest *t, const char *status)
{
    gint64 end = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;
    bool done = false;

    while (!done) {
        QDict *answer = qtest_qmp(t->qts, "{'execute': 'query-migrate'}");
        QDict *info = qdict_get_qdict(answer, "return");
        const char *now = info ? qdict_get_try_str(info, "status") : NULL;

        done = now && !strcmp(now, status);
        g_assert(done || g_get_monotonic_time() < end);
        g_assert(done || !now || strcmp(now, "failed"));
        qobject_unref(answer);
        g_usleep(done ? 0 : 10000);
    }
}

/* Stops the machine; its state goes to a file. */
void save_state(OctetTest *t, const char *path)
{
    g_autofree char *uri = g_strdup_printf("exec:cat >%s", path);

    qtest_qmp_assert_success(t->qts, "{'execute': 'migrate', 'arguments': "
                             "{'uri': %s}}", uri);
    wait_migration(t, "completed");
}
