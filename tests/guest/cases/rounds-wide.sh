# SPDX-License-Identifier: MIT
# Faults one after the other, of a kind picked at random, under clients whose jobs
# must not run twice.
# kernel: stock debug-full
# device: cores=4
# load: no
# own-vm: yes
# timeout: 600
# Jobs are to take a twentieth of it at most: the machine may have much else to do.
check "insmod" insmod /modules/octet.ko job_timeout_ms=3000
check_rounds "four cores"
