#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the guest's initramfs: busybox, the kernel's modules in the order to
# load them, octet.ko, and programs with their shared libraries.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")

usage() {
	cat <<-END
	usage: tests/guest/initramfs.sh KERNEL OUT [--ko FILE] [--module FILE]
	                                [PROGRAM...]
	KERNEL is a folder printed by kernel.sh, OUT the archive to write. The
	module of --module lies beside octet.ko, and no one loads it.
	END
}

die() {
	echo "initramfs: $*" >&2
	exit 1
}

case "${1-}" in
--help | -h) usage; exit 0 ;;
esac
[ $# -ge 2 ] || { usage >&2; exit 2; }
kernel=$1 out=$2 ko='' more=
shift 2
if [ "${1-}" = --ko ]; then
	ko=$2
	shift 2
	[ -f "$ko" ] || die "$ko is not there: build the module first (make module)"
fi
if [ "${1-}" = --module ]; then
	more=$2
	shift 2
fi

busybox=$(command -v busybox) || die "busybox is missing (package busybox-static)"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root
mkdir -p "$root/bin" "$root/lib" "$root/etc" "$root/modules" "$root/dev"
cp "$busybox" "$root/bin/busybox"
cp "$here/init" "$root/init"
cp "$here/case.sh" "$here/finish.sh" "$root/etc/"
chmod 755 "$root/init"
[ ! -e "$root/dev/console" ] && mknod "$root/dev/console" c 5 1 2>/dev/null || :

# The dependencies of a module, first to load first; built-in ones have none.
order() {
	dep=$kernel/modules/modules.dep
	for m in "$@"; do
		awk -v m="$(echo "$m" | tr - _)" -F: '
			{ n = $1; sub(/.*\//, "", n); sub(/\.ko.*/, "", n)
			  gsub(/-/, "_", n)
			  if (n == m) {
				k = split($2, d, " ")
				for (i = k; i; i--) print d[i]
				print $1
			  } }' "$dep"
	done | awk '!seen[$0]++'
}

wanted='virtio_pci virtio_console 9p 9pnet_virtio drm drm_shmem_helper gpu-sched'
if [ -n "$ko" ]; then
	wanted="$wanted $(modinfo -F depends "$ko" | tr , ' ')"
fi
# shellcheck disable=SC2086 # a list of names
for path in $(order $wanted); do
	name=$(basename "$path")
	name=${name%%.ko*}.ko
	case $path in
	*.xz) xz -dc "$kernel/modules/$path" >"$root/modules/$name" ;;
	*.zst) zstd -qdc "$kernel/modules/$path" >"$root/modules/$name" ;;
	*) cp "$kernel/modules/$path" "$root/modules/$name" ;;
	esac
	echo "$name" >>"$root/modules/order"
done
touch "$root/modules/order"
if [ -n "$ko" ]; then
	cp "$ko" "$root/modules/octet.ko"
	echo octet.ko >>"$root/modules/order"
fi
if [ -n "$more" ]; then
	cp "$more" "$root/modules/"
fi

# Our own libraries go to /lib, the system's where the loader looks for them.
for program in "$@"; do
	cp "$program" "$root/bin/"
	LD_LIBRARY_PATH=$top/build/lib ldd "$program" 2>/dev/null |
		sed -n -e 's/.*=> \(\/[^ ]*\).*/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
done | sort -u | while read -r lib; do
	case $lib in
	"$top"/*) cp -L "$lib" "$root/lib/" ;;
	*) mkdir -p "$root$(dirname "$lib")"; cp -L "$lib" "$root$lib" ;;
	esac
done

mkdir -p "$(dirname "$out")"
(cd "$root" && find . | sort | cpio -o -H newc -R 0:0 --quiet) >"$out.$$"
mv "$out.$$" "$out"
