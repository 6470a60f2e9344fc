/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: random accesses of the PCI function.
 *
 * Configuration space, BARs, MSI-X, rings, tables and commands in memory, resets,
 * power states, stops, snapshots, injected faults, in any order. Nothing may end or
 * hang QEMU, and after each round the device must do a job correctly.
 *
 * QTEST_SECONDS (10) is how long, QTEST_SEED the first round's seed.
 */
#include "octet-qtest.h"

#define ROUND 2000

typedef struct Fuzz {
    OctetTest t;
    uint32_t seed;
    uint64_t msix;
    uint8_t pm, pcie;
    uint64_t actions, rounds, snapshots;
} Fuzz;

static uint32_t roll(Fuzz *f, uint32_t below)
{
    f->seed = f->seed * 1664525 + 1013904223;
    return (uint64_t)f->seed * below >> 32;
}

/* Mostly small, often a power of two or close to it. */
static uint64_t value(Fuzz *f)
{
    switch (roll(f, 5)) {
    case 0:
        return roll(f, 4);
    case 1:
        return (1ULL << roll(f, 64)) - roll(f, 2);
    case 2:
        return MEM_ASIDS + roll(f, 0x200) * 0x1000;
    case 3:
        return roll(f, 256);
    default:
        return (uint64_t)roll(f, ~0U) << 32 | roll(f, ~0U);
    }
}

static void access_at(Fuzz *f, uint64_t addr)
{
    QTestState *qts = f->t.qts;
    uint64_t v = value(f);

    switch (roll(f, 10)) {
    case 0:
        qtest_writeb(qts, addr, v);
        break;
    case 1:
        qtest_writew(qts, addr, v);
        break;
    case 2:
        qtest_writeq(qts, addr, v);
        break;
    case 3:
        qtest_readb(qts, addr);
        break;
    case 4:
        qtest_readq(qts, addr);
        break;
    case 5:
    case 6:
        qtest_readl(qts, addr);
        break;
    default:
        qtest_writel(qts, addr, v);
    }
}

static void access_registers(Fuzz *f)
{
    uint32_t page = roll(f, 3) * OCTET_CORE_STRIDE;

    if (roll(f, 10) == 0) {
        access_at(f, f->t.bar.addr + roll(f, OCTET_BAR_SIZE));
    } else {
        access_at(f, f->t.bar.addr + page + 4 * roll(f, 64));
    }
}

static void access_memory(Fuzz *f)
{
    static const uint64_t places[] = {
        MEM_ASIDS, MEM_TABLES, MEM_TABLES + 0x1000, MEM_TABLES + 0x2000,
        MEM_RING, MEM_CQ, MEM_DATA, MEM_DATA + 0x1000,
    };

    access_at(f, places[roll(f, ARRAY_SIZE(places))] + roll(f, 512));
}

static void access_config(Fuzz *f)
{
    uint8_t offset = roll(f, 256);

    switch (roll(f, 4)) {
    case 0:
        qpci_config_writeb(f->t.dev, offset, value(f));
        break;
    case 1:
        qpci_config_writew(f->t.dev, offset & ~1, value(f));
        break;
    case 2:
        qpci_config_writel(f->t.dev, offset & ~3, value(f));
        break;
    default:
        qpci_config_readl(f->t.dev, offset & ~3);
    }
}

