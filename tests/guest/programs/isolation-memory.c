// SPDX-License-Identifier: MIT
/*
 * Memory of others: addresses that only another client has mapped, in every place
 * of a command; read-only buffers; shared buffers; what new memory holds.
 *
 * usage: isolation-memory foreign | readonly | fresh | share
 */
#include "isolation.h"

#define DETAIL(operand, access) ((operand) | (uint32_t)(access) << 8)

static char text[128];

static const char *describe(const struct op *op, uint32_t operand, const char *how)
{
	snprintf(text, sizeof(text), "%s, %s %s", op->name, operand_names[operand], how);
	return text;
}

/* Puts @va where the scene's command or job has the address of @operand. */
static void aim(struct scene *s, uint32_t operand, uint64_t va)
{
	if (operand == OCTET_OPERAND_CMD)
		s->job.cmd_va = va;
	else if (operand == OCTET_OPERAND_REPORT)
		s->job.report_va = va;
	else if (operand == OCTET_OPERAND_TABLE)
		s->cmd->table = va;
	else
		scene_operand(s, operand)->addr = va;
}

static uint32_t access_of(uint32_t operand)
{
	if (operand == OCTET_OPERAND_CMD)
		return OCTET_ACCESS_FETCH;
	return operand == OCTET_OPERAND_DST || operand == OCTET_OPERAND_REPORT ?
	       OCTET_ACCESS_WRITE : OCTET_ACCESS_READ;
}

static bool refused(const struct end *e, uint32_t status, uint32_t detail, uint64_t va)
{
	if (e->ret == -EFAULT && e->q.status == status && e->q.detail == detail &&
	    e->q.fault_va == va)
		return true;
	printf("# ended with %d, status %#x detail %#x address %#llx; expected %#x %#x %#llx\n", e->ret,
	       e->q.status, e->q.detail, (unsigned long long)e->q.fault_va, status, detail,
	       (unsigned long long)va);
	return false;
}

/* The owner's bytes at the address: what the command would find there. */
static void bait(struct buf *secret, struct scene *owner, uint32_t operand)
{
	static const uint32_t at[] = {
		AT_SRC, AT_SRC2, AT_WGT, AT_PRM, AT_CHN, AT_DST, AT_CMD, AT_REPORT, AT_TABLE,
	};

	memcpy(secret->map, owner->buf.map + at[operand],
	       operand == OCTET_OPERAND_CMD || operand == OCTET_OPERAND_REPORT ? OCTET_CMD_SIZE :
	       4096);
}

struct foreign {
	struct scene owner, other;
	struct buf secret;	/* of the owner, far beyond what the other has mapped */
	uint8_t before[4096];
};

static void foreign_new(struct foreign *f)
{
	scene_new(&f->owner, dev_open());
	scene_new(&f->other, dev_open());
	for (int i = 0; i < 40; i++)
		f->secret = buf_new(f->owner.fd, 65536, 0);
}

static void foreign_end(struct foreign *f)
{
	close(f->owner.fd);
	close(f->other.fd);
}

/* The owner first: then the core's TLB knows the address. */
static void foreign_va(struct foreign *f, const struct op *op, uint32_t operand, struct tally *t)
{
	bool writes = access_of(operand) == OCTET_ACCESS_WRITE;
	uint64_t va = f->secret.va;
	struct end end;
	bool same, ok;

	scene_set(&f->owner, op);
	bait(&f->secret, &f->owner, operand);
	aim(&f->owner, operand, va);
	memcpy(f->before, f->secret.map, sizeof(f->before));
	end = scene_run(&f->owner);
	same = !memcmp(f->before, f->secret.map, sizeof(f->before));
	tally_owner(t, !end.ret && same != writes, describe(op, operand, ""));

	scene_set(&f->other, op);
	aim(&f->other, operand, va);
	memcpy(f->before, f->secret.map, sizeof(f->before));
	end = scene_run(&f->other);
	ok = refused(&end, OCTET_STATUS_UNMAPPED, DETAIL(operand, access_of(operand)), va);
	same = !memcmp(f->before, f->secret.map, sizeof(f->before));
	tally_stopped(t, ok && same && scene_untouched(&f->other),
		      describe(op, operand, "at the other's address"));
}

