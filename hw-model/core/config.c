// SPDX-License-Identifier: MIT
/* Properties of a machine: names, values, rules. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define KEY_MAX		32
#define SRAM_MIN	(UINT64_C(64) << 10)
#define SRAM_MAX	(UINT64_C(64) << 20)
#define CLOCK_MIN	UINT64_C(1000)
#define CLOCK_MAX	UINT64_C(10000000000)
#define BPC_MAX		4096u
#define SHARE_MIN	(UINT64_C(16) << 20)
#define SHARE_DEFAULT	(UINT64_C(2) << 30)

struct array {
	const char *name;
	unsigned int p, k, c, dram_bpc;
};

static const struct array arrays[] = {
	{ "a256", 4, 8, 8, 8 },
	{ "a512", 8, 8, 8, 12 },
	{ "a1024", 8, 16, 8, 32 },
	{ "a2048", 16, 16, 8, 64 },
};

__attribute__((format(printf, 3, 4)))
static int refuse(char *err, size_t size, const char *fmt, ...)
{
	va_list args;

	if (err && size) {
		va_start(args, fmt);
		vsnprintf(err, size, fmt, args);
		va_end(args);
	}
	return -EINVAL;
}

static const struct array *find_array(const char *name)
{
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (!strncmp(arrays[i].name, name, sizeof(((struct octet_config *)0)->array)))
			return &arrays[i];
	return NULL;
}

void octet_config_default(struct octet_config *config)
{
	*config = (struct octet_config) {
		.cores = 2,
		.array = "a1024",
		.p = 8, .k = 16, .c = 8,
		.sram = UINT64_C(1) << 20,
		.clock_hz = 1000000000,
		.timing = OCTET_TIMING_FAST,
		.inject = { .core = -1 },
	};
}

static uint64_t suffix_factor(char letter, uint64_t kilo)
{
	switch (letter) {
	case 'k':
	case 'K':
		return kilo;
	case 'm':
	case 'M':
		return kilo * kilo;
	case 'g':
	case 'G':
		return kilo * kilo * kilo;
	default:
		return 0;
	}
}

/* A number, with K, M or G if @kilo is not 0. */
static int parse_number(const char *text, uint64_t kilo, uint64_t *out)
{
	unsigned long long v;
	uint64_t factor = 1;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno)
		return -EINVAL;
	if (*end && kilo) {
		factor = suffix_factor(*end, kilo);
		end++;
	}
	if (*end || !factor || __builtin_mul_overflow((uint64_t)v, factor, out))
		return -EINVAL;
	return 0;
}

static int parse_bool(const char *text, bool *out)
{
	if (!strcmp(text, "on"))
		*out = true;
	else if (!strcmp(text, "off"))
		*out = false;
	else
		return -EINVAL;
	return 0;
}

/* One setter per kind of value; each returns NULL or the rule that it broke. */
typedef const char *set_fn(struct octet_config *config, void *field, const char *value);

static const char *set_cores(struct octet_config *config, void *field, const char *value)
{
	uint64_t v;

	(void)field;
	if (parse_number(value, 0, &v) || v < 1 || v > OCTET_CORE_MAX)
		return "a number from 1 to 8";
	config->cores = (unsigned int)v;
	return NULL;
}

static const char *set_array(struct octet_config *config, void *field, const char *value)
{
	const struct array *a = find_array(value);

	(void)field;
	if (!a)
		return "a256, a512, a1024 or a2048";
	memset(config->array, 0, sizeof(config->array));
	memcpy(config->array, a->name, strlen(a->name));
	config->p = a->p;
	config->k = a->k;
	config->c = a->c;
	return NULL;
}

static const char *set_sram(struct octet_config *config, void *field, const char *value)
{
	uint64_t v;

	(void)field;
	if (parse_number(value, 1024, &v) || v < SRAM_MIN || v > SRAM_MAX || v % 4096)
		return "a multiple of 4096 from 64K to 64M";
	config->sram = v;
	return NULL;
}

static const char *set_clock(struct octet_config *config, void *field, const char *value)
{
	uint64_t v;

	(void)field;
	if (parse_number(value, 1000, &v) || v < CLOCK_MIN || v > CLOCK_MAX)
		return "a frequency in Hz from 1K to 10G";
	config->clock_hz = v;
	return NULL;
}

static const char *set_dram(struct octet_config *config, void *field, const char *value)
{
	uint64_t v;

	(void)field;
	if (parse_number(value, 0, &v) || v > BPC_MAX)
		return "a number from 1 to 4096, or 0 for the array's default";
	config->dram_bpc = (unsigned int)v;
	return NULL;
}

static const char *set_host_memory(struct octet_config *config, void *field, const char *value)
{
	(void)field;
	return parse_number(value, 1024, &config->host_memory) ?
	       "a number of bytes, or 0 for 2G a core" : NULL;
}

static const char *set_timing(struct octet_config *config, void *field, const char *value)
{
	(void)field;
	if (!strcmp(value, "fast"))
		config->timing = OCTET_TIMING_FAST;
	else if (!strcmp(value, "paced"))
		config->timing = OCTET_TIMING_PACED;
	else
		return "fast or paced";
	return NULL;
}

static const char *set_count(struct octet_config *config, void *field, const char *value)
{
	(void)config;
	return parse_number(value, 0, field) ? "a number: fire at the Nth event, 0 for never" :
					       NULL;
}

static const char *set_bool(struct octet_config *config, void *field, const char *value)
{
	(void)config;
	return parse_bool(value, field) ? "on or off" : NULL;
}