/* The function answers and masters the bus, in D0. */
static void wake(Fuzz *f)
{
    QPCIDevice *dev = f->t.dev;
    uint64_t bar2 = f->msix;

    qpci_config_writew(dev, f->pm + PCI_PM_CTRL, 0);
    qpci_config_writel(dev, PCI_BASE_ADDRESS_0, f->t.bar.addr);
    qpci_config_writel(dev, PCI_BASE_ADDRESS_2, bar2);
    qpci_config_writew(dev, PCI_COMMAND,
                       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void flr(Fuzz *f)
{
    qpci_config_writew(f->t.dev, f->pcie + PCI_EXP_DEVCTL,
                       PCI_EXP_DEVCTL_BCR_FLR);
}

static void reset_somehow(Fuzz *f)
{
    switch (roll(f, 5)) {
    case 0:
        flr(f);
        break;
    case 1:
        qpci_config_writew(f->t.dev, f->pm + PCI_PM_CTRL, 3);
        access_registers(f);
        break;
    case 2:
        reg_write(&f->t, OCTET_REG_CTRL, OCTET_CTRL_RESET);
        break;
    case 3:
        reg_write(&f->t, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_STOP);
        break;
    default:
        reg_write(&f->t, OCTET_CORE(roll(f, 2)) + OCTET_CORE_CTRL,
                  OCTET_CORE_CTRL_RESET);
    }
    if (roll(f, 2)) {
        wake(f);
    }
}

static void make_job(Fuzz *f)
{
    wake(f);
    make_tables(&f->t);
    if (roll(f, 2)) {
        reg_write(&f->t, CORE0(OCTET_CORE_CTRL), OCTET_CORE_CTRL_RESET);
        start_core(&f->t);
    }
    if (roll(f, 8)) {
        put_gemm(&f->t);
    } else {
        put_long(&f->t);
    }
    submit(&f->t, VA_DATA + (roll(f, 20) ? 0 : 64 * roll(f, 4)));
}

static void set_number(Fuzz *f, const char *name, int64_t n)
{
    qobject_unref(qtest_qmp(f->t.qts, "{'execute': 'qom-set', 'arguments': "
                            "{'path': '/machine/peripheral/octet0',"
                            " 'property': %s, 'value': %" PRId64 "}}",
                            name, n));
}

static const char *const counts[] = {
    "inject-hang", "inject-livelock", "inject-stuck-core",
    "inject-stuck-device", "inject-command", "inject-drop-irq",
    "inject-dma-error", "inject-bad-completion",
};

static const char *const switches[] = {
    "gone", "break-sram-zeroing", "break-tlb-invalidation", "break-tlb-tags",
    "break-rounding",
};

static void inject(Fuzz *f)
{
    if (roll(f, 3)) {
        set_number(f, counts[roll(f, ARRAY_SIZE(counts))], roll(f, 9));
    } else {
        set_switch(&f->t, switches[roll(f, ARRAY_SIZE(switches))],
                   roll(f, 2));
    }
}

/* In the middle of whatever is under way; the machine goes on afterwards. */
static void snapshot(Fuzz *f)
{
    save_state(&f->t, "/dev/null");
    qtest_qmp_assert_success(f->t.qts, "{'execute': 'cont'}");
    f->snapshots++;
}

static void act(Fuzz *f)
{
    uint32_t what = roll(f, 1000);

    f->actions++;
    if (what < 500) {
        access_registers(f);
    } else if (what < 700) {
        access_memory(f);
    } else if (what < 780) {
        access_at(f, f->msix + roll(f, 0x1000));
    } else if (what < 840) {
        access_config(f);
    } else if (what < 880) {
        reset_somehow(f);
    } else if (what < 920) {
        wake(f);
    } else if (what < 950) {
        make_job(f);
    } else if (what < 965) {
        qtest_clock_step(f->t.qts, 1LL << roll(f, 32));
    } else if (what < 980) {
        inject(f);
    } else if (what < 999) {
        qtest_qmp_assert_success(f->t.qts, roll(f, 2) ? "{'execute': 'stop'}" :
                                                        "{'execute': 'cont'}");
    } else {
        snapshot(f);
    }
}

/* Whatever has happened, FLR and right settings give a device that works. */
static void check_alive(Fuzz *f)
{
    size_t i;

    qtest_qmp_assert_success(f->t.qts, "{'execute': 'cont'}");
    for (i = 0; i < ARRAY_SIZE(counts); i++) {
        set_number(f, counts[i], 0);
    }
    for (i = 0; i < ARRAY_SIZE(switches); i++) {
        set_switch(&f->t, switches[i], false);
    }
    wake(f);
    flr(f);
    wake(f);
    g_assert(reg_wait(&f->t, OCTET_REG_STATUS, OCTET_STATUS_READY,
                      OCTET_STATUS_READY));
    check_reset_state(&f->t);
    works_again(&f->t);
}

static void test_fuzz(void)
{
    const char *seconds = g_getenv("QTEST_SECONDS"), *seed = g_getenv("QTEST_SEED");
    gint64 end = g_get_monotonic_time() +
                 (seconds ? atoi(seconds) : 10) * G_TIME_SPAN_SECOND;
    uint32_t first = seed ? strtoul(seed, NULL, 0) : 1;
    Fuzz f = { };

    setup(&f.t, "");
    f.pm = qpci_find_capability(f.t.dev, PCI_CAP_ID_PM, 0);
    f.pcie = qpci_find_capability(f.t.dev, PCI_CAP_ID_EXP, 0);
    f.msix = qpci_iomap(f.t.dev, OCTET_BAR_MSIX, NULL).addr;
    g_assert(f.pm && f.pcie && f.msix);
    do {
        unsigned int i;

        f.seed = first + f.rounds++;
        g_test_message("fuzz: seed %u", f.seed);
        for (i = 0; i < ROUND; i++) {
            act(&f);
        }
        check_alive(&f);
    } while (g_get_monotonic_time() < end);
    g_test_message("fuzz: %" PRIu64 " random actions, %" PRIu64 " rounds, "
                   "%" PRIu64 " snapshots", f.actions, f.rounds, f.snapshots);
    stop(&f.t);
}

void octet_add_fuzz_tests(void)
{
    qtest_add_func("/octet/fuzz", test_fuzz);
}
