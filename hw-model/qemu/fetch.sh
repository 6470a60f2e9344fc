#!/bin/sh
# SPDX-License-Identifier: MIT
# Brings QEMU's source into FOLDER/src, and into FOLDER/meson a meson that is
# new enough where the system's is not; build.sh calls it.
# shellcheck disable=SC1091 # os-release
set -eu

if [ $# != 1 ]; then
	echo "usage: hw-model/qemu/fetch.sh FOLDER (and see build.sh --help)" >&2
	exit 2
fi
base=$1
apt=$base/apt
suite=${QEMU_SUITE:-trixie}

# Nothing in the system's apt settings changes: lists, archives and sources
# are private; only the mirror's address is taken from them.
apt_root() {
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/none"
	# shellcheck disable=SC2016 # apt's own fields
	uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' |
		awk -v c="$(. /etc/os-release; echo "${VERSION_CODENAME-}")" \
		'$1 == c || $1 ~ /^(old|)stable$/ { print $2; exit }')
	if [ -z "$uri" ]; then
		echo "apt's sources name no Debian mirror: QEMU_SRC=DIR names" \
			"a QEMU source tree instead" >&2
		exit 1
	fi
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	printf 'deb-src [signed-by=%s] %s %s main\n' "$key" "$uri" "$suite" \
		>"$apt/sources.list"
	[ -z "$backports" ] || printf 'deb [signed-by=%s] %s %s main\n' \
		"$key" "$uri" "$backports" >>"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
	Dir::State::lists "$apt/lists";
	Dir::Cache "$apt/cache";
	Dir::Etc::sourcelist "$apt/sources.list";
	Dir::Etc::sourceparts "$apt/none";
	APT::Sandbox::User "$(id -un)";
	Acquire::Languages "none";
	Acquire::Retries "3";
	END
	APT_CONFIG=$apt/apt.conf
	export APT_CONFIG
	apt-get -q update -o APT::Update::Error-Mode=any
}

# QEMU 10.0 wants 1.5.
meson_is_new() {
	oldest=$(printf '%s\n' 1.5 "$(meson --version)" | sort -V | head -n 1)
	[ "$oldest" = 1.5 ]
}

rm -rf "$base/src" "$base/fetch" "$base/meson"
mkdir -p "$base/fetch"
cd "$base/fetch"
backports=
meson_is_new || backports=$(. /etc/os-release; echo "$VERSION_CODENAME")-backports
if [ -z "${QEMU_SRC-}" ] || [ -n "$backports" ]; then
	apt_root
fi
if [ -n "$backports" ]; then
	apt-get -q download "meson/$backports"
	dpkg-deb -x meson_*.deb "$base/meson"
fi
if [ -n "${QEMU_SRC-}" ]; then
	cp -a "$QEMU_SRC" "$base/src"
else
	apt-get -q source "qemu/$suite"
	mv qemu-*/ "$base/src"
fi
cd "$base"
rm -rf "$base/fetch" "$apt"
