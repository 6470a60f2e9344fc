/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_DMA_H__
#define __OCTET_DMA_H__

struct octet_bo;
struct octet_mmu;

void octet_dma_track(struct octet_mmu *mmu, struct octet_bo *bo);
void octet_dma_unmap(struct octet_bo *bo);
void octet_dma_unmap_all(struct octet_mmu *mmu);

#endif /* __OCTET_DMA_H__ */
