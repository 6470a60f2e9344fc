#!/bin/sh
# SPDX-License-Identifier: MIT
# The layout of what user space, the kernel and the device share is that of
# layout.inc, in 64 and in 32 bit: both call the same kernel.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
CC=${CC:-cc}
table=tests/unit/layout.inc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
# A 32-bit C library is not needed: headers of the kernel are all they include.
# Where they lie depends on the machine, and 64-bit gcc looks there only.
multiarch=/usr/include/$($CC -print-multiarch)
drm=$(pkg-config --cflags libdrm | sed 's/-I/-isystem /g')

result() {	# STATUS WANTED TEXT
	if [ "$1" = "$2" ]; then
		passed=$((passed + 1))
		echo "ok: $3"
	else
		failed=$((failed + 1))
		echo "not ok: $3"
		cat "$work/log"
	fi
}

# compile LANGUAGE STANDARD FLAGS FILE: prints 0 or 1.
compile() {
	# shellcheck disable=SC2086 # lists of flags
	if $CC -x "$1" -std="$2" -Wall -Wextra -Wpedantic -Werror -ffreestanding \
		-fsyntax-only $3 -Iuapi -Idriver $drm "$4" >"$work/log" 2>&1; then
		echo 0
	else
		echo 1
	fi
}

# Fields of the headers' structs as the table would name them, without numbers.
fields() {
	awk '/^struct [a-z0-9_]+ \{$/ { s = $2; print "SIZE(" s; next }
	     /^\};/ { s = "" }
	     s && /^\t[a-z_].*;/ {
		sub(/;.*/, ""); sub(/\[.*/, ""); print "AT(" s ", " $NF
	     }' uapi/drm/octet_accel.h uapi/drm/octet_isa.h driver/octet_regs.h
	sed -n 's/^#define DRM_IOCTL_OCTET_\([A-Z_]*\).*/IOCTL(\1/p' \
		uapi/drm/octet_accel.h
}

fields | sort >"$work/want"
sed -n 's/^\(SIZE\|AT\|IOCTL\)\((.*\), [0-9a-fx]*)$/\1\2/p' "$table" |
	sort >"$work/have"
diff "$work/have" "$work/want" >"$work/log" && same=0 || same=1
result $same 0 "the table has every field: $(wc -l <"$work/want") lines"

# The controls: a wrong offset, and a struct that differs between the two.
sed 's/^AT(drm_octet_submit, bos, 24)$/AT(drm_octet_submit, bos, 20)/' \
	"$table" >"$work/wrong.inc"
cat >"$work/differs.inc" <<-'END'
	#include <linux/types.h>
	struct hole { __u32 a; __u64 b; };
	extern char size[sizeof(struct hole) == 16 ? 1 : -1];
END

for bits in 64 32; do
	flags=-m$bits
	[ $bits = 64 ] || flags="-m32 -isystem $multiarch"
	if [ $bits = 32 ] && ! echo | $CC -m32 -x c -fsyntax-only - 2>/dev/null; then
		echo "skipped: $CC has no -m32"
		skipped=5
		continue
	fi
	result "$(compile c c11 "$flags" "$table")" 0 "layout in C, $bits bit"
	if echo | $CC -x c++ -fsyntax-only - 2>/dev/null; then
		result "$(compile c++ c++17 "$flags" "$table")" 0 \
			"layout in C++, $bits bit"
	else
		skipped=$((skipped + 1))
	fi
	echo '#include <drm/octet_accel.h>' >"$work/alone.inc"
	echo '#include <drm/octet_isa.h>' >>"$work/alone.inc"
	result "$(compile c c99 "$flags" "$work/alone.inc")" 0 "C99, $bits bit"
	result "$(compile c c11 "$flags" "$work/wrong.inc")" 1 \
		"a wrong offset is seen, $bits bit"
	result "$(compile c c11 "$flags" "$work/differs.inc")" $((bits == 32)) \
		"a struct with a hole is seen in 32 bit only, $bits bit"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
