# SPDX-License-Identifier: MIT
# What init does when the cases of a machine are over; it prints TAP lines.
tap_n=0
. /etc/case.sh

kill -9 -1		# whatever a case left running; init itself is spared
sleep 1

if [ -d /sys/module/octet ]; then
	check "the module unloads" rmmod octet
fi

# The lines that the module executed, kept by the kernel beyond its unloading.
if [ -d /out ] && [ -d /sys/kernel/debug/gcov ]; then
	find /sys/kernel/debug/gcov -name '*.gcda' | while read -r f; do
		cat "$f" >"/out/${f##*/}"
	done
	check "what was executed is saved" sh -c 'ls /out | grep -q gcda'
fi

# A new object is only suspicious to the second scan, five seconds later.
if [ -f /sys/kernel/debug/kmemleak ]; then
	echo scan >/sys/kernel/debug/kmemleak
	sleep 6
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
