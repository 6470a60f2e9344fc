# SPDX-License-Identifier: MIT
# The device misbehaves once in many jobs of two clients: a hang, a failed
# command, a wrong completion, a failed DMA access, a lost interrupt.
# device: cores=2
# timeout: 180
# Awake: to wake up takes accesses of its own, which would be the ones to fail.
echo on >"$(readlink -f /sys/class/accel/accel0/device)/power/control"

inject() {		# PROPERTY NTH SUBJECT
	check "$1 $2 is set" octet_set "$1" "$2"
	check "$1 $2: one queue suffers, nobody else" recovery "$3"
	check "$1 has fired" [ "$(octet_get "$1")" = 0 ]
}

check "budgets in cycles" recovery budget
inject inject-hang 3 hang
inject inject-hang 1 hang
inject inject-command 5 command
inject inject-bad-completion 4 completion
inject inject-drop-irq 1 irq
for n in 1 40 90; do
	inject inject-dma-error $n dma
done
