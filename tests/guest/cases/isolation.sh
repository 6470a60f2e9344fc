# SPDX-License-Identifier: MIT
# A client reaches nothing of another's: each line says how many attempts were
# stopped and how many of the owner's own accesses like them succeed.
# kernel: stock debug-full
# device: cores=2
# own-vm: yes
# timeout: 400
# Asleep a device forgets what the controls count on.
echo on >"$(readlink -f /sys/class/accel/accel0/device)/power/control"
for subject in foreign readonly fresh share; do
	check "memory: $subject" isolation-memory $subject
done
for subject in same stale recycled numbers; do
	check "translations: $subject" isolation-tlb $subject
done
for subject in handles queues syncobjs mmap told reports; do
	check "names: $subject" isolation-names $subject
done
