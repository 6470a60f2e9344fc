// SPDX-License-Identifier: MIT
/* Registers: reset values, access rules, masks; header = table; configuration. */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

static void test_reset_values(void **state)
{
	struct fake *f = fake_new("cores=3,array=a512,sram=2M,clock=500M");

	(void)state;
	assert_int_equal(fake_read(f, OCTET_REG_ID), OCTET_ID_MAGIC);
	assert_int_equal(fake_read(f, OCTET_REG_VERSION), 0x00010002);
	assert_int_equal(fake_read(f, OCTET_REG_CORES), 3);
	assert_int_equal(fake_read(f, OCTET_REG_ARRAY), 0x080808);
	assert_int_equal(fake_read(f, OCTET_REG_SRAM_SIZE), 2 << 20);
	assert_int_equal(fake_read(f, OCTET_REG_CLOCK_KHZ), 500000);
	assert_int_equal(fake_read(f, OCTET_REG_DRAM_BPC), 12);
	assert_int_equal(fake_read(f, OCTET_REG_ADDR_BITS), 39 | 56 << 8);
	assert_int_equal(fake_read(f, OCTET_REG_OPS), 0xffe);
	assert_int_equal(fake_read(f, OCTET_REG_STAGES), 0x3f);
	assert_int_equal(fake_read(f, OCTET_REG_TYPES), 0x3e);
	assert_int_equal(fake_read(f, OCTET_REG_FEATURES), OCTET_FEATURE_CHAIN | OCTET_FEATURE_PACKED);
	assert_int_equal(fake_read(f, OCTET_REG_LIMITS), 12 | 12 << 8 | 28 << 16 | 20 << 24);
	assert_int_equal(fake_read(f, OCTET_REG_MAX_CMDS), 4096);
	assert_int_equal(fake_read(f, OCTET_REG_TLB_ENTRIES), 512);
	assert_int_equal(fake_read(f, OCTET_REG_VECTORS), 4);
	assert_int_equal(fake_read(f, OCTET_REG_STATUS), OCTET_STATUS_READY);
	assert_int_equal(fake_read(f, OCTET_REG_RESETS), 0);
	for (unsigned int c = 0; c < 3; c++) {
		for (size_t i = 0; i < octet_core_regs_count; i++) {
			uint32_t want = octet_core_regs[i].offset == OCTET_CORE_VECTOR ? 1 + c : 0;

			assert_int_equal(fake_cread(f, c, octet_core_regs[i].offset), want);
		}
		for (unsigned int i = 0; i < OCTET_COUNTERS; i++)
			assert_int_equal(fake_counter(f, c, i), 0);
	}
	assert_int_equal(f->errors, 0);
	fake_free(f);
}

/* Read-only: a write is a guest error that changes nothing. */
static void test_read_only(void **state)
{
	struct fake *f = fake_new("");

	(void)state;
	for (size_t i = 0; i < octet_global_regs_count; i++) {
		const struct octet_reg *r = &octet_global_regs[i];
		uint32_t before = fake_read(f, r->offset);
		unsigned int errors = f->errors;

		if (r->access != OCTET_ACC_RO)
			continue;
		fake_write(f, r->offset, ~before);
		assert_int_equal(fake_read(f, r->offset), before);
		assert_int_equal(f->errors, errors + 1);
		assert_non_null(strstr(f->error, r->name));
	}
	for (size_t i = 0; i < octet_core_regs_count; i++) {
		const struct octet_reg *r = &octet_core_regs[i];

		if (r->access != OCTET_ACC_RO)
			continue;
		fake_cwrite(f, 1, r->offset, 0xffffffff);
		assert_int_equal(fake_cread(f, 1, r->offset), 0);
		assert_non_null(strstr(f->error, r->name));
	}
	fake_cwrite(f, 0, OCTET_CORE_COUNTER(3), 5);
	assert_int_equal(fake_counter(f, 0, 3), 0);
	fake_free(f);
}

static void check_mask(struct fake *f, uint32_t offset, uint32_t mask)
{
	fake_write(f, offset, 0xffffffff);
	assert_int_equal(fake_read(f, offset), mask);
	fake_write(f, offset, 0);
	assert_int_equal(fake_read(f, offset), 0);
}

