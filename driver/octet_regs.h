/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Octet registers, ring and completion entries, address-space tables.
 *
 * The contract between the driver and the hardware; the hardware model
 * includes this same file. Documentation/hardware.rst is the manual. Whoever
 * includes it provides BIT, BIT_ULL, GENMASK and GENMASK_ULL.
 */
#ifndef __OCTET_REGS_H__
#define __OCTET_REGS_H__

#include <linux/types.h>

#define OCTET_PCI_VENDOR_ID		0x1234
#define OCTET_PCI_DEVICE_ID		0x0c7e
#define OCTET_PCI_CLASS			0x120000	/* processing accelerator */
#define OCTET_BAR_REGS			0
#define OCTET_BAR_MSIX			2
#define OCTET_BAR_SIZE			0x10000
#define OCTET_MAX_CORES			8

/* Registers are 32 bits wide; 64-bit values are a _LO, _HI pair. */

/* Global page, at 0 */
#define OCTET_REG_ID			0x0000	/* RO */
#define   OCTET_ID_MAGIC		0x5443544f	/* "OTCT" */
#define OCTET_REG_VERSION			0x0004	/* RO */
#define   OCTET_HW_VERSION_MAJOR	GENMASK(31, 16)
#define   OCTET_HW_VERSION_MINOR	GENMASK(15, 0)
#define   OCTET_HW_VERSION_1		1
#define   OCTET_HW_VERSION_1_CHAINS	1	/* minor: all operations, chains */
#define   OCTET_HW_VERSION_1_STOP	2	/* minor: STOP and RESUME of a job */
#define OCTET_REG_CORES			0x0008	/* RO, 1..8 */
#define OCTET_REG_ARRAY			0x000c	/* RO */
#define   OCTET_ARRAY_P			GENMASK(7, 0)	/* pixels */
#define   OCTET_ARRAY_K			GENMASK(15, 8)	/* output channels */
#define   OCTET_ARRAY_C			GENMASK(23, 16)	/* dot product width */
#define OCTET_REG_SRAM_SIZE			0x0010	/* RO, bytes per core */
#define OCTET_REG_CLOCK_KHZ			0x0014	/* RO */
#define OCTET_REG_DRAM_BPC			0x0018	/* RO, DRAM bytes per cycle */
#define OCTET_REG_ADDR_BITS			0x001c	/* RO */
#define   OCTET_ADDR_BITS_VA		GENMASK(7, 0)	/* 39 */
#define   OCTET_ADDR_BITS_DMA		GENMASK(15, 8)	/* 56 */
#define OCTET_REG_OPS			0x0020	/* RO, BIT(enum octet_op) */
#define OCTET_REG_STAGES			0x0024	/* RO, BIT(enum octet_stage) */
#define OCTET_REG_TYPES			0x0028	/* RO, BIT(enum octet_type) */
#define OCTET_REG_FEATURES			0x002c	/* RO, OCTET_FEATURE_* */
#define OCTET_REG_LIMITS			0x0030	/* RO */
#define   OCTET_LIMITS_RING_ORDER	GENMASK(7, 0)	/* largest log2(entries) */
#define   OCTET_LIMITS_ASID_ORDER	GENMASK(15, 8)	/* log2(ASIDs) */
#define   OCTET_LIMITS_OPERAND_ORDER	GENMASK(23, 16)	/* log2(bytes) of an operand */
#define   OCTET_LIMITS_DIM_ORDER	GENMASK(31, 24)	/* log2 of an extent */
#define OCTET_REG_MAX_CMDS			0x0034	/* RO, commands per job */
#define OCTET_REG_TLB_ENTRIES		0x0038	/* RO, per core */
#define OCTET_REG_VECTORS			0x003c	/* RO, MSI-X vectors, cores + 1 */

