# SPDX-License-Identifier: MIT
# Each allocation of each call and of probe fails once. `make test` takes the first
# 30 of a call and every 23rd of probe, `make test-full` all of them.
# device: cores=2
# timeout: 600
# machine: comes-and-goes
# the kernel's own code, where making a file below /proc/irq failed:
# allow-log: WARNING: .*remove_proc_entry
most=30 step=23
[ ! -f /host/build/test-full ] || { most=0 step=1; }
# Kernels that inject no faults have a module that does.
[ -f /proc/thread-self/fail-nth ] ||
	check "insmod fail_nth" insmod /host/build/fail_nth/fail_nth.ko
check "calls, $most rounds each (0: all)" fail_nth calls $most
address=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
check "probe, every ${step}th" fail_nth probe "$address" $step
check "the module unloads" unload
check "insmod" insmod /modules/octet.ko
check "a job gives right bits" fdinfo
