#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, in every language that may include it.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
CC=${CC:-cc}
passed=0
failed=0
skipped=0

# compile LANGUAGE STANDARD HEADER FLAGS...
compile() {
	lang=$1 std=$2 header=$3
	shift 3
	if printf '#include <%s>\n#include <%s>\n' "$header" "$header" |
		$CC -x "$lang" -std="$std" -Wall -Wextra -Wpedantic -Werror \
			-fsyntax-only "$@" -; then
		passed=$((passed + 1))
	else
		echo "headers: $header does not compile as $std" >&2
		failed=$((failed + 1))
	fi
}

drm=$(pkg-config --cflags libdrm)
cxx=c++17
if ! echo 'int main() {}' | $CC -x c++ -fsyntax-only - 2>/dev/null; then
	echo "skipped: $CC compiles no C++"
	cxx=
	skipped=7
fi
# program LANGUAGE STANDARD: options are declared in functions.
program() {
	if $CC -x "$1" -std="$2" -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
		-Iuserspace/include - <<-'END'
		#include <octet.h>
		int f(void);
		int f(void)
		{
			OCTET_OPTS(octet_gemm_opts, o);
			OCTET_OPTS(octet_info, i);
			return o.stage == OCTET_RAW && i.size > 0;
		}
	END
	then
		passed=$((passed + 1))
	else
		echo "headers: a program of octet.h does not compile as $2" >&2
		failed=$((failed + 1))
	fi
}

for std in c99 c11 ${cxx:+$cxx}; do
	lang=c
	[ "$std" != c++17 ] || lang=c++
	program "$lang" "$std"
	for header in octet.h octet_quant.h octet_model.h octet_quantize.h; do
		compile "$lang" "$std" "$header" -Iuserspace/include
	done
	[ "$std" != c11 ] || continue
	compile "$lang" "$std" drm/octet_isa.h -Iuapi
	# libdrm's own drm.h is not pedantic.
	# shellcheck disable=SC2046 # a list of flags
	compile "$lang" "$std" drm/octet_accel.h -Iuapi \
		$(echo "$drm" | sed 's/-I/-isystem /g')
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
