#!/bin/sh
# SPDX-License-Identifier: MIT
# The fallback's threads under ThreadSanitizer. It wants its memory where it has always
# been, so addresses are not random where that may be asked for; where neither helps, a
# program is skipped.
set -u
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
out=$(mktemp)
sums=$(mktemp)
trap 'rm -f "$out" "$sums"' EXIT
fixed=
setarch -R true 2>/dev/null && fixed='setarch -R'
for t in "$top"/build/tests/tsan/*; do
	TSAN_OPTIONS=halt_on_error=1 $fixed "$t" >"$out" 2>&1 </dev/null
	rc=$?
	if grep -q 'ThreadSanitizer: unexpected memory mapping' "$out"; then
		echo "skipped: ${t##*/}: no ThreadSanitizer in this kernel's memory layout"
		echo '0 passed, 0 failed, 1 skipped' >>"$sums"
		continue
	fi
	last=$(tail -n 1 "$out" | grep -E '^[0-9]+ passed, 0 failed, [0-9]+ skipped$')
	if [ "$rc" != 0 ] || [ -z "$last" ]; then
		cat "$out"
		echo "${t##*/}: exit code $rc"
		last='0 passed, 1 failed, 0 skipped'
	fi
	echo "$last" >>"$sums"
done
total=$(awk -f "$top/tests/sum.awk" "$sums")
echo "$total"
case $total in *' 0 failed,'*) exit 0 ;; esac
exit 1
