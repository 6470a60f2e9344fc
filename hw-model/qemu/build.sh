#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds QEMU with the Octet device; the binary's path is all it writes to
# stdout. Two stages, both in the cache: the base is QEMU's source and build
# tree without Octet, built once; the device is built on top of it by ninja.
# shellcheck disable=SC2317 # functions that "step" calls
set -eu

usage() {
	cat <<-'END'
	usage: hw-model/qemu/build.sh [--qtest | --base | --help]
	Builds QEMU with the Octet device, prints the path of qemu-system-x86_64.
	  --qtest  build the qtest program too; its path is the second line
	  --base   build only what does not depend on the device's sources
	QEMU_SRC=DIR       another QEMU source tree (>= 9.2), instead of Debian's
	QEMU_SUITE=trixie  the Debian suite whose source package is taken
	OCTET_CACHE=DIR    the cache (default ~/.cache/octet)
	JOBS=N             parallel jobs (default: all processors)
	Run what it prints with: -L /usr/share/seabios -L /usr/share/qemu
	END
}

qtest='' base_only=''
case "${1-}" in
'') ;;
--qtest) qtest=y ;;
--base) base_only=y ;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/hw-model/qemu
log=$top/build/log/qemu.log
cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}
suite=${QEMU_SUITE:-trixie}
jobs=${JOBS:-$(nproc)}
options="--target-list=x86_64-softmmu --without-default-features
	--without-default-devices --with-devices-x86_64=octet --enable-tcg
	--enable-kvm --enable-virtfs --enable-attr --enable-cap-ng
	--enable-plugins --enable-trace-backends=log --disable-docs
	--disable-guest-agent --disable-tools --disable-install-blobs"

say() { printf 'qemu: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
hash() { sha256sum | cut -c1-16; }

# step WHAT USUAL-SECONDS COMMAND...: runs it into the log, tells the time.
step() {
	what=$1 usual=$2 start=$(date +%s)
	shift 2
	printf 'qemu: %s (usually %s s) ...' "$what" "$usual" >&2
	# A sign of life. It must not hold our descriptors when killed.
	(while sleep 30 >/dev/null 2>&1 9>&-; do
		printf ' %s' "$(tail -n1 "$log" | sed -n 's/^\(\[[0-9/]*\]\).*/\1/p')"
	done >&2) 9>&- &
	tick=$!
	rc=0
	(set -e; "$@") >>"$log" 2>&1 </dev/null || rc=$?
	kill "$tick" 2>/dev/null || :
	wait "$tick" 2>/dev/null || :
	printf ' %s s\n' $(($(date +%s) - start)) >&2
	[ "$rc" = 0 ] && return 0
	tail -n 20 "$log" >&2
	die "$what failed; the whole log is $log"
}

configure() {
	"$here/tree.sh" --empty "$base/src"
	rm -rf "$base/build"
	mkdir "$base/build"
	cd "$base/build"
	# shellcheck disable=SC2086 # a list of options
	../src/configure $options
}

# publish FILE FOLDER: puts a copy there, complete or not at all.
publish() {
	mkdir -p "$cache/$2"
	strip -g -o "$cache/$2/.tmp.$$" "$1"
	mv "$cache/$2/.tmp.$$" "$cache/$2/$(basename "$1")"
}

device() {
	"$here/tree.sh" "$base/src"
	cd "$base/build"
	[ "$(dev_key)" = "$dev_key" ] ||
		{ echo "the sources changed meanwhile: run it again"; exit 1; }
	ninja -j"$jobs" "$@"
}

# The compiler and the libraries of the system are inputs too.
base_key() {
	echo "$options"
	cat "$here/octet.mak" "$here"/fixes/*.patch /etc/os-release
	gcc -dumpfullversion 2>&1 || :
	echo "${QEMU_SRC-$suite}"
	[ -z "${QEMU_SRC-}" ] || cat "$QEMU_SRC/VERSION"
}

if [ -n "${QEMU_SRC-}" ] && [ ! -f "$QEMU_SRC/VERSION" ]; then
	die "QEMU_SRC=$QEMU_SRC is not a QEMU source tree (it has no VERSION)"
fi
key=$(base_key | hash)
base=$cache/qemu-base-$key
dev_key() {
	{ echo "$key"; "$here/tree.sh" --sources | grep -v '/qemu/.*qtest' |
		xargs sha256sum | sed "s|$top/||"; } | hash
}
dev_key=$(dev_key)
test_key=$({ echo "$dev_key"; "$here/tree.sh" --sources |
	grep '/qemu/.*qtest' | xargs -r cat; } | hash)
binary=$cache/qemu-$dev_key/qemu-system-x86_64
qtest_binary=$cache/qtest-$test_key/octet-test

finish() {
	touch -c "$(dirname "$binary")" "$(dirname "$qtest_binary")"
	[ -n "$base_only" ] || echo "$binary"
	[ -z "$qtest" ] || echo "$qtest_binary"
	exit 0
}

[ -z "$qtest" ] || ls "$here"/*qtest*.c >/dev/null 2>&1 ||
	die "--qtest: there is no hw-model/qemu/*qtest*.c"
if [ -z "$base_only" ] && [ -x "$binary" ]; then
	[ -z "$qtest" ] || [ -x "$qtest_binary" ] && finish
fi

[ -n "${NO_DEPS-}" ] || "$top/tests/deps.sh" >&2
PYTHONPATH=$base/meson/usr/lib/python3/dist-packages
export PYTHONPATH

mkdir -p "$base" "$(dirname "$log")"
exec 9>"$base.lock"
flock -n 9 || { say "waiting for another build of QEMU"; flock 9; }
: >"$log"
# meson's build trees cannot be moved, so the base is built where it stays, and
# is complete when the stamp says so.
if [ ! -e "$base/complete" ]; then
	say "the base is built once, and kept in $base"
	[ -d "$base/src" ] || step "source, from Debian's $suite" 15 "$here/fetch.sh" "$base"
	step "configure" 30 configure
	step "build" 200 ninja -C "$base/build" -j"$jobs" qemu-system-x86_64
	touch "$base/complete"
fi
[ -z "$base_only" ] || finish

if [ ! -x "$binary" ]; then
	step "the octet device" 15 device qemu-system-x86_64
	publish "$base/build/qemu-system-x86_64" "qemu-$dev_key"
fi
if [ -n "$qtest" ] && [ ! -x "$qtest_binary" ]; then
	step "the qtest program" 40 device tests/qtest/octet/octet-test
	publish "$base/build/tests/qtest/octet/octet-test" "qtest-$test_key"
fi
# Earlier devices that nobody ran for a week.
find "$cache" -maxdepth 1 \( -name 'qemu-[0-9a-f]*' -o -name 'qtest-*' \) \
	! -name 'qemu-base-*' -type d -mtime +7 -exec rm -rf {} +
finish
