# SPDX-License-Identifier: MIT
# The device loses its state by function level resets, with jobs running and
# queued: they end between two commands, and go on afterwards.
# device: cores=2
# timeout: 120
# machine: comes-and-goes
address=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
sys=/sys/bus/pci/devices/$address

lifetime hold >/tmp/hold &
for i in $(seq 300); do
	grep -q ^ok /tmp/hold && break
	sleep 0.1
done
check "a client holds the device" grep -q ^ok /tmp/hold
check "function level reset" sh -c "echo 1 >$sys/reset"
check "  a job gives right bits" fdinfo

rm -f /tmp/stop
lifecycle stream /tmp/stop >/tmp/stream 2>&1 &
pid=$!
for i in $(seq 20); do
	sleep 0.1
	echo 1 >$sys/reset || not_ok "reset $i"
done
touch /tmp/stop
wait $pid
status=$?
cat /tmp/stream
check "20 function level resets cost no job, and no bit" [ $status = 0 ]

stress storm 4 >/tmp/storm 2>&1 &
pid=$!
for i in 1 2 3 4; do
	sleep 0.7
	echo 1 >$sys/reset || not_ok "reset $i"
done
wait $pid
status=$?
cat /tmp/storm
check "function level resets under load" [ $status = 0 ]
killall -9 lifetime
