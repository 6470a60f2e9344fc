/* SPDX-License-Identifier: MIT */
/*
 * The AMX level on processors without AMX: its file over again with the tile
 * intrinsics in plain C, as the processor's manual describes them. Linked into a test
 * of the fallback it stands for the level, which is then said to be there wherever
 * AVX-512 VNNI is, because it leans on that.
 */
#define octet_cpu_features real_features
#include "cpu/features.c"
#undef octet_cpu_features

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define OCTET_AMX_EMULATED
#define TILES 8

static struct {
	_Bool configured;
	uint16_t row_bytes[TILES];
	uint8_t rows[TILES];
	uint8_t data[TILES][16][64];
} tiles;

/* What the processor answers with a fault. */
static void require(_Bool fine)
{
	if (!fine)
		abort();
}

static void _tile_loadconfig(const void *config)
{
	const uint8_t *c = config;

	require(c[0] == 1 && !c[1]);
	for (int i = 2; i < 16; i++)
		require(!c[i]);
	memset(&tiles, 0, sizeof(tiles));
	for (int i = 0; i < TILES; i++) {
		memcpy(&tiles.row_bytes[i], c + 16 + 2 * i, 2);
		tiles.rows[i] = c[48 + i];
		require(tiles.row_bytes[i] <= 64 && tiles.rows[i] <= 16);
		require(!tiles.row_bytes[i] == !tiles.rows[i]);
	}
	tiles.configured = 1;
}

static void _tile_release(void)
{
	require(tiles.configured);
	memset(&tiles, 0, sizeof(tiles));
}

static void check_tile(int t)
{
	require(tiles.configured && t < TILES && tiles.rows[t]);
}

static void _tile_zero(int t)
{
	check_tile(t);
	memset(tiles.data[t], 0, sizeof(tiles.data[t]));
}

static void _tile_loadd(int t, const void *base, ptrdiff_t stride)
{
	_tile_zero(t);
	for (int i = 0; i < tiles.rows[t]; i++)
		memcpy(tiles.data[t][i], (const uint8_t *)base + i * stride,
		       tiles.row_bytes[t]);
}

static void _tile_stored(int t, void *base, ptrdiff_t stride)
{
	check_tile(t);
	for (int i = 0; i < tiles.rows[t]; i++)
		memcpy((uint8_t *)base + i * stride, tiles.data[t][i],
		       tiles.row_bytes[t]);
}

/* sums += a x b: fours of bytes of a row of a with those of a column of b */
static void multiply_tiles(int sums, int a, int b, _Bool a_signed)
{
	check_tile(sums);
	check_tile(a);
	check_tile(b);
	require(tiles.rows[sums] == tiles.rows[a]);
	require(tiles.row_bytes[sums] == tiles.row_bytes[b]);
	require(tiles.row_bytes[a] == 4 * tiles.rows[b]);
	for (int m = 0; m < tiles.rows[a]; m++) {
		for (int n = 0; n < tiles.row_bytes[b] / 4; n++) {
			uint32_t sum;

			memcpy(&sum, &tiles.data[sums][m][4 * n], 4);
			for (int k = 0; k < tiles.row_bytes[a]; k++) {
				const uint8_t x = tiles.data[a][m][k];
				const uint8_t w =
					tiles.data[b][k / 4][4 * n + k % 4];

				sum += (uint32_t)((a_signed ? (int8_t)x : x) *
						  (int8_t)w);
			}
			memcpy(&tiles.data[sums][m][4 * n], &sum, 4);
		}
	}
}

#define _tile_dpbssd(sums, a, b) multiply_tiles(sums, a, b, 1)
#define _tile_dpbusd(sums, a, b) multiply_tiles(sums, a, b, 0)

#include "cpu/tile_amx.c"

unsigned int octet_cpu_features(void)
{
	const unsigned int found = real_features();

	return found & CPU_AVX512VNNI ? found | CPU_AMX : found;
}
