#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts Octet into a QEMU source tree; build.sh calls it. Writes only what
# differs, so that ninja builds only that.
set -eu

usage() {
	cat <<-'END'
	usage: hw-model/qemu/tree.sh --sources
	       hw-model/qemu/tree.sh [--empty] QEMU-SOURCE
	Puts Octet at hw/misc/octet of a QEMU source tree, its qtests (*qtest*)
	at tests/qtest/octet, and names both in QEMU's build files. Mends what
	Octet's tests found in QEMU itself (fixes/).
	  --sources  only list our files, one a line
	  --empty    all but the device and the qtests themselves
	END
}

top=$(cd "$(dirname "$0")/../.." && pwd)
hw=$top/hw-model

sources() {
	find "$hw/core" "$hw/qemu" "$top/uapi/drm" "$top/driver/octet_regs.h" \
		-name '*.[ch]' -o -path '*/qemu/trace-events' -o \
		-path '*/qemu/meson.build' -o -path '*/qemu/Kconfig' |
		LC_ALL=C sort
}

# Lays out below $stage what we add to QEMU's tree: the project's own folders,
# so that every include in them means the same here and there.
lay_out() {
	d=$stage/hw/misc/octet t=$stage/tests/qtest/octet
	mkdir -p "$t"
	for dir in hw-model/core hw-model/qemu uapi/drm driver; do
		mkdir -p "$d/$dir"
		: >"$d/$dir/.keep"	# meson wants the folders
	done
	cp "$hw/qemu/meson.build" "$hw/qemu/Kconfig" "$d"
	echo '#include "trace/trace-hw_misc_octet.h"' >"$d/hw-model/qemu/trace.h"
	: >"$d/trace-events"
	[ -n "$empty" ] || sources | while read -r f; do
		case $f in
		*/qemu/*qtest*) cp "$f" "$t" ;;
		*.[ch]) cp "$f" "$d/${f#"$top/"}" ;;
		*) cp "$f" "$d" ;;
		esac
	done
	(cd "$d" && find . -name '*.c' | LC_ALL=C sort >sources.list)
	[ -n "$(ls "$t")" ] || echo 'int main(void) { return 1; }' >"$t/none.c"
	(cd "$t" && find . -name '*.c' | LC_ALL=C sort >sources.list)
	cat >"$t/meson.build" <<-'END'
	executable('octet-test', files(fs.read('sources.list').split()),
	           include_directories: '..', build_by_default: false,
	           dependencies: [qemuutil, qos, octet_include])
	END
}

# sync FOLDER: makes it in the tree what it is in the stage.
sync() {
	mkdir -p "$tree/$1"
	(cd "$tree/$1" && find . -type f) | while read -r f; do
		[ -e "$stage/$1/$f" ] || rm "$tree/$1/$f"
	done
	(cd "$stage/$1" && find . -type f) | while read -r f; do
		cmp -s "$stage/$1/$f" "$tree/$1/$f" && continue
		mkdir -p "$(dirname "$tree/$1/$f")"
		cp "$stage/$1/$f" "$tree/$1/$f"
	done
}

# The places of QEMU's own files that must know of us; once per tree.
hook() {
	cd "$tree"
	if ! grep -q octet meson.build; then
		sed -i "s|^\( *\)'hw/misc',|&\n\1'hw/misc/octet',|" meson.build
		grep -q "'hw/misc/octet'," meson.build
	fi
	for f in hw/misc/meson.build tests/qtest/meson.build; do
		grep -q octet $f || echo "subdir('octet')" >>$f
	done
	grep -q octet hw/misc/Kconfig ||
		echo "source octet/Kconfig" >>hw/misc/Kconfig
	f=configs/devices/x86_64-softmmu/octet.mak
	cmp -s "$hw/qemu/octet.mak" $f || cp "$hw/qemu/octet.mak" $f
	# As it is in 10.0; others have no such line.
	! grep -q 'address_space_to_dispatch(cpuas->as)' system/physmem.c ||
		patch -s -p1 <"$hw/qemu/fixes/tlb-view.patch"
}

empty=
case "${1-}" in
--sources) sources; exit 0 ;;
--help | -h) usage; exit 0 ;;
--empty) empty=y; shift ;;
esac
tree=${1-}
if [ ! -f "$tree/hw/misc/meson.build" ]; then
	echo "tree.sh: '$tree' is not a QEMU source tree" >&2
	usage >&2
	exit 2
fi
tree=$(cd "$tree" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
lay_out
sync hw/misc/octet
sync tests/qtest/octet
hook
