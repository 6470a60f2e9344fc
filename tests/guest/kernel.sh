#!/bin/sh
# SPDX-License-Identifier: MIT
# Brings kernels into the cache and prints the folder of the one asked for.
# Nothing is installed: packages are downloaded and unpacked, and a finished
# folder is used again without any network.
set -eu

# Raise this when the layout of a folder made here changes.
RECIPE=1
NEXT=7.2		# the series that the driver is written for
NEXT_SUITE=sid		# where Debian carries it

cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}

usage() {
	cat <<-END
	usage: tests/guest/kernel.sh stock | debug | next | source
	Prints a folder in $cache:
	  stock   the distribution's 6.12 kernel: vmlinuz, modules (a symbolic
	          link to lib/modules/RELEASE), kdir (for external modules), release
	  source  Linux $NEXT from Debian's linux-source package, never built in,
	          with drivers/accel/octet hooked in (that folder is left empty)
	Downloads need apt and a Debian mirror, once.
	END
}

die() {
	echo "kernel.sh: $*" >&2
	exit 1
}

say() {
	echo "kernel.sh: $*" >&2
}

keyed() {	# NAME INPUT...: a folder name that changes with the inputs
	name=$1
	shift
	echo "$name-$(echo "$RECIPE $*" | sha256sum | cut -c1-12)"
}

# A private apt root: this system's sources and lists stay as they are.
# $1 is a suite to add from the system's own mirror, or empty.
private_apt() {
	root=$tmp/apt
	mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/parts"
	cp /var/lib/dpkg/status "$root/status"
	{
		echo "Dir::State::lists \"$root/lists\";"
		echo "Dir::State::status \"$root/status\";"
		echo "Dir::Cache \"$root/cache\";"
		echo "APT::Sandbox::User \"root\";"
	} >"$root/apt.conf"
	if [ -n "$1" ]; then
		uri=$(mirror)
		[ -n "$uri" ] || die "no Debian mirror in /etc/apt: $1 has no source"
		cat >"$root/parts/suite.sources" <<-END
		Types: deb
		URIs: $uri
		Suites: $1
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
		END
		{
			echo 'Dir::Etc::sourcelist "/dev/null";'
			echo "Dir::Etc::sourceparts \"$root/parts\";"
			echo 'Dir::Etc::preferences "/dev/null";'
			echo "Dir::Etc::preferencesparts \"$root/parts\";"
		} >>"$root/apt.conf"
	fi
	export APT_CONFIG="$root/apt.conf"
	apt-get -q update >"$root/log" 2>&1 || {
		tail -n 5 "$root/log" >&2
		die "apt-get update failed: is the mirror reachable?"
	}
}

