#!/bin/sh
# SPDX-License-Identifier: MIT
# The CPU fallback proves the hardware model, so it shares nothing with it:
# neither may include the other's files or use the other's symbols.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

check() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
	else
		printf 'includes: %s:\n%s\n' "$1" "$2" >&2
		failed=$((failed + 1))
	fi
}

# Names of files that exist in the other's folder.
find hw-model/core -name '*.h' -exec basename {} \; >"$work/core"
find userspace/lib/cpu \( -name '*.h' -o -name '*.inc' \) -exec basename {} \; \
	>"$work/cpu"
quoted() { # FOLDER: what its files include, as FILE:NAME
	grep -Ho '^ *# *include *[<"][^>"]*' "$1"/* |
		sed 's/# *include *[<"]//; s/: *\(.*\/\)*/:/'
}
check 'lib/cpu includes a header of hw-model' \
	"$(quoted userspace/lib/cpu | grep -F -f "$work/core" | awk -F: '
		NR == FNR { core[$1]; next } $2 in core' "$work/core" - || true)"
check 'hw-model includes a header of lib/cpu' \
	"$(quoted hw-model/core | awk -F: '
		NR == FNR { cpu[$1]; next } $2 in cpu' "$work/cpu" - || true)"
check 'lib/cpu names the folder hw-model' \
	"$(grep -n 'include.*hw-model\|include.*octet_core' userspace/lib/cpu/* || true)"
# The compiler's own list of what went into each object.
check 'an object of lib/cpu depends on hw-model' \
	"$(grep -l 'hw-model/' build/obj/*/userspace/lib/cpu/*.d 2>/dev/null || true)"

symbols() { # ARCHIVE KIND
	nm "$2" "$1" 2>/dev/null | awk 'NF >= 2 && $(NF - 1) != ":" { print $NF }' | sort -u
}
core=build/obj/pic/liboctet-core.a
cpu=build/obj/pic/liboctet-cpu.a
symbols $core --defined-only >"$work/core-has"
symbols $cpu --defined-only >"$work/cpu-has"
symbols $core --undefined-only >"$work/core-wants"
symbols $cpu --undefined-only >"$work/cpu-wants"
comm -23 "$work/cpu-wants" "$work/cpu-has" >"$work/cpu-outside"
comm -23 "$work/core-wants" "$work/core-has" >"$work/core-outside"
check 'lib/cpu uses symbols of hw-model' \
	"$(comm -12 "$work/cpu-outside" "$work/core-has")"
check 'hw-model uses symbols of lib/cpu' \
	"$(comm -12 "$work/core-outside" "$work/cpu-has")"
check 'lib/cpu is not self-contained: it wants of the library' \
	"$(grep '^octet_' "$work/cpu-outside" || true)"
check 'one of the archives is empty or missing' \
	"$([ -s "$work/core-has" ] && [ -s "$work/cpu-has" ] || echo "$core $cpu")"

echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
