# SPDX-License-Identifier: MIT
# The emulator itself: the memory map changes under a processor that writes to its
# local APIC. See hw-model/qemu/fixes; without the fix a processor's timer dies.
# kernel: stock
# timeout: 120
# own-vm: yes
# again: no
address=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
sys=/sys/bus/pci/devices/$address
echo "$address" >/sys/bus/pci/drivers/octet/unbind
echo 1 >"$sys/enable"
check "registers come and go" bars "$sys/config" 10
echo 0 >"$sys/enable"
echo "$address" >/sys/bus/pci/drivers/octet/bind
check "the driver comes back" fdinfo
