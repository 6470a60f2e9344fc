#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the packages of tests/packages.txt that are missing, in one apt-get
# call. Prints nothing and does nothing when all of them are there.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
list=${DEPS_LIST:-$here/packages.txt}

usage() {
	cat <<-END
	usage: tests/deps.sh [--list | --help]
	Installs the Debian packages that $list names and
	that this system lacks, through apt-get, as root or with sudo.
	  --list  only print what is missing, one package a line
	DEPS_LIST=FILE  another list
	END
}

installed() {
	case " $have " in *" $1 "*) return 0 ;; esac
	return 1
}

# Prints the missing ones of the list; of "a | b" the first one apt knows.
missing() {
	sed -e 's/#.*//' -e 's/|/ /g' "$list" | while read -r names; do
		[ -n "$names" ] || continue
		found='' pick=''
		for p in $names; do
			if installed "$p"; then
				found=$p
				break
			fi
		done
		[ -z "$found" ] || continue
		for p in $names; do
			if [ "$p" = "$names" ] ||
			   apt-cache show "$p" >/dev/null 2>&1; then
				pick=$p
				break
			fi
		done
		echo "${pick:-${names%% *}}"
	done | sort -u
}

die() {
	printf 'deps: %s\n' "$1" >&2
	printf 'deps: install them yourself with:\n' >&2
	printf '  sudo apt-get update && sudo apt-get install -y%s\n' "$2" >&2
	exit 1
}

case "${1-}" in
--help | -h)
	usage
	exit 0
	;;
--list | '') ;;
*)
	usage >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "deps: this is not a Debian system (no dpkg-query): install what" >&2
	echo "deps: tests/packages.txt lists by hand, then run with NO_DEPS=1" >&2
	exit 1
fi
# shellcheck disable=SC2016 # dpkg-query's own fields
have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' |
	sed -n 's/^installed //p' | tr '\n' ' ')

need=$(missing)
[ -n "$need" ] || exit 0
if [ "${1-}" = --list ]; then
	echo "$need"
	exit 0
fi
need=" $(echo "$need" | tr '\n' ' ' | sed 's/ $//')"

run=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 ||
		die "not root, and no sudo; missing:$need" "$need"
	run=sudo
fi
echo "deps: installing${run:+ with $run}:$need"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
	# shellcheck disable=SC2086 # $run is empty or one word
	$run env DEBIAN_FRONTEND=noninteractive apt-get -q \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" \
		>>"$log" 2>&1
}

apt update || echo "deps: apt-get update failed; using the lists at hand"
# shellcheck disable=SC2086 # a list of package names
if ! apt install -y --no-install-recommends $need; then
	tail -n 20 "$log" >&2
	die "apt-get install failed (its last lines are above)" "$need"
fi
echo "deps: done"
