#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds a Linux 7.2 kernel for the guest, once, and prints its folder, which
# has what a folder of kernel.sh has: vmlinuz, modules, kdir, release.
set -eu

# Raise this when the layout of a folder made here changes.
RECIPE=1

here=$(cd "$(dirname "$0")" && pwd)
cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}

usage() {
	cat <<-'END2'
	usage: tests/guest/kernel-build.sh debug | next
	  debug  base.config and debug.config: every checker on
	  next   base.config and next.config: small and fast
	An interrupted build goes on where it stopped.
	END2
}

say() {
	echo "kernel-build.sh: $*" >&2
}

die() {
	say "$*"
	exit 1
}

case "${1-}" in
debug | next) name=$1 ;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

# Symbols without a prompt are had only by something that selects them.
deps_kconfig() {
	cat <<-'END2'
	config DRM_ACCEL_OCTET_DEPS
		bool "What the Octet driver selects, for a driver built outside"
		depends on PCI && MMU
		select DRM_SCHED
		select DRM_EXEC
		select DRM_GEM_SHMEM_HELPER
		select WANT_DEV_COREDUMP
		select DRM_KUNIT_TEST_HELPERS if KUNIT
	END2
}

fragment() {
	cat "$here/base.config" "$here/$name.config"
}

src=$("$here/kernel.sh" source)
key=$( { echo "$RECIPE"; basename "$src"; gcc -dumpfullversion
	 fragment | grep '^CONFIG'; deps_kconfig; } | sha256sum | cut -c1-12)
dir=$cache/kernel-$name-$key
log=$dir/log
mkdir -p "$dir"
exec 9>"$dir.lock"
flock 9
if [ -f "$dir/ready" ]; then
	echo "$dir"
	exit
fi

# A tree of hard links with a drivers/accel/octet of its own: the one in the
# shared tree changes while KUnit runs.
make_tree() {
	rm -rf "$dir/tree" "$dir/tree.tmp"
	exec 8>"$src.overlay.lock"
	flock 8
	cp -al "$src" "$dir/tree.tmp"
	exec 8>&-
	rm -rf "$dir/tree.tmp/drivers/accel/octet"
	rm -f "$dir"/tree.tmp/include/uapi/drm/octet*
	mkdir "$dir/tree.tmp/drivers/accel/octet"
	deps_kconfig >"$dir/tree.tmp/drivers/accel/octet/Kconfig"
	: >"$dir/tree.tmp/drivers/accel/octet/Kbuild"
	mv "$dir/tree.tmp" "$dir/tree"
}

kmake() {
	make -C "$dir/tree" O="$dir/obj" ARCH=x86 "$@" >>"$log" 2>&1 9>&-
}

configure() {
	mkdir -p "$dir/obj"
	fragment | grep '^CONFIG' >"$dir/obj/all.config"
	kmake -s KCONFIG_ALLCONFIG="$dir/obj/all.config" allnoconfig
	lost=
	while read -r line; do
		s=${line%%=*}
		case $line in
		*=n) ! grep -q "^$s=" "$dir/obj/.config" || lost="$lost $line" ;;
		*) grep -qxF "$line" "$dir/obj/.config" || lost="$lost $line" ;;
		esac
	done <"$dir/obj/all.config"
	[ -z "$lost" ] || die "the configuration lost:$lost"
}

# How far: objects so far, of a kernel of this configuration.
progress() {
	start=$(date +%s)
	while sleep 20; do
		say "$name kernel: $(grep -cE '^  (CC|AS|AR)  ' "$log") of about" \
			"$1 steps, $(($(date +%s) - start)) s"
	done
}

say "building the $name kernel in $dir, once" \
	"(up to 20 minutes on two processors)"
: >"$log"
[ -d "$dir/tree" ] || make_tree
configure
progress 1760 8>&- 9>&- &
ticker=$!
trap 'kill $ticker 2>/dev/null' EXIT
kmake -j"$(nproc)" bzImage modules || {
	grep -B2 -A8 -E 'error:|Error [0-9]|undefined' "$log" | tail -n 30 >&2
	die "the build failed ($log)"
}
kill $ticker 2>/dev/null
trap - EXIT

cp "$dir/obj/arch/x86/boot/bzImage" "$dir/vmlinuz"
release=$(cat "$dir/obj/include/config/kernel.release")
mkdir -p "$dir/lib/modules/$release"
: >"$dir/lib/modules/$release/modules.dep"	# everything is built in
ln -sfn "lib/modules/$release" "$dir/modules"
ln -sfn obj "$dir/kdir"
echo "$release" >"$dir/release"
# Modules build against what is left.
find "$dir/obj" -path "$dir/obj/scripts" -prune -o -path "$dir/obj/tools" \
	-prune -o \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o \
	-name 'vmlinux*' -o -name '.tmp_vmlinux*' \) -type f -exec rm -f {} +
: >"$dir/ready"
echo "$dir"
