# SPDX-License-Identifier: MIT
# The device loses its state by function level resets.
# device: cores=2
# timeout: 60
# own-vm: yes
address=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
sys=/sys/bus/pci/devices/$address

check "a client holds the device" sh -c 'lifetime hold >/tmp/hold & sleep 1; grep -q ^ok /tmp/hold'
check "function level reset" sh -c "echo 1 >$sys/reset"
check "  a job gives right bits" fdinfo
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
