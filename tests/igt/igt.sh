# SPDX-License-Identifier: MIT
# igt-gpu-tools' tests that need no driver of their own, on Octet's node: a smoke
# test of what DRM gives it. /data is the folder of tests/lib/debian_root.sh.
# device: cores=2
# mem: 2G
# timeout: 900
# own-vm: yes
root=/tmp/igt
mkdir -p $root/dev $root/proc $root/sys $root/tmp $root/etc $root/usr
mount --bind /data/usr $root/usr
for d in bin lib lib64 sbin; do
	ln -s usr/$d $root/$d
done
for d in dev proc sys; do
	mount --rbind /$d $root/$d
done

# libigt looks for a card; minor numbers of DRM and of accel do the same here.
IFS=: read -r major minor </sys/class/accel/accel0/dev
mkdir -p /dev/dri
mknod /dev/dri/card0 c "$major" "$minor"

# What has to be skipped, and why.
known() {
	case $1 in
	core_auth@getclient-master-drop | core_auth@basic-auth | \
	core_auth@many-magics)
		echo "an accel node has no master and no magics" ;;
	sw_sync@* | syncobj_wait@* | syncobj_timeline@* | syncobj_eventfd@*)
		[ -e /sys/kernel/debug/sync/sw_sync ] ||
			echo "this kernel has no SW_SYNC" ;;
	esac
}

# outcome NAME RESULT
outcome() {
	case $2 in
	SUCCESS)
		igt_passed=$((igt_passed + 1))
		ok "$1"
		;;
	SKIP)
		igt_skipped=$((igt_skipped + 1))
		why=$(known "$1")
		if [ -n "$why" ]; then
			skip "$1" "$why"
		else
			not_ok "$1 was skipped, which is not known of it"
		fi
		;;
	*)
		igt_failed=$((igt_failed + 1))
		not_ok "$1: $2"
		;;
	esac
}

igt() {			# TEST ARGUMENT...
	chroot $root env PATH=/usr/bin:/bin LD_LIBRARY_PATH= \
		/usr/libexec/igt-gpu-tools/"$@"
}

# Some of them count on a sleep of 100 ms to be enough for a thread to get going:
# what fails may try twice more, by itself.
again() {		# TEST SUBTEST
	for again_try in 2 3; do
		echo "# $1@$2 again, $again_try of 3"
		igt "$1" --run-subtest "$2" >/tmp/igt.again 2>&1 && return
	done
	sed 's/^/# /' /tmp/igt.again | tail -n 40
	return 1
}

igt_passed=0 igt_failed=0 igt_skipped=0
for test in core_getversion core_getclient core_auth syncobj_basic \
	    syncobj_eventfd syncobj_wait syncobj_timeline sw_sync; do
	igt $test >/tmp/igt.out 2>&1
	status=$?
	sed -n 's/^Subtest \([^:]*\): \([A-Z]*\).*/\1 \2/p' /tmp/igt.out >/tmp/igt.subtests
	while read -r subtest result; do
		[ "$result" != FAIL ] || ! again $test "$subtest" </dev/null ||
			result=SUCCESS
		outcome "$test@$subtest" "$result"
	done </tmp/igt.subtests
	if [ ! -s /tmp/igt.subtests ]; then
		case $status in
		0) outcome $test SUCCESS ;;
		77) outcome $test SKIP ;;
		*) outcome $test "exit $status" ;;
		esac
	elif [ $status != 0 ] && [ $status != 77 ] && ! grep -q FAIL /tmp/igt.subtests; then
		outcome $test "exit $status"
	fi
	grep -q 'FAIL\|SKIP' /tmp/igt.subtests && sed 's/^/# /' /tmp/igt.out | tail -n 40
	[ $status = 0 ] || [ -s /tmp/igt.subtests ] || sed 's/^/# /' /tmp/igt.out
done
echo "# figure: IGT passed: $igt_passed"
echo "# figure: IGT skipped: $igt_skipped"
echo "# figure: IGT failed: $igt_failed"
