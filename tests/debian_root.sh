#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a folder with a Debian package and all that it needs, down to the C
# library, from a newer suite than this system's; the first call downloads it
# into the cache. Nothing of the system changes. What fails is told in one line on
# stderr and not tried again for a day.
# shellcheck disable=SC1091 # os-release
set -eu

usage() {
	cat <<-'END'
	usage: tests/debian_root.sh SUITE PACKAGE [VERSION [RECIPE]]
	VERSION: no other version, as "2.14.1". RECIPE: raised when the folder shall
	be made anew.
	END
}

case ${1-} in
--help | -h) usage; exit 0 ;;
esac
[ $# -ge 2 ] || { usage >&2; exit 2; }
suite=$1 package=$2 version=${3-} recipe=${4:-1}
cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}
root=$cache/$package-$suite${version:+-$version}-$recipe
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
command -v apt-get >/dev/null || refuse "no apt-get here to fetch $package with"

# Lists, archives, sources and the state are private. Only the mirror's address is
# the system's.
rm -rf "$new"
apt=$new/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/none"
: >"$apt/status"
# shellcheck disable=SC2016 # apt's own fields
uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 2>/dev/null |
	awk -v c="$(. /etc/os-release; echo "${VERSION_CODENAME-}")" \
	'$1 == c || $1 ~ /^(old|)stable$/ { print $2; exit }')
[ -n "$uri" ] || refuse "apt's sources name no Debian mirror to fetch $package from"
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
# The newest one may have other calls than the test.
apt-cache show "$package" 2>/dev/null | grep -q "^Version: $version" ||
	refuse "Debian's $suite has no $package $version"
apt-get -q -y --download-only install "$package" >"$apt/log" 2>&1 ||
	refuse "$package cannot be fetched from Debian's $suite: $(grep -m 1 '^E:' "$apt/log")"
for deb in "$apt"/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$new" || refuse "$(basename "$deb") cannot be unpacked"
done
rm -rf "$apt" "${new:?}/usr/share"
mv "$new" "$root"
echo "$root"
