#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles the driver against Linux 7.2, the kernel it is written for, with
# W=1 and sparse. A compile check: the module has no symbol versions and is
# not for loading.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/kbuild.sh"
top=$(dirname "$here")
cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}
driver=$top/driver

usage() {
	cat <<-END
	usage: tests/kernel72.sh [--driver DIR]
	Compiles DIR (default driver/) against Linux 7.2 with W=1 and, where it
	is installed, sparse. A warning is a failure.
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--driver) driver=$(cd "$2" && pwd); shift ;;
	--help | -h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

src=$("$here/guest/kernel.sh" source)

# The symbols that an accel driver on a PC finds set.
fragment() {
	for s in 64BIT SMP MODULES PCI PCI_MSI ACPI DRM DRM_ACCEL DEBUG_FS PM \
		 SUSPEND SYNC_FILE PROC_FS SYSFS DEVTMPFS MULTIUSER EPOLL; do
		echo "CONFIG_$s=y"
	done
}

# modules_prepare with a configuration of its own, 20 s, kept in the cache.
prepare() {
	mkdir -p "$tmp"
	fragment >"$tmp/octet.config"
	make -s -C "$src" O="$tmp" ARCH=x86 \
		KCONFIG_ALLCONFIG="$tmp/octet.config" allnoconfig
	make -C "$src" O="$tmp" ARCH=x86 -j"$(nproc)" modules_prepare
}

key=$( { basename "$src"; gcc -dumpfullversion; fragment; } |
	sha256sum | cut -c1-12)
kdir=$cache/kernel72-$key
log=$top/build/log/kernel72
mkdir -p "$log" "$cache"
exec 9>"$kdir.lock"
flock 9
if [ ! -f "$kdir/ready" ]; then
	echo "kernel72: preparing Linux for module builds, once, 20 s" >&2
	rm -rf "$kdir"
	tmp=$kdir	# kbuild writes absolute paths: a later rename would break them
	prepare >"$log/prepare" 2>&1 || {
		tail -n 20 "$log/prepare"
		echo "kernel72: modules_prepare failed (build/log/kernel72/prepare)"
		echo "0 passed, 1 failed, 0 skipped"
		exit 1
	}
	: >"$kdir/ready"
fi

# A tree that has the uAPI headers finds its own ones first.
exec 8>"$src.overlay.lock"
flock 8
for h in "$top"/uapi/drm/*.h; do
	cmp -s "$h" "$src/include/uapi/drm/$(basename "$h")" ||
		cp "$h" "$src/include/uapi/drm/"
done

# A folder of links, as the driver's own folder takes no build files.
work=$top/build/kmod-7.2
rm -rf "$work"
mkdir -p "$work/driver"
cp -rs "$driver/." "$work/driver"
ln -s "$top/uapi" "$work/uapi"

series=$(make -s -C "$src" kernelversion)
passed=0 failed=0 skipped=0

build() {	# NAME MAKE-ARGUMENT...
	name=$1
	shift
	if kbuild_check "$log/$name" "$kdir" "$work/driver" \
		KBUILD_MODPOST_WARN=1 CONFIG_DRM_ACCEL_OCTET_KUNIT_TEST=y "$@"; then
		passed=$((passed + 1))
		echo "pass $name (Linux $series)"
	else
		failed=$((failed + 1))
		echo "fail $name (Linux $series): build/log/kernel72/$name"
		tail -n 30 "$log/$name.findings"
	fi
}

build compile W=1
if [ ! -f "$work/driver/octet.ko" ] && [ $failed = 0 ]; then
	failed=1 passed=0
	echo "fail compile: make made no octet.ko"
fi
if command -v sparse >/dev/null 2>&1; then
	build sparse W=1 C=2 CF=-D__CHECK_ENDIAN__
else
	skipped=1
	echo "skip sparse: not installed (package sparse)"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
