#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds QEMU and the qtest program, runs it, and counts its TAP lines.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
paths=$("$top/hw-model/qemu/build.sh" --qtest)
out=$(mktemp)
trap 'rm -f "$out"' EXIT
rc=0
QTEST_QEMU_BINARY=$(echo "$paths" | sed -n 1p)
export QTEST_QEMU_BINARY
timeout -k 10 "${QTEST_TIMEOUT:-300}" "$(echo "$paths" | sed -n 2p)" \
	--tap -k "$@" >"$out" 2>&1 </dev/null || rc=$?
cat "$out"
awk -v rc=$rc '
/^ok .*# *SKIP/ { skipped++; next }
/^ok /          { passed++ }
/^not ok /      { failed++ }
/^1\.\.[0-9]+/  { planned = substr($1, 4) + 0; plan = 1 }
END {
	n = passed + failed + skipped
	if (!plan || n < planned || (rc && !failed)) {
		printf "exit code %d after %d of %d tests\n", rc, n, planned
		failed++
	}
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}' "$out"
