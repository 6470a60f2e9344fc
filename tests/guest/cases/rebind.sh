# SPDX-License-Identifier: MIT
# The driver leaves the device and comes back a hundred times, a client at work
# in half of the rounds; jobs that run when it leaves.
# device: cores=2
# timeout: 240
# machine: comes-and-goes
at=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
driver=/sys/bus/pci/drivers/octet

rm -f /tmp/stop
lost=0
rounds=100
[ ! -e /sys/kernel/debug/kmemleak ] || rounds=20	# a slow kernel
lifecycle churn /tmp/stop >/tmp/churn 2>&1 &
pid=$!
for round in $(seq $rounds); do
	# In the second half: what leaves is idle, or asleep.
	if [ $round -le $((rounds / 2)) ]; then
		sleep 0.05
	elif [ ! -e /tmp/stop ]; then
		touch /tmp/stop
		wait $pid
		status=$?
	fi
	echo "$at" >$driver/unbind && echo "$at" >$driver/bind || lost=$((lost + 1))
done
check "$rounds times unbind and bind, $lost failed" [ $lost = 0 ]
cat /tmp/churn
check "  a client at work in half of them" [ $status = 0 ]
check "  one device node is left" [ "$(ls /dev/accel | wc -l)" = 1 ]
OCTET_DEVICE=/dev/accel/$(ls /dev/accel)
export OCTET_DEVICE
check "  a job gives right bits" fdinfo

rm -f /tmp/ready
lifecycle busy /tmp/ready >/tmp/busy 2>&1 &
pid=$!
for i in $(seq 300); do
	[ -e /tmp/ready ] && break
	sleep 0.1
done
check "a job runs, by the device's counters" [ -e /tmp/ready ]
check "  unbind" sh -c "echo $at >$driver/unbind"
wait $pid
status=$?
cat /tmp/busy
check "  its client ends in peace" [ $status = 0 ]
check "  bind" sh -c "echo $at >$driver/bind"
OCTET_DEVICE=/dev/accel/$(ls /dev/accel)
check "  a job gives right bits" fdinfo
check "rmmod" unload
check "insmod" insmod /modules/octet.ko
