/* SPDX-License-Identifier: MIT */
/*
 * A host for the machine core in one process: 64 MiB of memory, a clock that
 * the test moves, page tables, rings, and the commands that tests start from.
 */
#ifndef OCTET_CORE_FAKE_HOST_H
#define OCTET_CORE_FAKE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "core_priv.h"

#define FAKE_RAM	(UINT64_C(64) << 20)
#define FAKE_VECTORS	(OCTET_CORE_MAX + 1)
#define FAKE_ORDER	6u
#define FAKE_RW		(OCTET_PTE_V | OCTET_PTE_R | OCTET_PTE_W)
#define FAKE_RO		(OCTET_PTE_V | OCTET_PTE_R)
#define FAKE_PTR	OCTET_PTE_V

struct fake_core {
	uint64_t ring, cq;
	uint32_t tail, cq_head;
};

struct fake {
	struct octet_machine *m;
	uint8_t *ram;
	uint64_t next;		/* first free byte of ram */
	uint64_t asid_table;
	uint64_t now;
	bool kicked[OCTET_CORE_MAX];
	unsigned int irqs[FAKE_VECTORS];
	unsigned int errors;
	char error[256];	/* the newest guest error */
	uint64_t dma;		/* DMA calls */
	struct fake_core core[OCTET_CORE_MAX];
};

/* A machine as octet_config_parse() makes it of @config, with its ASID table set up. */
struct fake *fake_new(const char *config);
void fake_free(struct fake *f);

/* Memory: @align is a power of two. Addresses are DMA addresses. */
uint64_t fake_alloc(struct fake *f, uint64_t size, uint64_t align);
void *fake_at(struct fake *f, uint64_t addr);

/* Address spaces */
void fake_asid(struct fake *f, unsigned int asid);
/* The PTE of @va in the table of @level; tables above are made on the way. */
uint64_t *fake_pte(struct fake *f, unsigned int asid, uint64_t va, int level);
void fake_map(struct fake *f, unsigned int asid, uint64_t va, uint64_t pa, uint64_t size,
	      uint64_t flags);
/* Memory mapped read-write at @va; returns where it is. */
void *fake_buffer(struct fake *f, unsigned int asid, uint64_t va, uint64_t size);

/* Registers */
uint32_t fake_read(struct fake *f, uint32_t offset);
void fake_write(struct fake *f, uint32_t offset, uint32_t value);
uint32_t fake_cread(struct fake *f, unsigned int core, uint32_t offset);
void fake_cwrite(struct fake *f, unsigned int core, uint32_t offset, uint32_t value);
uint64_t fake_counter(struct fake *f, unsigned int core, unsigned int counter);
uint32_t fake_state(struct fake *f, unsigned int core);
void fake_invalidate(struct fake *f, uint32_t command, unsigned int asid, uint64_t va,
		     uint32_t pages);

/* Rings */
void fake_enable(struct fake *f, unsigned int core);
struct octet_ring_entry *fake_push(struct fake *f, unsigned int core, uint64_t seq);
void fake_doorbell(struct fake *f, unsigned int core);
/* Steps and computes until every core rests. */
void fake_run(struct fake *f);
/* The next completion: false if there is none. */
bool fake_pop(struct fake *f, unsigned int core, struct octet_completion *c);

/* Commands */
struct octet_cmd fake_gemm(uint32_t m, uint32_t k, uint32_t n);
struct octet_cmd fake_conv(void);
struct octet_cmd fake_depthwise(void);
/* The same on 4x4x4 int8, with parameters that are in bounds. */
struct octet_cmd fake_tconv(void);
struct octet_cmd fake_ew(uint8_t sub);
struct octet_cmd fake_lut(void);
struct octet_cmd fake_pool(uint8_t sub);
struct octet_cmd fake_copy(void);
struct octet_cmd fake_fill(void);
struct octet_cmd fake_softmax(void);
struct octet_cmd fake_reduce(uint8_t sub);
struct octet_cmd fake_resize(void);	/* to 8x8 */
/* int16 inputs and results, 16-byte parameter records, as fake_ready() leaves them: invalid */
struct octet_cmd fake_conv16(void);
/* A depthwise convolution that adds src2 to its result. */
struct octet_cmd fake_residual(void);
/* Makes @cmd one of a chain: reads @from if not negative, writes a link. */
void fake_link(struct octet_cmd *cmd, int from, bool last);
void fake_link_operand(struct octet_operand *o, uint8_t link);

/* Where fake_ready() puts things: address space 1, each at its own place in the TLB. */
#define VA_CMD		UINT64_C(0x10000000)
#define VA_SRC		UINT64_C(0x20010000)
#define VA_WGT		UINT64_C(0x21020000)
#define VA_PRM		UINT64_C(0x22030000)
#define VA_CHN		UINT64_C(0x23040000)
#define VA_DST		UINT64_C(0x24050000)
#define VA_REPORT	UINT64_C(0x25060000)
#define VA_SRC2		UINT64_C(0x26070000)
#define VA_TABLE	UINT64_C(0x27080000)
#define VA_SIZE		UINT64_C(0x10000)

/* ASID 1 with VA_SIZE bytes at each of the addresses, core 0 enabled. */
struct fake *fake_ready(const char *config);
void *fake_va(struct fake *f, uint64_t va);
/* Runs commands on core 0 and gives back the completion. */
struct octet_completion fake_job(struct fake *f, const struct octet_cmd *cmds, uint32_t count);
/* The same without running it. */
struct octet_ring_entry *fake_queue(struct fake *f, unsigned int core,
				    const struct octet_cmd *cmds, uint32_t count);

#endif /* OCTET_CORE_FAKE_HOST_H */
