// SPDX-License-Identifier: MIT
/*
 * Counts the cycles of a job that is given as JSON, and prints the counters
 * as JSON: fields and layout are those of the timing's specification.
 *
 *	cycles_job job.json	one job; a fault: exit code 1, "fault: reason"
 *	cycles_job --batch	a job per line of stdin, a line of stdout each
 *	--break			one constant is wrong: a test must notice
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "core/cycles.h"

#define JOB_MAX 4096

struct job {
	struct octet_cycles_machine machine;
	uint64_t sw, lb;
	size_t count;
	struct octet_cycles_cmd cmds[JOB_MAX];
	struct octet_report report[JOB_MAX];
};

static struct job job;
static char reason[200];

static int fail(const char *what, const char *value)
{
	snprintf(reason, sizeof(reason), "%s %s", what, value);
	return -1;
}

static int choice(const char *text, const char *const *names, int count)
{
	for (int i = 0; text && i < count; i++)
		if (!strcmp(text, names[i]))
			return i;
	return -1;
}

static int read_op(struct octet_cycles_cmd *c, const char *v)
{
	static const char *const names[] = {
		"conv", "dw", "gemm", "tconv", "pool", "ew", "lut", "copy", "softmax", "resize",
	};
	static const uint8_t ops[] = {
		OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM, OCTET_OP_TCONV2D,
		OCTET_OP_POOL, OCTET_OP_EW, OCTET_OP_LUT, OCTET_OP_COPY, OCTET_OP_SOFTMAX,
		OCTET_OP_RESIZE,
	};
	int i = choice(v, names, 10);

	if (i < 0)
		return fail("unknown op", v ? v : "null");
	c->op = ops[i];
	return 0;
}

static int read_space(enum octet_cycles_space *space, const char *v)
{
	static const char *const names[] = { "none", "dram", "sram", "link" };
	int i = choice(v, names, 4);

	if (i < 0)
		return fail("unknown space", v ? v : "null");
	*space = (enum octet_cycles_space)i;
	return 0;
}

static int read_weights(struct octet_cycles_cmd *c, const char *v)
{
	c->weights_const = v && !strcmp(v, "const");
	return read_space(&c->weights, c->weights_const ? "dram" : v);
}

static int read_policy(struct octet_cycles_cmd *c, const char *v)
{
	static const char *const names[] = { "auto", "resident", "weight", "stripe" };
	int i = choice(v, names, 4);

	if (i < 0)
		return fail("unknown policy", v ? v : "null");
	c->policy = (uint32_t)i;
	return 0;
}

static void read_link(uint8_t *link, struct json_object *v)
{
	*link = v ? (uint8_t)json_object_get_int(v) : OCTET_OPERAND_LINK_NEWEST;
}

static int read_number(struct octet_cycles_cmd *c, const char *key, struct json_object *v)
{
	const struct { const char *name; uint32_t *to; } map[] = {
		{ "n", &c->n }, { "h", &c->h }, { "w", &c->w }, { "cin", &c->cin },
		{ "oh", &c->oh }, { "ow", &c->ow }, { "cout", &c->cout },
		{ "groups", &c->groups }, { "r", &c->r }, { "s", &c->s }, { "sh", &c->sh },
		{ "sw", &c->sw }, { "dh", &c->dh }, { "dw", &c->dw }, { "pt", &c->pt },
		{ "pl", &c->pl }, { "rows", &c->rows }, { "abytes", &c->abytes },
		{ "obytes", &c->obytes }, { "wbits", &c->wbits },
	};
	int64_t n = json_object_get_int64(v);

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (strcmp(key, map[i].name))
			continue;
		if (n < 0 || n > UINT32_MAX)
			return fail("not in 0..2^32-1:", key);
		*map[i].to = (uint32_t)n;
		return 0;
	}
	return fail("unknown field", key);
}

static int read_field(struct octet_cycles_cmd *c, const char *key, struct json_object *v)
{
	const char *text = json_object_is_type(v, json_type_string) ?
			   json_object_get_string(v) : NULL;

	if (!strcmp(key, "op"))
		return read_op(c, text);
	if (!strcmp(key, "src"))
		return read_space(&c->src, text);
	if (!strcmp(key, "src2"))
		return read_space(&c->src2, text);
	if (!strcmp(key, "dst"))
		return read_space(&c->dst, text);
	if (!strcmp(key, "weights"))
		return read_weights(c, text);
	if (!strcmp(key, "policy"))
		return read_policy(c, text);
	if (!strcmp(key, "src_from"))
		read_link(&c->src_link, v);
	else if (!strcmp(key, "src2_from"))
		read_link(&c->src2_link, v);
	else if (!strcmp(key, "src2_bytes"))
		c->src2_bytes = json_object_get_uint64(v);
	else if (!strcmp(key, "params"))
		c->params = json_object_get_boolean(v);
	else if (!strcmp(key, "chain"))
		c->chain = json_object_get_boolean(v);
	else
		return read_number(c, key, v);
	return 0;
}

static int read_command(struct octet_cycles_cmd *c, struct json_object *o)
{
	*c = (struct octet_cycles_cmd) {
		.n = 1, .groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.src = OCTET_CYCLES_DRAM, .dst = OCTET_CYCLES_DRAM,
		.src_link = OCTET_OPERAND_LINK_NEWEST, .src2_link = OCTET_OPERAND_LINK_NEWEST,
		.abytes = 1, .obytes = 1, .wbits = 8, .params = true,
	};
	json_object_object_foreach(o, key, v) {
		if (read_field(c, key, v))
			return -1;
	}
	return 0;
}

static int read_machine(struct octet_cycles_machine *m, struct json_object *o)
{
	static const char *const names[] = { "a256", "a512", "a1024", "a2048" };
	static const uint32_t arrays[][4] = {
		{ 4, 8, 8, 8 }, { 8, 8, 8, 12 }, { 8, 16, 8, 32 }, { 16, 16, 8, 64 },
	};
	struct json_object *v = o;
	const char *name = "a1024";
	int i;

	if (json_object_is_type(o, json_type_object) && !json_object_object_get_ex(o, "name", &v))
		return fail("machine without", "name");
	if (v)
		name = json_object_get_string(v);
	i = choice(name, names, 4);
	if (i < 0)
		return fail("unknown machine", name);
	*m = (struct octet_cycles_machine) {
		.p = arrays[i][0], .k = arrays[i][1], .c = arrays[i][2],
		.dram_bpc = arrays[i][3], .sram = 1 << 20,
	};
	if (json_object_is_type(o, json_type_object)) {
		if (json_object_object_get_ex(o, "B", &v))
			m->dram_bpc = (uint32_t)json_object_get_int(v);
		if (json_object_object_get_ex(o, "sram", &v))
			m->sram = json_object_get_uint64(v);
	}
	return m->dram_bpc ? 0 : fail("B is", "0");
}

static int read_job(const char *text, bool broken)
{
	struct json_object *o = json_tokener_parse(text), *v, *cmds = NULL;
	int err = 0;

	memset(&job, 0, sizeof(job.machine) + sizeof(job.sw) + sizeof(job.lb));
	if (!o || !json_object_object_get_ex(o, "commands", &cmds) ||
	    !json_object_is_type(cmds, json_type_array)) {
		json_object_put(o);
		return fail("not a job:", "no array \"commands\"");
	}
	err = read_machine(&job.machine,
			   json_object_object_get_ex(o, "machine", &v) ? v : NULL);
	job.machine.dram_bpc += broken;
	if (json_object_object_get_ex(o, "sw", &v))
		job.sw = json_object_get_uint64(v);
	if (json_object_object_get_ex(o, "lb", &v))
		job.lb = json_object_get_uint64(v);
	job.count = json_object_array_length(cmds);
	if (job.count > JOB_MAX)
		err = fail("more than 4096", "commands");
	for (size_t i = 0; !err && i < job.count; i++)
		err = read_command(&job.cmds[i], json_object_array_get_idx(cmds, i));
	json_object_put(o);
	return err;
}

static int count_job(const char *text, bool broken)
{
	const char *why = "";
	size_t bad = 0;

	if (read_job(text, broken))
		return -1;
	if (!octet_cycles_job(&job.machine, job.cmds, job.count, job.sw, job.lb, job.report,
			      &bad, &why))
		return 0;
	snprintf(reason, sizeof(reason), "command %zu: %s", bad, why);
	return -1;
}

/* "nl" and the spaces after it, or nothing: one line */
static void gap(bool line, int depth, const char *before)
{
	if (line)
		printf("%s%s", before, *before == ',' ? " " : "");
	else
		printf("%s\n%*s", before, depth, "");
}

