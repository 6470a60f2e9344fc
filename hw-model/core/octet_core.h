/* SPDX-License-Identifier: MIT */
/*
 * The Octet machine in plain C: registers, rings, address spaces, execution,
 * cycle counts. No thread, no clock and no I/O of its own: the host (QEMU
 * device, liboctet's sim backend, a test, a fuzzer) provides memory,
 * interrupts and threads through struct octet_host.
 *
 * Who may call what, and when
 *
 *   Everything but octet_core_compute() must be called under one lock of the
 *   host's choice (QEMU: the big lock). octet_core_compute() is called without
 *   it, from one thread per core; it touches private copies of one command,
 *   never guest memory and no host callback but parallel().
 *
 *   The host drives a core like this, whenever kick() was called for it or a
 *   deadline has passed:
 *
 *	for (;;) {
 *		lock();
 *		step = octet_core_step(m, core);
 *		unlock();
 *		if (step.kind != OCTET_STEP_COMPUTE)
 *			break;			// wait for a kick or the deadline
 *		octet_core_compute(m, core);	// without the lock
 *	}
 *
 *   A compute may also check the commands of a long job, or do nothing: the step
 *   moves large operands in slices and lets go of the lock between two of them.
 *
 *   octet_core_step() first takes in the result of a finished compute, so
 *   it is called exactly once after each. A reset may come between: it raises
 *   the core's cancel flag, the running compute returns early, and the step
 *   after it completes the reset.
 *
 * Untrusted: every register write, every byte read through dma_read(). Host
 * memory does not depend on the guest's RAM or the SRAM: a core at work has a dense
 * copy of each operand, up to 2^28 bytes whatever memory it repeats, int4 weights
 * twice that, three bytes more for each weight, and up to 8 tensors of a chain. All that
 * is at most the core's share of host_memory: a job that asks for more, or an allocation
 * that fails, ends with OCTET_STATUS_NO_MEMORY. Large copies go with their job.
 */
#ifndef OCTET_CORE_H
#define OCTET_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct octet_machine;

/** Largest number of cores of a machine. */
#define OCTET_CORE_MAX 8

/** Timing of completions. */
enum octet_timing {
	OCTET_TIMING_FAST,	/* complete as soon as computed */
	OCTET_TIMING_PACED,	/* complete at the modelled cycle of the host's clock */
};

/**
 * struct octet_inject - faults to inject, writable at any time
 *
 * A number N means "the Nth of these events from now on" (1 = the next one);
 * it counts down and is 0 again when it has fired. @core restricts all of
 * them to one core; -1 is any.
 *
 * @hang: job that hangs at its start; only a reset helps
 * @livelock: job that runs for ever while its progress moves; only a reset helps
 * @stuck_core: core reset that only a device reset ends
 * @stuck_device: device reset that only octet_machine_reset() ends; of no core
 * @command: command that ends with OCTET_STATUS_INJECTED
 * @drop_irq: interrupt message that is lost
 * @dma_error: DMA access that fails
 * @bad_completion: completion whose sequence number is wrong
 * @gone: the device is not there: reads give all ones, no DMA, no interrupt
 * @break_sram_zeroing: SRAM keeps the previous job's bytes
 * @break_tlb_invalidation: TLB invalidation does nothing
 * @break_tlb_tags: a TLB entry serves every address space
 * @break_rounding: FIX_DBL adds 2^(shift-2) where it should add 2^(shift-1)
 */
struct octet_inject {
	uint64_t hang;
	uint64_t livelock;
	uint64_t stuck_core;
	uint64_t stuck_device;
	uint64_t command;
	uint64_t drop_irq;
	uint64_t dma_error;
	uint64_t bad_completion;
	int core;
	bool gone;
	bool break_sram_zeroing;
	bool break_tlb_invalidation;
	bool break_tlb_tags;
	bool break_rounding;
};

/**
 * struct octet_config - what kind of machine
 *
 * Made by octet_config_default() and changed by octet_config_set().
 *
 * @cores: 1..OCTET_CORE_MAX
 * @array: name, one of a256, a512, a1024, a2048
 * @p: pixels, output channels, dot product width of the array
 * @k: see @p
 * @c: see @p
 * @sram: bytes per core, a multiple of 4096, 64 KiB..64 MiB
 * @clock_hz: at least 1 kHz
 * @dram_bpc: DRAM bytes per cycle; 0: the array's default
 * @host_memory: bytes of the host that copies of operands may take, shared equally by the
 *	cores; at least 16 MiB for each, 0: 2 GiB for each
 * @timing: see enum octet_timing
 * @inject: faults from the start
 */
struct octet_config {
	unsigned int cores;
	char array[8];
	unsigned int p, k, c;
	uint64_t sram;
	uint64_t clock_hz;
	unsigned int dram_bpc;
	uint64_t host_memory;
	enum octet_timing timing;
	struct octet_inject inject;
};

/** Two cores, a1024, 1 MiB SRAM, 1 GHz, fast. */
void octet_config_default(struct octet_config *config);