/* The address as an offset of the SRAM, as a link, as an operand that is absent. */
static void foreign_space(struct foreign *f, const struct op *op, uint32_t operand,
			  struct tally *t)
{
	static const char *const how[] = { "absent", "", "in the SRAM", "as a link" };
	bool records = operand == OCTET_OPERAND_PRM || operand == OCTET_OPERAND_CHN;
	struct end end;
	bool ok;

	for (uint8_t space = OCTET_SPACE_NONE; space <= OCTET_SPACE_LINK; space++) {
		uint32_t status = OCTET_STATUS_RESERVED;

		if (space == OCTET_SPACE_VA)
			continue;
		if (space == OCTET_SPACE_SRAM)
			status = records ? OCTET_STATUS_BAD_SPACE : OCTET_STATUS_BAD_SRAM;
		scene_set(&f->other, op);
		scene_operand(&f->other, operand)->space = space;
		aim(&f->other, operand, f->secret.va);
		end = scene_run(&f->other);
		ok = refused(&end, status, DETAIL(operand, OCTET_ACCESS_NONE), 0);
		tally_stopped(t, ok && scene_untouched(&f->other),
			      describe(op, operand, how[space]));

		scene_set(&f->owner, op);
		end = scene_run(&f->owner);
		tally_owner(t, !end.ret, op->name);
	}
}

/* Operands that begin in one's own memory and reach beyond it. */
static void foreign_reach(struct foreign *f, struct tally *t)
{
	static const uint32_t operands[] = {
		OCTET_OPERAND_SRC, OCTET_OPERAND_WGT, OCTET_OPERAND_DST,
	};
	uint64_t end_va = f->other.buf.va + SCENE_SIZE;
	struct end end;

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t operand = operands[i];

		/* Both clients' first buffers lie at the same place; the owner has more. */
		scene_set(&f->owner, &ops[2]);
		aim(&f->owner, operand, end_va - 64);
		end = scene_run(&f->owner);
		tally_owner(t, !end.ret, describe(&ops[2], operand, "across two buffers"));
		scene_set(&f->other, &ops[2]);
		aim(&f->other, operand, end_va - 64);
		memset(f->other.buf.map + SCENE_SIZE - 64, UNTOUCHED, 64);
		end = scene_run(&f->other);
		tally_stopped(t, refused(&end, OCTET_STATUS_UNMAPPED,
					 DETAIL(operand, access_of(operand)), end_va) &&
			      scene_untouched(&f->other),
			      describe(&ops[2], operand, "across its end"));
	}
	/* Rows that stride into the owner's buffer. */
	scene_set(&f->other, &ops[2]);
	f->other.cmd->src.stride[2] = f->secret.va - (f->other.buf.va + AT_SRC);
	end = scene_run(&f->other);
	tally_stopped(t, refused(&end, OCTET_STATUS_UNMAPPED,
				 DETAIL(OCTET_OPERAND_SRC, OCTET_ACCESS_READ), f->secret.va) &&
		      scene_untouched(&f->other), "GEMM, rows that stride to the address");
}

static bool foreign_all(struct tally *t)
{
	struct foreign f;

	*t = (struct tally){ 0 };
	foreign_new(&f);
	for (size_t i = 0; i < OPS; i++)
		for (uint32_t operand = 0; operand <= OCTET_OPERAND_TABLE; operand++)
			if (has_operand(&ops[i], operand))
				foreign_va(&f, &ops[i], operand, t);
	foreign_end(&f);
	return tally_good(t);
}

static bool foreign_again(void)
{
	struct tally t;

	return foreign_all(&t);
}

static void foreign(void)
{
	struct tally t = { 0 };
	struct foreign f;

	foreign_all(&t);
	tally_check(&t, "foreign address, every operand of every operation");
	host_control("break-tlb-tags", "tags of the address space", foreign_again);

	foreign_new(&f);
	t = (struct tally){ 0 };
	for (size_t i = 0; i < OPS; i++)
		for (uint32_t operand = 0; operand < OPERANDS; operand++)
			if (has_operand(&ops[i], operand))
				foreign_space(&f, &ops[i], operand, &t);
	tally_check(&t, "foreign address in every other space of an operand");
	t = (struct tally){ 0 };
	foreign_reach(&f, &t);
	tally_check(&t, "operands that reach beyond one's own buffer");
	foreign_end(&f);
}

