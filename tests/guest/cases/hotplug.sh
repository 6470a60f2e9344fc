# SPDX-License-Identifier: MIT
# The device is unplugged in order and plugged in again, and buffers of one
# device outlive another that goes away; clients are at work all the while.
# device: cores=2
# device: cores=2
# machine: pair
# timeout: 180
wait_for() {		# SECONDS COMMAND...
	wait_left=$(($1 * 10))
	shift
	while [ $wait_left -gt 0 ] && ! "$@"; do
		sleep 0.1
		wait_left=$((wait_left - 1))
	done
	"$@"
}

at=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
here() { [ -e "/sys/bus/pci/devices/$at" ]; }
away() { ! here; }
bound() { [ -e "/sys/bus/pci/devices/$at/accel" ]; }

for round in 1 2; do
	rm -f /tmp/ready
	lifecycle busy /tmp/ready >/tmp/busy 2>&1 &
	pid=$!
	check "$round: a job runs, by the device's counters" wait_for 30 [ -e /tmp/ready ]
	check "  device_del" host_qmp '{"execute":"device_del","arguments":{"id":"octet0"}}'
	wait $pid
	status=$?
	cat /tmp/busy
	check "  its client ends in peace" [ $status = 0 ]
	check "  the function has left the bus" wait_for 30 away
	for i in 1 2 3 4 5 6 7 8 9 10; do
		host_qmp '{"execute":"device_add","arguments":{"driver":"octet","id":"octet0","bus":"rp0","cores":2}}' >/tmp/add && break
		sleep 0.5
	done
	check "  device_add" grep -q '{}' /tmp/add
	check "  the driver is bound to it" wait_for 30 bound
	OCTET_DEVICE=/dev/accel/$(ls "/sys/bus/pci/devices/$at/accel")
	export OCTET_DEVICE
	check "  a job gives right bits" fdinfo
done
unset OCTET_DEVICE
check "two devices share buffers" lifecycle share
check "rmmod" unload
check "insmod" insmod /modules/octet.ko
check "a job gives right bits" fdinfo
