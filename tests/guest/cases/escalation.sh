# SPDX-License-Identifier: MIT
# What comes after a core's reset, and what is left of a failure to read.
# device: cores=2
# load: no
# own-vm: yes
# timeout: 240
check "insmod" insmod /modules/octet.ko job_timeout_ms=1000
address=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
sys=/sys/bus/pci/devices/$address

dump() {		# waits for one; copies it to /tmp/dump and lets the next one come
	for i in $(seq 100); do
		file=$(ls /sys/class/devcoredump/devcd*/data 2>/dev/null | head -1)
		[ -n "$file" ] && break
		sleep 0.1
	done
	[ -n "$file" ] && cat "$file" >/tmp/dump && echo 1 >"$file"
}

no_dump() {
	sleep 1
	! ls /sys/class/devcoredump/devcd*/data >/dev/null 2>&1
}

check "clients' own mistakes" faults
check "  leave no dump" no_dump
octet_set inject-hang 1
check "a job that hangs" recovery hang
check "  leaves a dump" dump
for line in "octet dump 1" "device: $address" "reason: a job does not end" \
	"process: [0-9]* recovery" "commands: 2 at 0x" "\[global registers\]" \
	"\[core registers\]" "0x0000: 5443544f" "\[ring\] head" "\[completions\]" \
	"command 0:" "command 1:" "\[buffers\] [1-9]"; do
	check "  with $line" grep -q "$line" /tmp/dump
done
octet_set inject-command 4
check "a command that fails" recovery command
check "  leaves a dump" dump
check "  with the fault" grep -q "^fault: injected fault, command [0-9]" /tmp/dump
octet_set inject-bad-completion 4
check "a wrong completion" recovery completion
check "  leaves a dump" dump
check "  with its reason" grep -q "^reason: the ring is out of step" /tmp/dump

check "jobs that hang with commands nowhere" wedged address
check "a core that is stuck" wedged core
check "a device that is stuck, and a function level reset" wedged flr $sys/reset
check "a device that is stuck when it wakes up, and a reset" wedged asleep $sys/reset
check "a device that is stuck" wedged device
echo "$address" >/sys/bus/pci/drivers/octet/unbind
echo "$address" >/sys/bus/pci/drivers/octet/bind
for i in $(seq 50); do
	OCTET_DEVICE=$(ls /dev/accel/accel* 2>/dev/null | head -1)
	[ -n "$OCTET_DEVICE" ] && break
	sleep 0.1
done
export OCTET_DEVICE
check "binding it again brings it back" wedged core
