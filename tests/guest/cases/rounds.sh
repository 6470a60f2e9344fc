# SPDX-License-Identifier: MIT
# Faults one after the other, of a kind picked at random, under clients whose jobs
# must not run twice.
# kernel: stock debug-full
# device: cores=2
# load: no
# own-vm: yes
# timeout: 600
check "insmod" insmod /modules/octet.ko job_timeout_ms=1500
check "two cores" rounds 60
