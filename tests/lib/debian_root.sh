#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a folder with Debian packages of another suite and all that they need, down
# to the C library; the first call downloads them into the cache. What fails is told in
# one line on stderr and not tried again for a day.
# shellcheck disable=SC1091 # os-release
set -eu

if [ $# -lt 3 ]; then
	cat <<-'END'
	usage: tests/lib/debian_root.sh NAME SUITE PACKAGE[=VERSION]...
	NAME	of the folder in the cache; another one when it shall be another one
	VERSION	what the package's version must begin with
	END
	exit 2
fi
name=$1 suite=$2
shift 2
cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}
root=$cache/$name
mkdir -p "$cache"
exec 9>"$root.lock"
flock 9
if [ -d "$root" ]; then
	touch -c "$root"
	echo "$root"
	exit 0
fi

new=$root.new
refuse() {
	rm -rf "$new"
	echo "$* (found out $(date +%F); $root.refused stands for a day)" |
		tee "$root.refused" >&2
	exit 1
}

if [ -n "$(find "$root.refused" -mmin -1440 2>/dev/null)" ]; then
	cat "$root.refused" >&2
	exit 1
fi
rm -f "$root.refused"
command -v apt-get >/dev/null || refuse "no apt-get here to fetch $* with"

# Nothing in the system's apt settings changes, nor what is installed: lists,
# archives, sources and the state are private. Only the mirror's address is theirs.
rm -rf "$new"
apt=$new/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/none"
: >"$apt/status"
# shellcheck disable=SC2016 # apt's own fields
uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 2>/dev/null |
	awk -v c="$(. /etc/os-release; echo "${VERSION_CODENAME-}")" \
	'$1 == c || $1 ~ /^(old|)stable$/ { print $2; exit }')
[ -n "$uri" ] || refuse "apt's sources name no Debian mirror to fetch $* from"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
	"$uri $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<-END
	Dir::State "$apt";
	Dir::State::status "$apt/status";
	Dir::State::lists "$apt/lists";
	Dir::Cache "$apt/cache";
	Dir::Etc::sourcelist "$apt/sources.list";
	Dir::Etc::sourceparts "$apt/none";
	Dir::Etc::preferencesparts "$apt/none";
	APT::Sandbox::User "$(id -un)";
	APT::Install-Recommends "0";
	Acquire::Languages "none";
	Acquire::Retries "3";
	Acquire::http::Timeout "20";
	Debug::NoLocking "1";
END
APT_CONFIG=$apt/apt.conf
export APT_CONFIG
apt-get -q update -o APT::Update::Error-Mode=any >"$apt/log" 2>&1 ||
	refuse "Debian's $suite cannot be had: $(grep -m 1 '^[EW]:' "$apt/log")"
packages=
for p; do
	# A newer one may have other calls than its users.
	have=$(apt-cache show "${p%%=*}" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1)
	case $p in
	*=*)
		case $have in
		"${p#*=}"*) ;;
		*) refuse "Debian's $suite has no ${p%%=*} ${p#*=}, but '$have'" ;;
		esac
		;;
	esac
	packages="$packages ${p%%=*}"
done
# shellcheck disable=SC2086 # a list
apt-get -q -y --download-only install $packages >"$apt/log" 2>&1 ||
	refuse "$* cannot be fetched from Debian's $suite: $(grep -m 1 '^E:' "$apt/log")"
for deb in "$apt"/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$new" || refuse "$(basename "$deb") cannot be unpacked"
	basename "$deb" | sed 's/%3a/:/; s/_[^_]*$//; s/_/ /' >>"$new/packages"
done
rm -rf "$apt" "${new:?}/usr/share"
mv "$new" "$root"
echo "$root"
