# SPDX-License-Identifier: MIT
# Part of `make bench` (tests/bench/submit): empty jobs, marked for QEMU's plugin
# that counts instructions. Without it, this only tells where functions are.
# device: cores=2
# smp: 1
# icount: yes
# timeout: 900
# live: yes
# append: nokaslr $OCTET_APPEND
# qemu: -device edu $OCTET_INSNS
for s in asm_common_interrupt dma_fence_signal_timestamp_locked; do
	echo "symbol $s $(awk -v s=$s '$3 == s { print $1; exit }' /proc/kallsyms)"
done
[ -n "$(tr ' ' '\n' </proc/cmdline | grep octet.count)" ] || exit 0
insmod /host/build/noop/noop.ko || exit
for what in noop single listed array 'buffers 1000' 'buffers 10000' 'clients 8' 'clients 64'; do
	submit_cost $what || exit
done
