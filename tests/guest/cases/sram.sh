# SPDX-License-Identifier: MIT
# The SRAM starts each job as zeros, and each test notices if it does not.
# device: cores=4
# own-vm: yes
# timeout: 300
# Asleep a device forgets what the controls count on.
echo on >"$(readlink -f /sys/class/accel/accel0/device)/power/control"
for subject in residue failed hung reset flags; do
	check "the SRAM: $subject" sram $subject
done
