# SPDX-License-Identifier: MIT
# What the driver shows is what was done: names, counters in four places, times,
# events; and what no client can write into the log.
# device: cores=2
# timeout: 150
# own-vm: yes
check "names of buffers" observe names
check "counters of jobs that end well" observe fine
check "counters of jobs that fail" observe failed
check "a hang is set" octet_set inject-hang 1
check "counters of a job that hangs" observe hang
check "a lost interrupt is set" octet_set inject-drop-irq 1
check "counters with a lost interrupt" observe irq
check "nothing that a client can spam" observe quiet
