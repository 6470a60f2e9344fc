# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the tests of programs with models share: read by a script in tests/unit, whose
# name begins its messages. It ends with cli_end.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
# shellcheck disable=SC2034 # used by those that read this
octet=$PWD/build/bin/octet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

verdict() {	# TEXT STATUS
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$(basename "$0"): $1"
		head -n 5 "$work/out" "$work/err"
	fi
}

run() {		# EXIT COMMAND...: its output stays in $work/out and $work/err
	want=$1
	shift
	what=$*
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ "$got" = "$want" ]
	verdict "$what: exit $got, expected $want" $?
}

says() {	# out|err PATTERN
	grep -Eq -e "$2" "$work/$1"
	verdict "$what: std$1 does not have '$2'" $?
}

same() {	# FILE FILE
	cmp -s "$1" "$2"
	verdict "$what: $1 and $2 differ" $?
}

cli_end() {	# [SKIPPED]
	echo "$passed passed, $failed failed, ${1:-0} skipped"
	[ "$failed" = 0 ]
}