#define OCTET_REG_CTRL			0x0080	/* RW */
#define   OCTET_CTRL_RESET		BIT(0)	/* device reset, clears itself */
#define OCTET_REG_STATUS			0x0084	/* RO */
#define   OCTET_STATUS_READY		BIT(0)	/* clear while a reset is under way */
#define OCTET_REG_IRQ_STATUS		0x0088	/* RO: which core has something */
#define   OCTET_IRQ_STATUS_CORE(c)	BIT(c)	/* an enabled bit of core c is set */
#define OCTET_REG_RESETS			0x008c	/* RO, device resets since power-on */

#define OCTET_REG_ASID_TABLE_LO		0x00a0	/* RW, DMA address, 4 KiB aligned */
#define OCTET_REG_ASID_TABLE_HI		0x00a4	/* RW */
#define OCTET_REG_ASID_COUNT		0x00a8	/* RW, entries in the table */

/* TLB maintenance of all cores: fill in, write the command, poll for not busy. */
#define OCTET_REG_TLB_ASID			0x00c0	/* RW */
#define OCTET_REG_TLB_VA_LO			0x00c4	/* RW, page aligned */
#define OCTET_REG_TLB_VA_HI			0x00c8	/* RW */
#define OCTET_REG_TLB_PAGES			0x00cc	/* RW, 4 KiB pages from VA on */
#define OCTET_REG_TLB_CMD			0x00d0	/* WO; ignored while busy */
#define   OCTET_TLB_CMD_ALL		1
#define   OCTET_TLB_CMD_ASID		2
#define   OCTET_TLB_CMD_RANGE		3
#define OCTET_REG_TLB_STATUS		0x00d4	/* RO */
#define   OCTET_TLB_STATUS_BUSY		BIT(0)

/* One page per core, core c from OCTET_CORE(c) on */
#define OCTET_CORE_STRIDE		0x1000
#define OCTET_CORE(c)			(OCTET_CORE_STRIDE * ((c) + 1))

#define OCTET_CORE_CTRL			0x0000	/* RW */
#define   OCTET_CORE_CTRL_ENABLE	BIT(0)	/* take entries from the ring */
#define   OCTET_CORE_CTRL_RESET		BIT(1)	/* core reset, clears itself */
#define   OCTET_CORE_CTRL_RESUME	BIT(2)	/* leave HALTED, with the next entry; reads 0 */
#define   OCTET_CORE_CTRL_STOP		BIT(3)	/* without ENABLE: give up the job */
#define OCTET_CORE_STATUS		0x0004	/* RO */
#define   OCTET_CORE_STATUS_STATE	GENMASK(3, 0)
#define     OCTET_CORE_STATE_OFF	0	/* not enabled */
#define     OCTET_CORE_STATE_IDLE	1	/* ring empty */
#define     OCTET_CORE_STATE_BUSY	2	/* executing */
#define     OCTET_CORE_STATE_HALTED	3	/* after an error, waits for RESUME */
#define     OCTET_CORE_STATE_RESET	4	/* core reset under way */
#define   OCTET_CORE_STATUS_RING_ERROR	BIT(4)	/* bad tail, base or order; reset to recover */
#define   OCTET_CORE_STATUS_STOPPED	BIT(5)	/* job SEQ was given up before command STOP_CMD */
#define OCTET_CORE_RING_LO		0x0008	/* RW while OFF, DMA address, 64-byte aligned */
#define OCTET_CORE_RING_HI		0x000c
#define OCTET_CORE_RING_ORDER		0x0010	/* RW while OFF, log2(entries), 6.. */
#define OCTET_CORE_RING_TAIL		0x0014	/* RW, doorbell: entries ever published */
#define OCTET_CORE_RING_HEAD		0x0018	/* RO, entries ever fetched */
#define OCTET_CORE_CQ_LO		0x0020	/* RW while OFF */
#define OCTET_CORE_CQ_HI		0x0024
#define OCTET_CORE_CQ_ORDER		0x0028	/* RW while OFF, not below the ring's */
#define OCTET_CORE_CQ_HEAD		0x002c	/* RW, entries ever consumed by the driver */
#define OCTET_CORE_CQ_TAIL		0x0030	/* RO, entries ever written */
#define OCTET_CORE_IRQ_STATUS		0x0034	/* RW1C */
#define OCTET_CORE_IRQ_ENABLE		0x0038	/* RW */
#define   OCTET_CORE_IRQ_DONE		BIT(0)	/* completions to read */
#define   OCTET_CORE_IRQ_ERROR		BIT(1)	/* halted after an error completion */
#define   OCTET_CORE_IRQ_RING		BIT(2)	/* ring error */
#define OCTET_CORE_IRQ_DELAY_US		0x003c	/* RW, T: longest wait of a completion; 0 = none */
#define OCTET_CORE_VECTOR		0x0040	/* RW, MSI-X vector; 1 + core after reset */
#define OCTET_CORE_PROGRESS		0x0044	/* RO, changes while the core works */
#define OCTET_CORE_SEQ_LO		0x0048	/* RO, sequence number being executed */
#define OCTET_CORE_SEQ_HI		0x004c
#define OCTET_CORE_STOP_CMD		0x0050	/* RO, while STOPPED */

