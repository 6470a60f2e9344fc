#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: tests/figures.sh GROUP...: adds up the lines "# figure: NAME: NUMBER" in the
# groups' logs and prints a table, nothing where there are none. A NAME that ends
# with "%" is not added up: the last one counts.
set -eu
cd "$(dirname "$0")/.."
for group in "$@"; do
	log=build/log/$group.log
	[ ! -f "$log" ] || sed -n \
		-e 's/^ *# figure: \(.*\): \([0-9.]*\)$/\1\t\2/p' \
		-e 's/^coverage: \([0-9.]*\) %.*/lines of the driver covered, %\t\1/p' "$log"
done | awk -F '\t' '
	!($1 in sum) { order[++n] = $1 }
	{ sum[$1] = ($1 ~ /%$/ ? 0 : sum[$1]) + $2 }
	END { for (i = 1; i <= n; i++)
		printf "  %-40s %s\n", order[i], sum[order[i]] }'