/**
 * octet_config_set() - set one property by its name, as on QEMU's command line
 * @key: cores, array, sram (K, M suffix), clock (Hz; K, M, G suffix),
 *	dram-bytes-per-cycle, host-memory (K, M, G suffix), timing (fast, paced),
 *	inject-hang, inject-livelock,
 *	inject-stuck-core, inject-stuck-device, inject-command,
 *	inject-drop-irq, inject-dma-error, inject-bad-completion, inject-core,
 *	gone, break-sram-zeroing, break-tlb-invalidation, break-tlb-tags,
 *	break-rounding (booleans: on, off)
 * @err: gets a sentence that names key, value and rule; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int octet_config_set(struct octet_config *config, const char *key, const char *value,
		     char *err, size_t err_size);

/** octet_config_parse() - the same for "key=value,key=value". */
int octet_config_parse(struct octet_config *config, const char *text, char *err, size_t err_size);

/** Runs @run(@arg, i) for each i below @count and returns when all have ended. */
typedef void octet_parallel_fn(void *opaque, unsigned int count,
			       void (*run)(void *arg, unsigned int i), void *arg);

/**
 * struct octet_host - what the machine needs from its host
 *
 * All but @parallel are called with the lock held. @dma_read and @dma_write return 0, or
 * -1 if any byte is not ordinary memory. @kick and @irq must not call back.
 *
 * @kick: octet_core_step() has something to do on @core; may come often
 * @irq: send the message of MSI-X vector @vector
 * @clock_ns: monotonic (QEMU: virtual) time
 * @guest_error: software broke a rule; @text names the register and value
 * @trace: an event for people, one line; may be NULL
 * @threads: how many calls of a @parallel may be under way at once
 * @parallel: called by octet_core_compute(), for several cores at once where several
 *	compute: what it is given touches nothing but private copies of the command. It may
 *	run it in other threads, in any order, or all in the caller's; NULL: none to offer
 */
struct octet_host {
	void *opaque;
	int (*dma_read)(void *opaque, uint64_t addr, void *buf, size_t len);
	int (*dma_write)(void *opaque, uint64_t addr, const void *buf, size_t len);
	void (*kick)(void *opaque, unsigned int core);
	void (*irq)(void *opaque, unsigned int vector);
	uint64_t (*clock_ns)(void *opaque);
	void (*guest_error)(void *opaque, const char *text);
	void (*trace)(void *opaque, const char *text);
	unsigned int threads;
	octet_parallel_fn *parallel;
};

/** octet_machine_new() - NULL and a sentence in @err if @config is invalid. */
struct octet_machine *octet_machine_new(const struct octet_config *config,
					const struct octet_host *host, char *err, size_t err_size);

/** octet_machine_free() - no compute may be running. NULL is fine. */
void octet_machine_free(struct octet_machine *m);

/**
 * octet_machine_reset() - power-on or function-level reset: everything, also
 * counters, the count of resets and the SRAMs
 *
 * Cores that compute are cancelled; their reset completes in the step
 * after the compute.
 */
void octet_machine_reset(struct octet_machine *m);

/** MMIO, BAR0. Accesses are 4 bytes, aligned; others read 0 and are guest errors. */
uint32_t octet_machine_read(struct octet_machine *m, uint64_t offset);
void octet_machine_write(struct octet_machine *m, uint64_t offset, uint32_t value);

/** What a core wants next. */
enum octet_step_kind {
	OCTET_STEP_IDLE,	/* nothing until the next kick, or deadline_ns if not 0 */
	OCTET_STEP_COMPUTE,	/* call octet_core_compute(), then step again */
};

struct octet_step {
	enum octet_step_kind kind;
	uint64_t deadline_ns;	/* absolute, of host clock_ns(); 0 = none */
	bool brief;		/* takes some 50 us, the last job: less than a thread's turn */
};

struct octet_step octet_core_step(struct octet_machine *m, unsigned int core);
void octet_core_compute(struct octet_machine *m, unsigned int core);

/**
 * octet_core_tick() - send an interrupt that is due while the core computes
 *
 * Return: the next deadline of that kind, 0 = none. A step does the same.
 */
uint64_t octet_core_tick(struct octet_machine *m, unsigned int core);

/** octet_core_cancel() - make a running compute return soon; safe from any thread. */
void octet_core_cancel(struct octet_machine *m, unsigned int core);

/**
 * octet_machine_save() - the whole state as bytes, for octet_machine_load()
 * @data: to be freed with free()
 *
 * Computes may be running: they have no effect yet and are done again. Of a result that is
 * partly written the rest is saved too. Times are those of the host's clock, which must go
 * on from the same value.
 *
 * Return: 0 or -ENOMEM.
 */
int octet_machine_save(struct octet_machine *m, void **data, size_t *size);

/**
 * octet_machine_load() - become the machine that was saved
 *
 * @data need not be trusted. Unless it succeeds the machine is as after
 * octet_machine_reset(). Every core is kicked.
 *
 * Return: 0, -EINVAL with a sentence in @err, or -EBUSY: a compute is running.
 */
int octet_machine_load(struct octet_machine *m, const void *data, size_t size, char *err,
		       size_t err_size);

/** The faults being injected; write fields under the lock. */
struct octet_inject *octet_machine_inject(struct octet_machine *m);

const struct octet_config *octet_machine_config(const struct octet_machine *m);

/** Name of the arithmetic kernels in use ("portable", "avx2", "avx512vnni", "amx"). */
const char *octet_machine_simd(void);

#endif /* OCTET_CORE_H */
