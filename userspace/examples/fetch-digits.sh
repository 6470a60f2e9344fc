#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Puts the 1,797 UCI handwritten digits into build/data/digits.csv: one image a
# line, 64 pixels of 0..16 and the label. Debian's python3-sklearn package
# carries them; the package is downloaded and this one file taken out of it.
# Nothing of scikit-learn is installed or run. The file is kept in the cache,
# so that the second time, and every other clone, needs no network.

set -eu

sum=6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8
packages="python3-sklearn python3-sklearn-lib"
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
out=${1:-$root/build/data/digits.csv}
cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/octet}
kept=$cache/digits-$(printf %.16s $sum)/digits.csv
tmp=

say() {
	echo "fetch-digits: $*" >&2
}

die() {
	say "error: $*"
	exit 1
}

usage() {
	cat <<END
Usage: fetch-digits.sh [FILE]

Writes the UCI digits as CSV to FILE (default: build/data/digits.csv).
The cache is \$OCTET_CACHE, else \$XDG_CACHE_HOME/octet, else ~/.cache/octet.
Exit code: 0 the file is there and its checksum is right, 1 it is not,
2 wrong usage.
END
}

good() {
	[ -f "$1" ] && echo "$sum  $1" | sha256sum -c --status 2>/dev/null
}

# The CSV of the package $1, downloaded to the current folder, on stdout.
extract() {
	dpkg-deb --fsys-tarfile "$1"_*.deb |
		tar -xO --wildcards '*/datasets/data/digits.csv.gz' | gunzip
}

download() {
	# apt's sandbox user cannot write to our folder; without root there is
	# no such user.
	sandbox=APT::Sandbox::User=$(id -un)
	for package in $packages; do
		apt-get -q -o "$sandbox" download "$package" >>apt.log 2>&1 ||
			continue
		extract "$package" >digits.csv 2>>apt.log || continue
		[ -s digits.csv ] && return 0
	done
	return 1
}

# A fresh installation has no package lists; fetching them needs root.
update_lists() {
	if [ "$(id -u)" = 0 ]; then
		say "no usable package lists, running apt-get update"
		apt-get -q update >>apt.log 2>&1
	elif command -v sudo >/dev/null; then
		say "no usable package lists, running sudo apt-get update"
		sudo apt-get -q update 2>&1 | cat >>apt.log
	else
		return 1
	fi
}

fill_cache() {
	mkdir -p "$cache" || die "cannot create the cache $cache;" \
		"set OCTET_CACHE to a folder that can be written"
	exec 9>"$cache/digits.lock"
	flock 9
	good "$kept" && return 0
	tmp=$(mktemp -d "$cache/digits.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 1' INT TERM HUP
	say "downloading python3-sklearn (2 MB) for its digits.csv.gz"
	(
		cd "$tmp"
		download || { update_lists && download; }
	) || {
		sed 's/^/    /' "$tmp/apt.log" >&2
		die "apt gave no package with digits.csv.gz (tried: $packages);" \
			"check the network and run 'apt-get update', then again"
	}
	good "$tmp/digits.csv" || die "digits.csv has SHA-256" \
		"$(sha256sum <"$tmp/digits.csv" | cut -d' ' -f1)," \
		"expected $sum: this is another version of the data"
	mkdir "$tmp/new"
	mv "$tmp/digits.csv" "$tmp/new/"
	rm -rf "$(dirname "$kept")"
	mv "$tmp/new" "$(dirname "$kept")"
}

case "${1:-}" in
-h | --help)
	usage
	exit 0
	;;
-*)
	say "error: unknown option '$1'"
	usage >&2
	exit 2
	;;
esac
if [ $# -gt 1 ]; then
	usage >&2
	exit 2
fi

if good "$out"; then
	exit 0
fi
good "$kept" || fill_cache
mkdir -p "$(dirname "$out")"
cp "$kept" "$out.$$" && mv "$out.$$" "$out"
say "wrote $out: 1797 images"