static void print_command(bool line, const struct octet_report *r)
{
	const struct { const char *name; uint64_t value; } field[] = {
		{ "total", r->total }, { "compute", r->compute },
		{ "dma_stall", r->dma_stall }, { "output_stall", r->output_stall },
		{ "overhead", r->overhead }, { "dram_read", r->dram_read },
		{ "dram_write", r->dram_write }, { "sram", r->sram },
	};

	printf("{");
	for (size_t i = 0; i < 8; i++) {
		gap(line, 3, i ? "," : "");
		printf("\"%s\": %llu", field[i].name, (unsigned long long)field[i].value);
	}
	gap(line, 2, "");
	printf("}");
}

static void print_job(bool line)
{
	unsigned long long cycles = 0;

	for (size_t i = 0; i < job.count; i++)
		cycles += job.report[i].total;
	printf("{");
	gap(line, 1, "");
	printf("\"cycles\": %llu", cycles);
	gap(line, 1, ",");
	printf("\"outside\": {");
	gap(line, 2, "");
	printf("\"doorbell\": %d", OCTET_CYCLES_DOORBELL);
	gap(line, 2, ",");
	printf("\"fetch\": %zu", OCTET_CYCLES_FETCH + OCTET_CYCLES_FETCH_CMD * job.count);
	gap(line, 2, ",");
	printf("\"irq\": %d", OCTET_CYCLES_IRQ);
	gap(line, 1, "");
	printf("}");
	gap(line, 1, ",");
	printf("\"commands\": [");
	for (size_t i = 0; i < job.count; i++) {
		gap(line, 2, i ? "," : "");
		print_command(line, &job.report[i]);
	}
	if (job.count)
		gap(line, 1, "");
	printf("]");
	gap(line, 0, "");
	printf("}\n");
}

static int batch(bool broken)
{
	size_t size = 0;
	char *line = NULL;

	while (getline(&line, &size, stdin) > 0) {
		if (count_job(line, broken))
			printf("{\"fault\": \"%s\"}\n", reason);
		else
			print_job(true);
	}
	free(line);
	return 0;
}

static int one(const char *path, bool broken)
{
	FILE *f = fopen(path, "r");
	size_t size = 0;
	char *text = NULL;
	int err = 1;

	if (!f) {
		perror(path);
		return 1;
	}
	if (getdelim(&text, &size, 0, f) > 0) {
		err = count_job(text, broken);
		if (err)
			fprintf(stderr, "fault: %s\n", reason);
		else
			print_job(false);
	}
	free(text);
	fclose(f);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool broken = argc > 2 && !strcmp(argv[2], "--break");
	bool help = argc > 1 && !strcmp(argv[1], "--help");

	if (argc < 2 || help) {
		fprintf(help ? stdout : stderr, "usage: cycles_job job.json | --batch [--break]\n");
		return help ? 0 : 2;
	}
	return strcmp(argv[1], "--batch") ? one(argv[1], broken) : batch(broken);
}
