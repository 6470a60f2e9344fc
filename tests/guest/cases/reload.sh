# SPDX-License-Identifier: MIT
# The module is unloaded and loaded ten times, after clients that end at work.
# device: cores=2
# timeout: 120

lost=0
for round in $(seq 10); do
	rm -f /tmp/ready
	lifecycle busy /tmp/ready >/dev/null 2>&1 &
	pid=$!
	for i in $(seq 300); do
		[ -e /tmp/ready ] && break
		sleep 0.1
	done
	kill -9 $pid
	wait $pid 2>/dev/null
	unload && [ ! -e /dev/accel/accel0 ] && insmod /modules/octet.ko ||
		lost=$((lost + 1))
done
check "ten times rmmod and insmod after a client was killed, $lost failed" [ $lost = 0 ]
check "  a job gives right bits" fdinfo
