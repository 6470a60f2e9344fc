#!/bin/sh
# SPDX-License-Identifier: MIT
# What Octet writes, loaded and run by TFLite's own reference kernels; skipped where
# TFLite cannot be had. TFLite brings its own C library: a program apart.
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
cd "$top" || exit 1
data=${OCTET_DATA:-../shared/data}
out=build/tflite-cases
why=build/tflite.why

skip() {
	echo "ok - TFLite as an oracle # SKIP $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

fail() {
	echo "not ok - TFLite as an oracle: $1"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

root=$(tests/oracles/tflite_root.sh 2>"$why") || skip "$(cat "$why")"
command -v g++ >/dev/null || skip "no g++"
libs=$root/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
[ -d "$libs" ] || libs=$root/usr/lib/x86_64-linux-gnu
loader=$(find "$libs" -maxdepth 1 -name 'ld-linux-*.so.*' | head -n 1)
[ -n "$loader" ] || skip "TFLite's packages have no program loader"

# Beside the library: it is built once for each.
key=$(sha256sum <tests/oracles/tflite.cc | cut -c1-12)
program=$root/oracle-$key
if [ ! -x "$program" ]; then
	g++ -std=c++17 -O1 -Wall -isystem "$root/usr/include" -o "$program.$$" \
		tests/oracles/tflite.cc -L"$libs" -ltensorflow-lite \
		-Wl,--allow-shlib-undefined >"$why" 2>&1 ||
		{ cat "$why"; fail "tests/oracles/tflite.cc does not build"; }
	mv "$program.$$" "$program"
fi

rm -rf "$out"
mkdir -p "$out"
if [ -d "$data/models" ]; then
	build/bin/tflite_cases "$out" "$data"
else
	build/bin/tflite_cases "$out"
fi || fail "build/bin/tflite_cases"
"$loader" --library-path "$libs" "$program" "$out"