static void test_masks(void **state)
{
	struct fake *f = fake_new("");

	(void)state;
	check_mask(f, OCTET_REG_ASID_TABLE_LO, 0xfffff000);
	check_mask(f, OCTET_REG_ASID_TABLE_HI, 0x00ffffff);
	check_mask(f, OCTET_REG_TLB_ASID, 0xffff);
	check_mask(f, OCTET_REG_TLB_VA_LO, 0xfffff000);
	check_mask(f, OCTET_REG_TLB_VA_HI, 0xffffffff);
	check_mask(f, OCTET_REG_TLB_PAGES, 0xffffffff);
	check_mask(f, OCTET_CORE(0) + OCTET_CORE_RING_LO, 0xffffffff);
	check_mask(f, OCTET_CORE(0) + OCTET_CORE_RING_ORDER, 0xffffffff);
	check_mask(f, OCTET_CORE(0) + OCTET_CORE_CQ_HI, 0xffffffff);
	check_mask(f, OCTET_CORE(0) + OCTET_CORE_IRQ_ENABLE, 7);
	check_mask(f, OCTET_CORE(0) + OCTET_CORE_IRQ_DELAY_US, 0xffffffff);
	/* Values out of range leave the register as it was. */
	fake_write(f, OCTET_REG_ASID_COUNT, 4096);
	fake_write(f, OCTET_REG_ASID_COUNT, 4097);
	assert_int_equal(fake_read(f, OCTET_REG_ASID_COUNT), 4096);
	fake_cwrite(f, 0, OCTET_CORE_VECTOR, 0);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_VECTOR), 0);
	fake_cwrite(f, 0, OCTET_CORE_VECTOR, 3);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_VECTOR), 0);
	assert_string_equal(f->error, "core 0: VECTOR = 0x00000003: must be below 3");
	fake_write(f, OCTET_REG_TLB_CMD, 4);
	assert_string_equal(f->error, "TLB_CMD = 0x00000004: must be 1, 2 or 3");
	assert_int_equal(fake_read(f, OCTET_REG_TLB_CMD), 0);
	fake_free(f);
}

static void test_only_while_off(void **state)
{
	struct fake *f = fake_ready("");
	uint32_t ring = fake_cread(f, 0, OCTET_CORE_RING_LO);

	(void)state;
	fake_cwrite(f, 0, OCTET_CORE_RING_LO, 0);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_RING_LO), ring);
	assert_non_null(strstr(f->error, "CORE_RING_LO"));
	assert_non_null(strstr(f->error, "OFF"));
	fake_cwrite(f, 0, OCTET_CORE_CTRL, 0);
	fake_cwrite(f, 0, OCTET_CORE_RING_LO, 64);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_RING_LO), 64);
	fake_free(f);
}

static void test_undefined_offsets(void **state)
{
	static const uint64_t offsets[] = {
		0x40, 0x7c, 0x90, 0xfc, 0x100, 0xffc, 0x1000 + 0x1c, 0x1000 + 0x54,
		0x1000 + 0x100 + 8 * OCTET_COUNTERS, 0x3000, 0xfffc, 0x10000, 1, 2, 3,
		UINT64_MAX, UINT64_MAX - 3,
	};
	struct fake *f = fake_new("");

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		unsigned int errors = f->errors;

		octet_machine_write(f->m, offsets[i], 0xffffffff);
		assert_int_equal(octet_machine_read(f->m, offsets[i]), 0);
		assert_int_equal(f->errors, errors + 2);
	}
	fake_free(f);
}

static void test_w1c(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_completion c;

	(void)state;
	fake_push(f, 0, 1);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_DONE);
	assert_int_equal(fake_read(f, OCTET_REG_IRQ_STATUS), 1);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, OCTET_CORE_IRQ_ERROR);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_DONE);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, OCTET_CORE_IRQ_DONE);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_IRQ_STATUS), 0);
	assert_int_equal(fake_read(f, OCTET_REG_IRQ_STATUS), 0);
	fake_free(f);
}

/* Finds @name in a table: "REG_ID", "CORE_CTRL". */
static const struct octet_reg *find(const char *name)
{
	for (size_t i = 0; i < octet_global_regs_count; i++)
		if (!strcmp(octet_global_regs[i].name, name))
			return &octet_global_regs[i];
	for (size_t i = 0; i < octet_core_regs_count; i++)
		if (!strcmp(octet_core_regs[i].name, name))
			return &octet_core_regs[i];
	return NULL;
}

static const char *access_name(const struct octet_reg *r)
{
	static const char *const names[] = { "RO", "WO", "RW", "RW", "RW1C" };

	return names[r->access];
}

/* "#define OCTET_<name> 0x<offset> [RO|RW..]": registers have 4 digits. */
static bool is_register(const char *line, char *name, unsigned int *offset, char *access)
{
	int end = 0;

	access[0] = '\0';
	if (sscanf(line, "#define OCTET_%63[A-Z0-9_] 0x%x%n", name, offset, &end) != 2 || !end)
		return false;
	if (strncmp(name, "REG_", 4) && strncmp(name, "CORE_", 5))
		return false;
	if (!strcmp(name, "CORE_STRIDE"))
		return false;
	sscanf(line + end, " /* %7[A-Z0-9]", access);
	return true;
}