/* Every operation and a report, with @ro as what is written. */
static void write_there(struct scene *s, const struct buf *ro, bool allowed, struct tally *t)
{
	uint8_t before[4096];
	struct end end;

	for (size_t i = 0; i <= OPS; i++) {
		const struct op *op = &ops[i < OPS ? i : 2];
		uint32_t operand = i < OPS ? OCTET_OPERAND_DST : OCTET_OPERAND_REPORT;
		bool same;

		memset(ro->map, 0x77, 4096);
		memcpy(before, ro->map, sizeof(before));
		scene_set(s, op);
		aim(s, operand, ro->va);
		end = scene_run(s);
		same = !memcmp(before, ro->map, sizeof(before));
		if (allowed)
			tally_owner(t, !end.ret && !same, describe(op, operand, "writable"));
		else
			tally_stopped(t, refused(&end, OCTET_STATUS_PERMISSION,
						 DETAIL(operand, OCTET_ACCESS_WRITE), ro->va) &&
				      same, describe(op, operand, "read-only"));
	}
}

static void read_there(struct scene *s, const struct buf *ro, struct tally *t)
{
	for (size_t i = 0; i < OPS; i++) {
		struct end end;

		if (!has_operand(&ops[i], OCTET_OPERAND_SRC))
			continue;
		scene_set(s, &ops[i]);
		memcpy(ro->map, s->buf.map + AT_SRC, 4096);
		aim(s, OCTET_OPERAND_SRC, ro->va);
		end = scene_run(s);
		tally_owner(t, !end.ret && !scene_untouched(s),
			    describe(&ops[i], OCTET_OPERAND_SRC, "read-only"));
	}
}

static int export(int fd, uint32_t handle)
{
	int file = -1;

	if (drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &file))
		bail("exporting a buffer: %s", strerror(errno));
	return file;
}

/* The buffer behind @file in client @fd. */
static struct buf import(int fd, int file)
{
	struct drm_octet_bo_info info = { 0 };
	struct buf b = { 0 };

	if (drmPrimeFDToHandle(fd, file, &info.handle))
		bail("importing a buffer: %s", strerror(errno));
	if (dev_ioctl(fd, DRM_IOCTL_OCTET_BO_INFO, &info))
		bail("BO_INFO of an imported buffer: %s", strerror(errno));
	b = (struct buf){ .handle = info.handle, .size = info.size, .va = info.va };
	b.map = mmap(NULL, b.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, info.mmap_offset);
	if (b.map == MAP_FAILED)
		bail("mapping an imported buffer: %s", strerror(errno));
	return b;
}

static void readonly(void)
{
	struct drm_octet_bo_info info = { 0 };
	struct scene owner, other;
	struct buf ro, rw, in;
	struct tally t = { 0 };

	scene_new(&owner, dev_open());
	scene_new(&other, dev_open());
	ro = buf_new(owner.fd, 8192, DRM_OCTET_BO_READONLY);
	rw = buf_new(owner.fd, 8192, 0);
	write_there(&owner, &ro, false, &t);
	write_there(&owner, &rw, true, &t);
	read_there(&owner, &ro, &t);
	tally_check(&t, "writes of every operation to a read-only buffer");

	t = (struct tally){ 0 };
	in = import(other.fd, export(owner.fd, ro.handle));
	write_there(&other, &in, false, &t);
	read_there(&other, &in, &t);
	tally_check(&t, "the same to an imported read-only buffer");
	info.handle = in.handle;
	check(!dev_ioctl(other.fd, DRM_IOCTL_OCTET_BO_INFO, &info) &&
	      info.flags == DRM_OCTET_BO_READONLY, "  BO_INFO says that it is read-only");
	t = (struct tally){ 0 };
	in = import(other.fd, export(owner.fd, rw.handle));
	write_there(&other, &in, true, &t);
	check(t.owner_ok == t.owner, "  an imported buffer that is not can be written: %u of %u",
	      t.owner_ok, t.owner);
	close(owner.fd);
	close(other.fd);
}

