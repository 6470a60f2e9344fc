# SPDX-License-Identifier: MIT
# A client takes all that it may, and another one does not notice.
# kernel: stock debug-full
# device: cores=2
# timeout: 300
check "mappings" caps mappings
# The same pages at many places are what the DMA debugging complains about.
if [ -d /sys/kernel/debug/dma-api ]; then
	skip "bytes" "this kernel checks that no page is mapped twice"
else
	check "bytes" caps bytes
fi
check "queues and jobs" caps jobs
check "the module unloads" unload
check "insmod" insmod /modules/octet.ko
check "a job gives right bits" fdinfo