/* driver/octet_regs.h and the tables name the same registers. */
static void test_header(void **state)
{
	FILE *in = fopen("driver/octet_regs.h", "r");
	char line[200], name[64], access[8];
	unsigned int offset, found = 0;

	(void)state;
	if (!in)
		unit_skip("driver/octet_regs.h: run this from the project's folder");
	while (fgets(line, sizeof(line), in)) {
		const struct octet_reg *r;

		if (!is_register(line, name, &offset, access))
			continue;
		found++;
		r = find(name);
		if (!r)
			fail_msg("%s is in the header and not in the table", name);
		assert_int_equal(r->offset, offset);
		if ((!strcmp(access, "RO") || !strcmp(access, "WO") || !strcmp(access, "RW") ||
		     !strcmp(access, "RW1C")) && strcmp(access, access_name(r)))
			fail_msg("%s: header %s, table %s", name, access, access_name(r));
	}
	fclose(in);
	assert_int_equal(found, octet_global_regs_count + octet_core_regs_count);
}

static void refused(const char *key, const char *value, const char *part)
{
	struct octet_config cfg, before;
	char err[500] = "";

	octet_config_default(&cfg);
	before = cfg;
	assert_true(octet_config_set(&cfg, key, value, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, key));
	assert_non_null(strstr(err, part));
	assert_memory_equal(&cfg, &before, sizeof(cfg));
	assert_true(octet_config_set(&cfg, key, value, NULL, 0) < 0);
}

static void test_config(void **state)
{
	struct octet_config cfg;
	char err[500];

	(void)state;
	octet_config_default(&cfg);
	assert_int_equal(octet_config_parse(&cfg, "cores=8,array=a2048,sram=64K,clock=1.5G", err,
					    sizeof(err)), -22);
	assert_int_equal(cfg.cores, 2);
	assert_int_equal(octet_config_parse(&cfg, "cores=8,array=a2048,sram=64K,clock=2G,"
			 "timing=paced,inject-hang=3,inject-core=1,gone=on,break-rounding=on",
			 err, sizeof(err)), 0);
	assert_int_equal(cfg.cores, 8);
	assert_int_equal(cfg.p * cfg.k * cfg.c, 2048);
	assert_int_equal(cfg.sram, 65536);
	assert_int_equal(cfg.clock_hz, 2000000000);
	assert_int_equal(cfg.timing, OCTET_TIMING_PACED);
	assert_int_equal(cfg.inject.hang, 3);
	assert_int_equal(cfg.inject.core, 1);
	assert_true(cfg.inject.gone && cfg.inject.break_rounding);
	refused("cores", "0", "1 to 8");
	refused("cores", "9", "1 to 8");
	refused("cores", "", "1 to 8");
	refused("array", "a100", "a256");
	refused("array", "a1024x", "a256");
	refused("sram", "4095", "4096");
	refused("sram", "65M", "64M");
	refused("sram", "99999999999999999999", "64M");
	refused("sram", "18014398509481984K", "64M");
	refused("clock", "999", "1K");
	refused("clock", "-1", "1K");
	refused("dram-bytes-per-cycle", "4097", "4096");
	refused("host-memory", "16X", "2G a core");
	refused("timing", "slow", "paced");
	refused("inject-core", "8", "-1");
	refused("inject-hang", "x", "number");
	refused("gone", "1", "on or off");
	refused("colour", "red", "unknown");
	assert_int_equal(octet_config_parse(&cfg, "cores", err, sizeof(err)), -22);
	assert_int_equal(octet_config_parse(&cfg, "cores=2,", err, sizeof(err)), -22);
	assert_int_equal(octet_config_parse(&cfg, "cores=222222222222222222222222222222222222"
			 "222222222222222222222222222222222", err, sizeof(err)), -22);
}

/* A configuration that was not made by octet_config_set() is checked too. */
static void test_config_by_hand(void **state)
{
	struct octet_host host = { 0 };
	struct octet_config cfg;
	char err[200] = "";

	(void)state;
	octet_config_default(&cfg);
	cfg.cores = 99;
	assert_null(octet_machine_new(&cfg, &host, err, sizeof(err)));
	assert_non_null(strstr(err, "cores is 99"));
	octet_config_default(&cfg);
	memset(cfg.array, 'a', sizeof(cfg.array));
	assert_null(octet_machine_new(&cfg, &host, err, sizeof(err)));
	octet_config_default(&cfg);
	cfg.sram = 100;
	assert_null(octet_machine_new(&cfg, &host, err, sizeof(err)));
	octet_config_default(&cfg);
	cfg.host_memory = (UINT64_C(32) << 20) - 1;
	assert_null(octet_machine_new(&cfg, &host, err, sizeof(err)));
	assert_non_null(strstr(err, "at least 16M for each of 2 cores"));
	octet_config_default(&cfg);
	cfg.clock_hz = 0;
	assert_null(octet_machine_new(&cfg, &host, NULL, 0));
	octet_machine_free(NULL);
}

UNIT_MAIN(
	unit_case(test_reset_values),
	unit_case(test_read_only),
	unit_case(test_masks),
	unit_case(test_only_while_off),
	unit_case(test_undefined_offsets),
	unit_case(test_w1c),
	unit_case(test_header),
	unit_case(test_config),
	unit_case(test_config_by_hand),
)