# The first archive address among the system's sources, one-line or deb822.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
	    /etc/apt/sources.list.d/*.sources 2>/dev/null |
		awk '/^ *#/ { next }
		     /^deb |^URIs:/ {
			for (i = 2; i <= NF; i++)
				if ($i ~ /^[a-z+]+:.*\/debian\/?$/) {
					print $i; exit
				}
		     }'
}

known() {
	apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

# Follows a metapackage to the packages with the files.
real() {
	apt-cache depends --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "$1" |
		sed -n 's/^ *Depends: \(linux-[a-z]*-[0-9].*\)/\1/p'
}

download() {
	(cd "$tmp/deb" && apt-get -q download "$@" >>"$tmp/log" 2>&1)
}

stock_names() {
	image=linux-image-6.12-amd64 headers=linux-headers-6.12-amd64
	known $image || { image=linux-image-amd64 headers=linux-headers-amd64; }
	names="$(real $image) $(real $headers)"
	for n in $(real $headers); do
		names="$names $(real "$n")"
	done
	names=$(echo "$names" | tr ' ' '\n' | grep -v -e -unsigned -e -gcc- |
		sort -u)
	case $names in
	*linux-image-6.12.*) return 0 ;;
	esac
	return 1
}

# The headers name each other by absolute paths below /usr/src and /usr/lib.
fix_headers() {
	for f in "$1"/usr/src/linux-headers-*/Makefile \
		 "$1"/usr/src/linux-headers-*/.kernelvariables; do
		[ ! -f "$f" ] || sed -i "s,\([ =]\)/usr/src/,\1$2/usr/src/,g" "$f"
	done
	find "$1/usr" -type l | while read -r l; do
		to=$(readlink "$l")
		case $to in
		/*) ln -sfn "$2$to" "$l" ;;
		esac
	done
}

make_stock() {
	stock_names && download $names || {
		private_apt ''
		stock_names || die "apt knows no linux-image of the series 6.12" \
			"(on Debian 12 it comes from bookworm-security)"
		download $names || { tail -n 5 "$tmp/log" >&2
			die "download failed: $names"; }
	}
	for deb in "$tmp"/deb/*.deb; do
		dpkg-deb -x "$deb" "$tmp/out"
	done
	release=$(basename "$tmp"/out/boot/vmlinuz-*)
	release=${release#vmlinuz-}
	fix_headers "$tmp/out" "$dir"
	[ -d "$tmp/out/lib/modules" ] || ln -s usr/lib "$tmp/out/lib"
	mv "$tmp/out/boot/vmlinuz-$release" "$tmp/out/vmlinuz"
	ln -s "lib/modules/$release" "$tmp/out/modules"
	ln -s "usr/src/linux-headers-$release" "$tmp/out/kdir"
	echo "$release" >"$tmp/out/release"
	# Without vmlinux the module build leaves out BTF, and so needs no pahole.
	rm -f "$tmp/out/kdir/vmlinux"
	depmod -b "$tmp/out" "$release" 2>/dev/null ||
		[ -f "$tmp/out/modules/modules.dep" ] ||
		die "depmod is missing (package kmod)"
}

# One line each: 7.2's Makefile ends without a newline, so append by sed.
hook() {
	mkdir "$1/drivers/accel/octet"
	: >"$1/drivers/accel/octet/Kconfig"
	: >"$1/drivers/accel/octet/Kbuild"
	sed -i '/source "drivers\/accel\/rocket\/Kconfig"/a\
source "drivers/accel/octet/Kconfig"' "$1/drivers/accel/Kconfig"
	sed -i '$a\' "$1/drivers/accel/Makefile"
	echo 'obj-y += octet/' >>"$1/drivers/accel/Makefile"
	grep -q octet "$1/drivers/accel/Kconfig" || die "drivers/accel/Kconfig changed its form"
}

# Debian drops a series when the next one comes: take the nearest 7.x then.
source_name() {
	known "linux-source-$NEXT" && { echo "linux-source-$NEXT"; return; }
	apt-cache search --names-only '^linux-source-7\.[0-9]*$' |
		cut -d' ' -f1 | sort -V | head -n 1
}

make_source() {
	private_apt "$NEXT_SUITE"
	package=$(source_name)
	[ -n "$package" ] || die "suite $NEXT_SUITE has no linux-source-7.*"
	download "$package" || { tail -n 5 "$tmp/log" >&2
		die "download of $package failed"; }
	dpkg-deb -x "$tmp"/deb/*.deb "$tmp/unpacked"
	mkdir "$tmp/out"
	# 300 MB of register lists that no build here reads
	tar -C "$tmp/out" --strip-components=1 --exclude='*/amd/include/asic_reg' \
		-xf "$tmp"/unpacked/usr/src/linux-source-*.tar.xz
	hook "$tmp/out"
	echo "${package#linux-source-}" >"$tmp/out/.series"
}

case "${1-}" in
stock) dir=$cache/$(keyed kernel-stock "$(. /etc/os-release && echo "$VERSION_CODENAME")") ;;
source) dir=$cache/$(keyed linux-source "$NEXT $NEXT_SUITE") ;;
debug | next) exec "$(dirname "$0")/kernel-build.sh" "$1" ;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

mkdir -p "$cache"
exec 9>"$dir.lock"
flock 9
if [ ! -d "$dir" ]; then
	tmp=$dir.tmp
	rm -rf "$tmp"
	mkdir -p "$tmp/deb"
	say "fetching $1 into $dir (once, about a minute)"
	case $1 in
	stock) make_stock ;;
	source) make_source ;;
	esac
	mv "$tmp/out" "$dir"
	rm -rf "$tmp"
fi
echo "$dir"
