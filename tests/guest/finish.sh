# SPDX-License-Identifier: MIT
# What init does when the cases of a machine are over; it prints TAP lines.
tap_n=0
. /etc/case.sh

kill -9 -1		# whatever a case left running; init itself is spared
sleep 1

if [ -d /sys/module/octet ]; then
	check "the module unloads" unload
fi

# The lines that the module executed, kept by the kernel beyond its unloading. No
# share of the host is sure to be there after a case.
if grep -q octet.gcov /proc/cmdline; then
	mkdir -p /tmp/gcov
	find /sys/kernel/debug/gcov -name '*.gcda' | while read -r f; do
		cat "$f" >"/tmp/gcov/${f##*/}"
	done
	echo "gcov $(tar -c -C /tmp/gcov . | gzip | base64 | tr -d '\n')"
	check "what was executed is saved" sh -c 'ls /tmp/gcov | grep -q gcda'
fi

# A new object is only suspicious to the second scan, and when it is five seconds old.
if [ -f /sys/kernel/debug/kmemleak ]; then
	read -r up rest </proc/uptime
	echo scan >/sys/kernel/debug/kmemleak
	while read -r now rest </proc/uptime && [ $((${now%.*} - ${up%.*})) -lt 7 ]; do
		sleep 1
	done
	echo scan >/sys/kernel/debug/kmemleak
	sed 's/^/# /' /sys/kernel/debug/kmemleak >/tmp/leaks
	cat /tmp/leaks
	check "no memory has leaked" [ ! -s /tmp/leaks ]
fi

# After its first finding lockdep says nothing more.
if [ -f /proc/lockdep_stats ]; then
	check "lockdep was on to the end" \
		grep -q 'debug_locks: *1' /proc/lockdep_stats
fi
