/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: tests of the PCI function without a guest.
 *
 * octet-qtest.c       one test for each rule
 * octet-qtest-unplug.c  a device that goes away
 * octet-qtest-inside.c  messages that come back to their sender
 * octet-qtest-fuzz.c  random accesses
 * octet-qtest-lib.c   a device with rings, tables and jobs, laid out by hand
 */
#ifndef OCTET_QTEST_H
#define OCTET_QTEST_H

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

uint32_t reg_read(OctetTest *t, uint32_t reg);
void reg_write(OctetTest *t, uint32_t reg, uint32_t value);
bool reg_wait(OctetTest *t, uint32_t reg, uint32_t mask, uint32_t value);
bool state_wait(OctetTest *t, uint32_t state);
void start(OctetTest *t, const char *props);
void stop(OctetTest *t);
void put64(OctetTest *t, uint64_t addr, uint64_t value);
void map_page(OctetTest *t, uint64_t index, uint64_t addr, uint64_t flags);
void make_tables(OctetTest *t);
void start_core(OctetTest *t);
void setup(OctetTest *t, const char *props);
void submit(OctetTest *t, uint64_t cmd_va);
void put_gemm(OctetTest *t);
void check_gemm(OctetTest *t);
void put_long(OctetTest *t);
bool computing(OctetTest *t);
struct octet_completion completion(OctetTest *t, unsigned int index);
void set_property(OctetTest *t, const char *text);
void set_switch(OctetTest *t, const char *text, bool on);
void run_gemm(OctetTest *t, uint32_t count);
void hang(OctetTest *t);
void check_reset_state(OctetTest *t);
void nothing_written(OctetTest *t);
void works_again(OctetTest *t);

void wait_migration(OctetTest *t, const char *status);
void save_state(OctetTest *t, const char *path);

void octet_add_unplug_tests(void);
void octet_add_inside_tests(void);
void octet_add_fuzz_tests(void);

#endif