/* Fault record of the newest error completion, kept until the next or a core reset */
#define OCTET_CORE_FAULT_STATUS		0x0060	/* RO, enum octet_status */
#define OCTET_CORE_FAULT_ASID		0x0064
#define OCTET_CORE_FAULT_VA_LO		0x0068
#define OCTET_CORE_FAULT_VA_HI		0x006c
#define OCTET_CORE_FAULT_CMD		0x0070	/* command index */
#define OCTET_CORE_FAULT_DETAIL		0x0074	/* as octet_completion.detail */
#define OCTET_CORE_FAULT_SEQ_LO		0x0078
#define OCTET_CORE_FAULT_SEQ_HI		0x007c

/* 64-bit counters: _LO at the offset, _HI 4 above; read HI, LO, HI. They
 * survive a core reset and start at 0 after a device reset.
 */
#define OCTET_CORE_COUNTER(i)		(0x0100 + 8 * (i))
#define   OCTET_COUNTER_CYCLES		0	/* sum of job cycles */
#define   OCTET_COUNTER_COMPUTE		1
#define   OCTET_COUNTER_DMA_STALL	2
#define   OCTET_COUNTER_OUTPUT_STALL	3
#define   OCTET_COUNTER_OVERHEAD	4
#define   OCTET_COUNTER_MACS		5	/* useful multiply-accumulates */
#define   OCTET_COUNTER_DRAM_READ	6
#define   OCTET_COUNTER_DRAM_WRITE	7
#define   OCTET_COUNTER_SRAM		8
#define   OCTET_COUNTER_JOBS		9	/* RUN entries completed without error */
#define   OCTET_COUNTER_COMMANDS	10	/* commands completed */
#define   OCTET_COUNTER_ENTRIES		11	/* ring entries fetched */
#define   OCTET_COUNTER_DOORBELLS	12	/* writes to RING_TAIL */
#define   OCTET_COUNTER_IRQS		13	/* messages sent */
#define   OCTET_COUNTER_ERRORS		14	/* error completions */
#define   OCTET_COUNTER_TLB_MISSES	15
#define   OCTET_COUNTER_DOORBELL_CYCLES	16	/* outside CYCLES, as the next two */
#define   OCTET_COUNTER_FETCH_CYCLES	17
#define   OCTET_COUNTER_IRQ_CYCLES	18
#define   OCTET_COUNTER_RESETS		19	/* core resets */
#define OCTET_COUNTERS			20

/**
 * struct octet_ring_entry - one job in a core's ring (kernel memory)
 *
 * @opcode: OCTET_RING_*
 * @flags: OCTET_RING_F_*
 * @asid: index into the ASID table
 * @queue: given back in nothing, for people who read dumps
 * @seq: sequence number, given back in the completion
 * @cmd_va: address of command 0, 64-byte aligned
 * @cmd_count: commands of the job, 1..OCTET_REG_MAX_CMDS
 * @first: index of the first command to execute (the first one of a chain),
 *	STOP_CMD for a job that goes on after a reset
 * @sw: bytes of SRAM placed by software
 * @lb: bytes of SRAM for line buffers
 * @budget: largest number of cycles, 0 for no limit
 * @report_va: struct octet_report[cmd_count], 8-byte aligned, or 0
 * @reserved: must be zero
 */
