#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the driver's KUnit suites on User Mode Linux: the driver is laid into
# a cached Linux source tree as drivers/accel/octet, as it would be upstream.
# The first build takes minutes; after that only the driver is built.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
cache=${OCTET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}
driver=$top/driver
glob=

usage() {
	cat <<-END
	usage: tests/kunit.sh [--driver DIR] [SUITE.TEST | glob]
	Builds and runs DIR (default driver/) under KUnit on User Mode Linux.
	The configuration is DIR/tests/.kunitconfig.
	END
}

die() {
	echo "kunit.sh: $*" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--driver) driver=$(cd "$2" && pwd); shift ;;
	--help | -h) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) glob=$1 ;;
	esac
	shift
done

config=$driver/tests/.kunitconfig
[ -f "$config" ] || die "no $config: nothing says which suites to build"

# Copies what differs and removes what is gone, so that make rebuilds little.
sync_dir() {	# FROM TO
	(cd "$1" && find . -type f \( -name '*.[ch]' -o -name 'K*' \
		-o -name Makefile -o -name .kunitconfig \)) >"$out/new"
	while read -r f; do
		cmp -s "$1/$f" "$2/$f" && continue
		mkdir -p "$(dirname "$2/$f")"
		cp "$1/$f" "$2/$f"
	done <"$out/new"
	(cd "$2" && find . -type f) | while read -r f; do
		grep -qxF "$f" "$out/new" || rm "$2/$f"
	done
}

src=$("$here/guest/kernel.sh" source)
key=$( { basename "$src"; gcc -dumpfullversion; cat "$config"; } |
	sha256sum | cut -c1-12)
build=$cache/kunit-$key
out=$top/build/log/kunit
mkdir -p "$build" "$out"

# The tree is shared by every clone on this machine: one run at a time.
exec 8>"$src.overlay.lock"
flock 8
sync_dir "$driver" "$src/drivers/accel/octet"
for h in "$top"/uapi/drm/*.h; do
	cmp -s "$h" "$src/include/uapi/drm/$(basename "$h")" ||
		cp "$h" "$src/include/uapi/drm/"
done

[ -f "$build/vmlinux" ] ||
	echo "kunit: first build of Linux for UML, usually 6 minutes (log: build/log/kunit/log)" >&2
rm -f "$out/result.json"
status=0
(cd "$src" && ./tools/testing/kunit/kunit.py run --arch=um \
	--build_dir="$build" --kunitconfig="$config" \
	--jobs "$(nproc)" --timeout 300 --json="$out/result.json" $glob \
	>"$out/log" 2>&1) || status=$?

if [ ! -s "$out/result.json" ]; then
	tail -n 20 "$out/log"
	echo "kunit: nothing ran, exit $status (build/log/kunit/log has it all)"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
python3 - "$out/result.json" "$out/log" "$status" <<'END'
import json, sys

counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}

def walk(group, path):
    for case in group.get("test_cases", []):
        verdict = {"PASS": "PASS", "SKIP": "SKIP"}.get(case["status"], "FAIL")
        counts[verdict] += 1
        print(f"{verdict.lower()} {'.'.join(path + [case['name']])}")
    for sub in group.get("sub_groups", []):
        walk(sub, path + [sub["name"]])

root = json.load(open(sys.argv[1]))
for group in root.get("sub_groups", []) or [root]:
    walk(group, [group["name"]])
status = int(sys.argv[3])
if not sum(counts.values()) or (status and not counts["FAIL"]):
    print(f"kunit: kunit.py failed, exit {status}")
    counts["FAIL"] += 1
if counts["FAIL"]:
    print("".join(open(sys.argv[2]).readlines()[-40:]), end="")
print("%(PASS)d passed, %(FAIL)d failed, %(SKIP)d skipped" % counts)
sys.exit(counts["FAIL"] > 0)
END
