# SPDX-License-Identifier: MIT
# The system sleeps while jobs run and others are queued: they go on afterwards,
# and none is lost. Then with a device that sleeps, and one that is gone.
# kernel: stock
# device: cores=2
# timeout: 180
# own-vm: yes
# append: tsc=nowatchdog
#
# The share of the host does not come back from S3, and the last close of a file
# there would never end; programs are in the initramfs.
case $0 in
/host/*)
	cp "$0" /tmp/sleep.sh
	exec sh -c '. /etc/case.sh; . "$0"' /tmp/sleep.sh
	;;
esac
at=$(basename "$(readlink -f /sys/class/accel/accel0/device)")
sys=/sys/bus/pci/devices/$at

# Real sleep ends by the clock; a test of the levels before it by itself. The
# firmware forgets where the ports of power management are: put them back, or
# the kernel's clock stands still. An alarm that comes before it sleeps wakes nobody:
# five seconds are plenty also on a busy machine.
lpc=/sys/bus/pci/devices/0000:00:1f.0/config
suspend() {		# mem-sleep STATE, TEST
	echo "$1" >/sys/power/mem_sleep
	echo "$2" >/sys/power/pm_test
	echo 0 >/sys/class/rtc/rtc0/wakealarm
	[ "$2" != none ] || echo +5 >/sys/class/rtc/rtc0/wakealarm
	dd if=$lpc of=/tmp/lpc bs=1 skip=64 count=8 2>/dev/null
	before=$(cat /sys/power/suspend_stats/success)
	echo mem >/sys/power/state
	result=$?
	dd if=/tmp/lpc of=$lpc bs=1 seek=64 conv=notrunc 2>/dev/null
	[ $result = 0 ] &&
		[ "$(cat /sys/power/suspend_stats/success)" -gt "$before" ]
}

at_work() {		# TEXT COMMAND...: the command with a client at work
	rm -f /tmp/stop
	lifecycle stream /tmp/stop >/tmp/stream 2>&1 &
	pid=$!
	sleep 0.5
	check "$@"
	sleep 0.5
	touch /tmp/stop
	wait $pid
	status=$?
	cat /tmp/stream
	check "  its client lost no job, and no bit" [ $status = 0 ]
}

echo 1 >/sys/module/suspend/parameters/pm_test_delay
at_work "devices suspend and resume, with jobs" suspend deep devices
at_work "suspend to idle as far as the device goes, with jobs" suspend s2idle platform
at_work "S3, with jobs" suspend deep none
check "S3 of an idle device" suspend deep none
check "  the first job is right" fdinfo

# A device that sleeps when the system does, which leaves it alone.
echo auto >"$sys/power/control"
for i in $(seq 100); do
	[ "$(cat "$sys/power/runtime_status")" = suspended ] && break
	sleep 0.1
done
check "the device sleeps" [ "$(cat "$sys/power/runtime_status")" = suspended ]
check "  devices suspend and resume" suspend deep devices
check "  S3" suspend deep none
check "  the first job is right" fdinfo

octet_set gone true
check "devices suspend and resume, with one that is gone" suspend deep devices
check "  S3" suspend deep none
check "  octet info says that it cannot, exit 3" sh -c \
	'octet info --backend drm >/dev/null 2>&1; [ $? = 3 ]'
octet_set gone false
check "rmmod" unload
check "insmod" insmod /modules/octet.ko
check "  a job gives right bits" fdinfo