struct octet_ring_entry {
	__u8 opcode;
	__u8 flags;
	__le16 asid;
	__le32 queue;
	__le64 seq;
	__le64 cmd_va;
	__le32 cmd_count;
	__le32 first;
	__le32 sw;
	__le32 lb;
	__le64 budget;
	__le64 report_va;
	__le64 reserved;
};

#define OCTET_RING_NOP			0	/* completes at once; only seq, flags count */
#define OCTET_RING_RUN			1
#define OCTET_RING_F_IRQ		BIT(0)	/* interrupt when complete */
#define OCTET_RING_F_RESUME		BIT(1)	/* RUN: SRAM as this core's last job left it */

/**
 * struct octet_completion - one finished entry (kernel memory)
 *
 * The device writes bytes 8..63 first and then the first eight at once; an
 * entry is valid when OCTET_CQ_PHASE differs from the previous round's value
 * (1 in the first round).
 *
 * @status: enum octet_status
 * @flags: OCTET_CQ_*
 * @command: OK: number of commands; else index of the command to blame. A
 *	job refused before its first command has run none (@cycles is 0);
 *	otherwise everything before @command is complete
 * @seq: of the entry
 * @cycles: of the commands completed
 * @fault_va: address that faulted, 0 if none
 * @detail: OCTET_CQ_DETAIL_*
 * @asid: of the entry
 * @macs: useful multiply-accumulates
 * @dram_read: bytes
 * @dram_write: bytes
 */
struct octet_completion {
	__le16 status;
	__le16 flags;
	__le32 command;
	__le64 seq;
	__le64 cycles;
	__le64 fault_va;
	__le32 detail;
	__le32 asid;
	__le64 macs;
	__le64 dram_read;
	__le64 dram_write;
};

#define OCTET_CQ_PHASE			BIT(0)
#define   OCTET_CQ_DETAIL_OPERAND	GENMASK(7, 0)	/* enum octet_operand_index */
#define   OCTET_CQ_DETAIL_ACCESS	GENMASK(15, 8)	/* enum octet_access */

/* ASID table entry, 64 bits */
#define OCTET_ASID_VALID		BIT_ULL(0)
#define OCTET_ASID_ROOT			GENMASK_ULL(55, 12)	/* DMA address of the root table */

/* Page-table entry: RISC-V Sv39. A leaf has R; a pointer has R = W = X = 0. */
#define OCTET_PTE_V			BIT_ULL(0)
#define OCTET_PTE_R			BIT_ULL(1)
#define OCTET_PTE_W			BIT_ULL(2)
#define OCTET_PTE_X			BIT_ULL(3)	/* must be 0 */
#define OCTET_PTE_U			BIT_ULL(4)	/* ignored */
#define OCTET_PTE_G			BIT_ULL(5)	/* must be 0 */
#define OCTET_PTE_A			BIT_ULL(6)	/* ignored, never written */
#define OCTET_PTE_D			BIT_ULL(7)	/* ignored, never written */
#define OCTET_PTE_RSW			GENMASK_ULL(9, 8)	/* ignored */
#define OCTET_PTE_PPN			GENMASK_ULL(53, 10)
#define OCTET_PTE_RESERVED		GENMASK_ULL(63, 54)	/* must be 0 */

#define OCTET_PT_LEVELS			3
#define OCTET_PT_ENTRIES		512
#define OCTET_PAGE_SHIFT		12
#define OCTET_PAGE_SIZE			4096UL
#define OCTET_VA_BITS			39
/* Address bits [12 + 9 l, 20 + 9 l] index the table of level l; 2 is the root. */
#define OCTET_PT_SHIFT(level)		(OCTET_PAGE_SHIFT + 9 * (level))

#endif /* __OCTET_REGS_H__ */
