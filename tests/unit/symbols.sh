#!/bin/sh
# SPDX-License-Identifier: MIT
# Exported symbols = version script = calls declared in octet*.h.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

check() {
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		echo "symbols: $1" >&2
		failed=$((failed + 1))
	fi
}

nm -D --defined-only build/lib/liboctet.so | awk '$2 == "T" { print $3 }' |
	sed 's/@.*//' | sort >"$work/exported"
sed -n 's/^\t\(octet_[a-z0-9_]*\);$/\1/p' userspace/lib/liboctet.map |
	sort >"$work/map"
# Declarations start at the margin and end their name with a bracket.
sed -e 's|//.*||' userspace/include/octet*.h | awk '
	/\/\*/ { inside = 1 } !inside { print } /\*\// { inside = 0 }' |
	sed -n '/^typedef/d; s/^[a-z].*[ *]\(octet_[a-z0-9_]*\)(.*/\1/p' |
	sort >"$work/header"

rc=0
diff "$work/exported" "$work/map" || rc=1
check 'exported symbols (<) differ from liboctet.map (>)' $rc
rc=0
diff "$work/header" "$work/map" || rc=1
check 'calls in octet*.h (<) differ from liboctet.map (>)' $rc
rc=0
nm -D --defined-only build/lib/liboctet.so | awk '$2 != "T" && $2 != "A"' |
	grep . && rc=1
check 'liboctet.so exports data' $rc
rc=0
nm -D --defined-only build/lib/liboctet.so | awk '$2 == "T"' |
	grep -v '@@OCTET_0\.1$' && rc=1
check 'a symbol has no version' $rc
rc=0
readelf -d build/lib/liboctet.so | grep -q 'SONAME.*liboctet\.so\.0\]' || rc=1
check 'the soname is not liboctet.so.0' $rc
rc=0
readelf -d build/lib/liboctet.so | grep NEEDED |
	grep -vE 'libdrm\.so|libc\.so|libm\.so|ld-linux' && rc=1
check 'liboctet.so needs more than libdrm and libc' $rc

echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
