# SPDX-License-Identifier: MIT
# A device with one core and another array.
# kernel: stock debug-full
# device: cores=1,array=a512,dram-bytes-per-cycle=12
# timeout: 150
octet info --backend drm | sed 's/^/# /'
check "it says that its array is 8 x 8 x 8" sh -c 'octet info --backend drm | grep -q "8 x 8 x 8"'
check "100 operations of a fixed seed" octet selftest --backend drm --count 100 --seed 21
check "submits" submit
check "a hang is set" octet_set inject-hang 4
check "a hang on the only core" recovery hang
