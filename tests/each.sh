#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: tests/each.sh FOLDER: runs every program in FOLDER (not below it).
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:?usage: tests/each.sh FOLDER}
cd "$top" || exit 1
sums=$(mktemp)
out=$(mktemp)
trap 'rm -f "$sums" "$out"' EXIT
found=
for t in "$dir"/*; do
	if [ ! -f "$t" ] || [ ! -x "$t" ]; then
		continue
	fi
	found=y
	echo "== $t"
	"$t" >"$out" 2>&1 </dev/null
	rc=$?
	cat "$out"
	last=$(tail -n 1 "$out" |
		grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$')
	case $last in
	'')
		echo "$t: exit code $rc, and no closing line: it crashed"
		last='0 passed, 1 failed, 0 skipped'
		;;
	*' 0 failed,'*)
		if [ "$rc" != 0 ]; then
			echo "$t: exit code $rc, though it counts no failure"
			echo '0 passed, 1 failed, 0 skipped' >>"$sums"
		fi
		;;
	esac
	echo "$last" >>"$sums"
done
if [ -z "$found" ]; then
	echo "each.sh: no test program in $dir: build it with make test-programs"
	echo '0 passed, 1 failed, 0 skipped' >>"$sums"
fi
total=$(awk -f tests/sum.awk "$sums")
echo "$total"
case $total in *' 0 failed,'*) exit 0 ;; esac
exit 1
