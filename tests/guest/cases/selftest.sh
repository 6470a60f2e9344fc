# SPDX-License-Identifier: MIT
# Random operations on the device against the CPU fallback.
# kernel: stock debug-full
# device: cores=2
# timeout: 120
check "200 operations of a fixed seed" octet selftest --backend drm --count 200 --seed 20
check "200 operations of a seed of this moment" octet selftest --backend drm --count 200