#define FRESH_BYTES (4ul << 20)
#define FRESH_COUNT 12

static bool all_zero(const uint8_t *p, size_t size)
{
	return !p[0] && !memcmp(p, p + 1, size - 1);
}

/* What the device reads there; the sum of both says more than the CPU's view alone. */
static bool device_reads_zero(struct scene *s, const struct buf *b)
{
	struct end end;

	scene_set(s, &ops[6]);
	aim(s, OCTET_OPERAND_SRC, b->va);
	end = scene_run(s);
	return !end.ret && all_zero(s->buf.map + AT_DST, SIDE * SIDE * CHANNELS);
}

static void fresh(void)
{
	struct buf b[FRESH_COUNT];
	struct tally t = { 0 };
	struct scene other;
	int owner = dev_open();

	for (int i = 0; i < FRESH_COUNT; i++) {
		b[i] = buf_new(owner, FRESH_BYTES, 0);
		memset(b[i].map, 0x99, FRESH_BYTES);
		tally_owner(&t, b[i].map[FRESH_BYTES - 1] == 0x99, "keeps what it wrote");
	}
	for (int i = 0; i < FRESH_COUNT; i++)
		buf_free(owner, &b[i]);
	check(client_shrinks(owner, 0), "a client fills %lu MiB and gives them back",
	      FRESH_COUNT * FRESH_BYTES >> 20);
	close(owner);

	scene_new(&other, dev_open());
	for (int i = 0; i < FRESH_COUNT; i++) {
		b[i] = buf_new(other.fd, FRESH_BYTES, i & 1);
		tally_stopped(&t, device_reads_zero(&other, &b[i]) &&
			      all_zero(b[i].map, FRESH_BYTES), "bytes of another in new memory");
	}
	tally_check(&t, "another client's new memory is zero");
	close(other.fd);
}

/* Only who holds a dma-buf can import it; a number of a file is no key. */
static void share(void)
{
	struct buf secret, unshared, in;
	struct scene owner, other;
	struct tally t = { 0 };
	uint32_t handle;
	struct end end;
	int file;

	scene_new(&owner, dev_open());
	scene_new(&other, dev_open());
	secret = buf_new(owner.fd, 65536, 0);
	unshared = buf_new(owner.fd, 65536, 0);
	for (int number = -1; number < 200; number++)
		tally_stopped(&t, drmPrimeFDToHandle(other.fd, number, &handle) != 0,
			      "a file's number as a dma-buf");
	file = export(owner.fd, secret.handle);
	in = import(other.fd, file);
	memset(secret.map, 3, 4096);
	scene_set(&other, &ops[6]);
	aim(&other, OCTET_OPERAND_SRC, in.va);
	end = scene_run(&other);
	tally_owner(&t, !end.ret && other.buf.map[AT_DST] == 3, "who has the dma-buf reads it");
	tally_check(&t, "import without a dma-buf");

	t = (struct tally){ 0 };
	scene_set(&other, &ops[6]);
	aim(&other, OCTET_OPERAND_SRC, unshared.va + 32768);
	end = scene_run(&other);
	tally_stopped(&t, end.ret == -EFAULT && scene_untouched(&other), "the owner's next buffer");
	buf_free(other.fd, &in);
	client_shrinks(other.fd, 1);
	scene_set(&other, &ops[6]);
	aim(&other, OCTET_OPERAND_SRC, in.va);
	end = scene_run(&other);
	tally_stopped(&t, end.ret == -EFAULT && end.q.status == OCTET_STATUS_UNMAPPED &&
		      scene_untouched(&other), "after the import is closed");
	scene_set(&owner, &ops[6]);
	aim(&owner, OCTET_OPERAND_SRC, secret.va);
	end = scene_run(&owner);
	tally_owner(&t, !end.ret, "the owner still reads it");
	tally_check(&t, "beside and after an import");
	close(file);
	close(owner.fd);
	close(other.fd);
}

int main(int argc, char **argv)
{
	static const struct subject subjects[] = {
		{ "foreign", foreign }, { "readonly", readonly }, { "fresh", fresh }, { "share", share },
		{ NULL, NULL },
	};

	return run_subject("isolation-memory", argc, argv, subjects);
}
