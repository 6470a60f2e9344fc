// SPDX-License-Identifier: MIT
#include <errno.h>

#include "matmul.h"

/* rows [m0, m0 + rows) of A into the block */
static void pack_a(struct octet_matmul *mm, const uint8_t *a, size_t m0, size_t rows)
{
	const struct octet_cmd *cmd = &mm->work->cmd;
	size_t m = cmd->h, k = cmd->cin, step = 4 / mm->simd->lanes;

	if (!(cmd->src.flags & OCTET_OPERAND_TRANSPOSED)) {
		for (size_t i = 0; i < rows; i++)
			mm->simd->fill(octet_matmul_row(mm, i, 0), a + (m0 + i) * k, k,
				       mm->flip_x);
		return;
	}
	for (size_t i = 0; i < rows; i++) {
		uint8_t *to = octet_matmul_row(mm, i, 0);

		/* little-endian: the low byte of an element comes first */
		for (size_t j = 0; j < k; j++) {
			to[j * step + step - 1] = 0;
			to[j * step] = a[j * m + m0 + i] ^ mm->flip_x;
		}
	}
}

/* one product of a batch */
struct product {
	const uint8_t *a;
	uint8_t *dst;
};

static int rows_of(struct octet_matmul *mm, void *arg, size_t first, size_t count)
{
	const struct product *p = arg;
	size_t n = mm->work->cmd.cout;

	pack_a(mm, p->a, first, count);
	return octet_matmul_run(mm, count, 0,
				p->dst + first * n * octet_type_size(mm->work->cmd.dst.type), n);
}

static int one_batch(struct octet_matmul *mm, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	const struct octet_cmd *cmd = &mm->work->cmd;
	bool transposed = cmd->wgt.flags & OCTET_OPERAND_TRANSPOSED;
	struct product p = { a, dst };
	int err;

	if (mm->packed)
		err = octet_matmul_panels(mm, 0, 0);
	else if (transposed)
		err = octet_matmul_weights(mm, b, cmd->cin, 1, 0);
	else
		err = octet_matmul_weights(mm, b, 1, cmd->cout, 0);
	return err ? err : octet_matmul_share(mm, cmd->h, rows_of, &p);
}

int octet_compute_gemm(const struct octet_work *work, const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	size_t m = cmd->h, k = cmd->cin, n = cmd->cout;
	size_t size = octet_type_size(cmd->dst.type);
	size_t batches = (size_t)cmd->n * cmd->n2;
	struct octet_matmul mm;
	int err;

	err = octet_matmul_init(&mm, work, rq, k, n, m, m <= OCTET_DIRECT_ROWS &&
				(cmd->wgt.flags & OCTET_OPERAND_TRANSPOSED));
	if (err)
		return err;
	for (size_t i = 0; !err && i < batches; i++)
		err = one_batch(&mm, work->src + i * m * k, work->wgt + i * k * n,
				work->dst + i * m * n * size);
	octet_matmul_free(&mm);
	return err;
}
