# SPDX-License-Identifier: MIT
# Hostile and careless clients, alone, with hanging jobs and under unbind.
# kernel: stock debug-full
# device: cores=2
# smp: 2
# timeout: 180
# own-vm: yes
check "a buffer listed twice" stress twice
check "clients that make a mess" stress storm 8

stress storm 14 >/tmp/storm 2>&1 &
pid=$!
for i in 1 2 3 4; do
	sleep 2
	octet_set inject-hang 3
	sleep 1
	octet_set inject-drop-irq 2
	octet_set inject-bad-completion 5
done
wait $pid
status=$?
cat /tmp/storm
check "clients and jobs that hang" [ $status = 0 ]

# The number of the node changes while a client holds the old one.
node() {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		OCTET_DEVICE=$(ls /dev/accel/accel* 2>/dev/null | head -1)
		[ -n "$OCTET_DEVICE" ] && break
		sleep 0.5
	done
	export OCTET_DEVICE
}

address=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
for round in 1 2 3 4; do
	node
	stress busy 3 >/tmp/busy 2>&1 &
	pid=$!
	sleep 1.5
	[ $round -gt 2 ] && octet_set inject-hang 1 && sleep 0.2
	echo "$address" >/sys/bus/pci/drivers/octet/unbind
	echo "$address" >/sys/bus/pci/drivers/octet/bind
	wait $pid
done
octet_set inject-hang 0
node
check "unbind and bind under load: then a job gives right bits" stress storm 1
check "rmmod" unload
check "insmod" insmod /modules/octet.ko
