#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # programs of awk and patterns
# The tree's own rules: what can be measured of them.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check RULE: fails if standard input has lines, and shows them. It runs at the
# end of pipes, so it counts in a file.
check() {
	if grep . >"$work/bad"; then
		echo "style: not so: $1:" >&2
		head -n 20 "$work/bad" | sed 's/^/    /' >&2
		echo failed
	else
		echo passed
	fi >>"$work/results"
}

# What belongs to the tree; without git, what is not built.
if ! git ls-files --error-unmatch README.md >/dev/null 2>&1; then
	find . -path ./build -prune -o -type f -print | sed 's|^\./||'
else
	git ls-files
fi | while read -r f; do
	[ ! -f "$f" ] || echo "$f"
done >"$work/all"
grep -v '^LICENSES/' "$work/all" >"$work/own"
grep -E '\.(c|h|inc)$' "$work/own" >"$work/c"
grep -v -x tests/unit/style.sh "$work/own" >"$work/others"
xargs awk 'FNR == 1 && /^#!.*sh$/ { print FILENAME }' <"$work/own" >"$work/shell"
xargs awk 'FNR == 1 && /^#!.*python/ { print FILENAME }' <"$work/own" >"$work/python"
grep '\.py$' "$work/own" >>"$work/python" || true

# found PATTERN LIST: lines of the listed files that match.
found() {
	xargs grep -nIE -- "$1" <"$work/$2" || true
}

each_line() { # LIST PROGRAM
	xargs awk "$2" <"$work/$1"
}

each_line own 'FNR == 800 { print FILENAME }' | check 'files have less than 800 lines'

# Functions of C stand between braces at the margin.
each_line c '
	FNR == 1 { start = 0 }
	/^{/ { start = FNR }
	/^}/ { if (start && FNR - start > 81)
		print FILENAME ":" start ": " FNR - start - 1 " lines"
		start = 0 }' |
	check 'functions of C have at most 80 lines'
each_line shell '
	FNR == 1 { start = 0 }
	/^[a-z_A-Z0-9]+\(\) *[{(]/ { start = FNR }
	/^[})]/ { if (start && FNR - start > 81)
		print FILENAME ":" start ": " FNR - start - 1 " lines"
		start = 0 }' |
	check 'functions of the shell have at most 80 lines'
# A function of Python ends at the first line that is not further in.
each_line python '
	function end() { if (depth >= 0 && last - start > 80)
		print file ":" start ": " last - start " lines"; depth = -1 }
	BEGIN { depth = -1 }
	FNR == 1 { end() }
	{ file = FILENAME; match($0, /^ */) }
	/[^ ]/ && RLENGTH <= depth { end() }
	/[^ ]/ { last = FNR }
	/^ *def / && depth < 0 { depth = RLENGTH; start = FNR }
	END { end() }' |
	check 'functions of Python have at most 80 lines'
# Tabs count 8.
while read -r f; do
	expand "$f" | awk -v f="$f" 'length($0) > 120 { print f ":" FNR }'
done <"$work/c" | check 'lines of C have at most 120 columns'
found '[[:blank:]]$' own | check 'no blanks at the ends of lines'

# A .kunitconfig is a list that kunit.py reads, without comments in the kernel too.
grep -v '/\.kunitconfig$' "$work/own" >"$work/licensed"
each_line licensed '
	FNR == 1 { if (name != "" && !seen) print name; name = FILENAME; seen = 0 }
	FNR <= 3 && /SPDX-License-Identifier: / { seen = 1 }
	END { if (!seen) print name }' |
	check 'a licence stands in the first three lines of each file'
licence() { # FOLDER LICENCE
	grep "^$1" "$work/own" | xargs grep -LF "SPDX-License-Identifier: $2" || true
}
{
	licence 'driver/.*\.c$' 'GPL-2.0-only'
	licence 'uapi/' '(GPL-2.0 WITH Linux-syscall-note) OR MIT'
	licence 'driver/octet_regs.h' 'GPL-2.0-only OR MIT'
	licence 'hw-model/core/' 'MIT'
	licence 'userspace/' 'MIT'
	licence 'hw-model/qemu/.*\.[ch]$' 'GPL-2.0-or-later'
} | check 'each folder has its licence'
xargs sed -n 's/.*SPDX-License-Identifier: \([A-Za-z0-9. -]*\).*/\1/p' <"$work/own" |
	tr ' ' '\n' | grep -E '^(MIT|GPL)' | sort -u | sed 's/-only$//; s/-or-later$//' |
	while read -r l; do [ -f "LICENSES/$l.txt" ] || echo "$l"; done |
	check 'the texts of the licences are in LICENSES'

found '\b(T[O]DO|F[I]XME|X[X]X|H[A]CK|T[B]D)\b' others | check 'nothing is left to do'
found '[^a-z_](not yet implemented|unimplemented|for now[ ,.;])' others |
	check 'nothing is provisional'
found '(^|[^A-Za-z0-9_./-])/(root|home|work|Users)/' others |
	check "no path of somebody's machine"
found 'https?://|[a-z0-9]\.(debian|pypi|npmjs|kernel|qemu|github|docker)\.(org|com|io)\b' others |
	check 'no host names: packages come by the distribution'"'s names"
found '^(<<<<<<<|>>>>>>>)( |$)' others | check 'no traces of a merge'

readme=$(wc -l <README.md)
if [ "$readme" -gt 150 ]; then echo "README.md: $readme lines"; fi |
	check 'the README has at most 150 lines'
# Links of the README and of the examples' lead somewhere.
grep -o '](\([^)h][^)]*\))' README.md | sed 's/](//; s/)//' | while read -r l; do
	[ -e "$l" ] || echo "README.md: $l"
done | check 'the links of the README lead somewhere'
grep -oE '`(userspace|driver|tests|hw-model|uapi|build|Documentation)/[A-Za-z0-9_./-]*`' \
	README.md Documentation/*.rst userspace/examples/README.md |
	sed 's/^[^:]*:`//; s/`$//' | sort -u | grep -v '^build/' | while read -r l; do
	[ -e "$l" ] || echo "$l"
done | check 'files that documents name exist'
passed=$(grep -c passed "$work/results" || true)
failed=$(grep -c failed "$work/results" || true)
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
