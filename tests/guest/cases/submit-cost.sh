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
awk '$2 ~ /[tT]/ && !seen[$3]++ { print "symbol", $3, $1 }' /proc/kallsyms |
	grep -w -e asm_common_interrupt -e dma_fence_signal_timestamp_locked \
		-e '__kmalloc_\(cache_\|node_\)\?noprof' -e __kmalloc_noprof \
		-e 'kmem_cache_alloc_\(node_\)\?noprof' -e 'octet_pt_\(un\)\?map'
[ -n "$(tr ' ' '\n' </proc/cmdline | grep octet.count)" ] || exit 0
insmod /host/build/noop/noop.ko || exit
for what in noop single listed array 'clients 8' 'clients 64' 'buffers 1000' 'buffers 10000'; do
	submit_cost $what || exit
done