static const char *set_core(struct octet_config *config, void *field, const char *value)
{
	uint64_t v;

	(void)field;
	if (!strcmp(value, "-1")) {
		config->inject.core = -1;
		return NULL;
	}
	if (parse_number(value, 0, &v) || v >= OCTET_CORE_MAX)
		return "a core from 0 to 7, or -1 for any";
	config->inject.core = (int)v;
	return NULL;
}

struct property {
	const char *name;
	set_fn *set;
	size_t offset;
};

#define INJECT(field)	offsetof(struct octet_config, inject.field)

static const struct property properties[] = {
	{ "cores", set_cores, 0 },
	{ "array", set_array, 0 },
	{ "sram", set_sram, 0 },
	{ "clock", set_clock, 0 },
	{ "dram-bytes-per-cycle", set_dram, 0 },
	{ "host-memory", set_host_memory, 0 },
	{ "timing", set_timing, 0 },
	{ "inject-hang", set_count, INJECT(hang) },
	{ "inject-livelock", set_count, INJECT(livelock) },
	{ "inject-stuck-core", set_count, INJECT(stuck_core) },
	{ "inject-stuck-device", set_count, INJECT(stuck_device) },
	{ "inject-command", set_count, INJECT(command) },
	{ "inject-drop-irq", set_count, INJECT(drop_irq) },
	{ "inject-dma-error", set_count, INJECT(dma_error) },
	{ "inject-bad-completion", set_count, INJECT(bad_completion) },
	{ "inject-core", set_core, 0 },
	{ "gone", set_bool, INJECT(gone) },
	{ "break-sram-zeroing", set_bool, INJECT(break_sram_zeroing) },
	{ "break-tlb-invalidation", set_bool, INJECT(break_tlb_invalidation) },
	{ "break-tlb-tags", set_bool, INJECT(break_tlb_tags) },
	{ "break-rounding", set_bool, INJECT(break_rounding) },
};

#define PROPERTIES	(sizeof(properties) / sizeof(properties[0]))

static void list_names(char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < PROPERTIES && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
					 properties[i].name);
}

int octet_config_set(struct octet_config *config, const char *key, const char *value,
		     char *err, size_t err_size)
{
	char names[500];

	for (size_t i = 0; i < PROPERTIES; i++) {
		const char *rule;

		if (strcmp(properties[i].name, key))
			continue;
		rule = properties[i].set(config, (char *)config + properties[i].offset, value);
		if (rule)
			return refuse(err, err_size, "machine property %s=%s: must be %s", key,
				      value, rule);
		return 0;
	}
	list_names(names, sizeof(names));
	return refuse(err, err_size, "machine property %s is unknown; there are %s", key, names);
}

/* One "key=value" of @len characters. */
static int parse_pair(struct octet_config *config, const char *text, size_t len, char *err,
		      size_t err_size)
{
	char pair[2 * KEY_MAX];
	char *equals;

	if (len >= sizeof(pair))
		return refuse(err, err_size, "machine property %.20s...: longer than %d characters",
			      text, 2 * KEY_MAX - 1);
	memcpy(pair, text, len);
	pair[len] = '\0';
	equals = strchr(pair, '=');
	if (!equals)
		return refuse(err, err_size, "machine property '%s': must be key=value", pair);
	*equals = '\0';
	return octet_config_set(config, pair, equals + 1, err, err_size);
}

int octet_config_parse(struct octet_config *config, const char *text, char *err, size_t err_size)
{
	struct octet_config made = *config;

	while (*text) {
		size_t len = strcspn(text, ",");
		int rc = parse_pair(&made, text, len, err, err_size);

		if (rc)
			return rc;
		text += len;
		if (*text == ',' && !*++text)
			return refuse(err, err_size, "machine properties end with a comma");
	}
	*config = made;
	return 0;
}

int octet_config_check(struct octet_config *config, char *err, size_t err_size)
{
	const struct array *a = find_array(config->array);

	if (config->cores < 1 || config->cores > OCTET_CORE_MAX)
		return refuse(err, err_size, "cores is %u: must be 1 to 8", config->cores);
	if (!a)
		return refuse(err, err_size, "array is '%.8s': must be a256, a512, a1024 or a2048",
			      config->array);
	if (config->sram < SRAM_MIN || config->sram > SRAM_MAX || config->sram % 4096)
		return refuse(err, err_size, "sram is %llu: must be a multiple of 4096 from 64K "
			      "to 64M", (unsigned long long)config->sram);
	if (config->clock_hz < CLOCK_MIN || config->clock_hz > CLOCK_MAX)
		return refuse(err, err_size, "clock is %llu Hz: must be 1 kHz to 10 GHz",
			      (unsigned long long)config->clock_hz);
	if (config->dram_bpc > BPC_MAX)
		return refuse(err, err_size, "dram-bytes-per-cycle is %u: must be 1 to 4096",
			      config->dram_bpc);
	if (config->host_memory && config->host_memory / config->cores < SHARE_MIN)
		return refuse(err, err_size, "host-memory is %llu: must be at least 16M for each "
			      "of %u cores, or 0 for 2G each",
			      (unsigned long long)config->host_memory, config->cores);
	if (config->timing != OCTET_TIMING_FAST && config->timing != OCTET_TIMING_PACED)
		return refuse(err, err_size, "timing is %d: must be fast or paced",
			      (int)config->timing);
	config->p = a->p;
	config->k = a->k;
	config->c = a->c;
	if (!config->dram_bpc)
		config->dram_bpc = a->dram_bpc;
	if (!config->host_memory)
		config->host_memory = config->cores * SHARE_DEFAULT;
	return 0;
}
