#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernel's own style tools over driver/ and uapi/: checkpatch --strict and
# kernel-doc of Linux 7.2, and W=1 with sparse against the stock kernel's
# headers. tests/kernel72.sh does the latter for 7.2. Any finding is a failure.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/kbuild.sh"
cd "$here/.."
log=build/log/style
mkdir -p "$log"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
src=$(tests/guest/kernel.sh source)
kdir=$(tests/guest/kernel.sh stock)/kdir
passed=0 failed=0 skipped=0

# verdict TEXT FILE-OF-FINDINGS
verdict() {
	if [ -s "$2" ]; then
		failed=$((failed + 1))
		echo "fail $1: $2"
		head -n 40 "$2"
	else
		passed=$((passed + 1))
		echo "pass $1"
	fi
}

# found TEXT FILE PATTERN: a control, where the tool must have found something.
found() {
	if grep -q -- "$3" "$2"; then
		passed=$((passed + 1))
		echo "pass control: $1"
	else
		failed=$((failed + 1))
		echo "fail control: $1: $2 has no '$3'"
	fi
}

# As the files would lie in the kernel's tree: some rules go by the path.
stage() {
	mkdir -p "$1/drivers/accel" "$1/include/uapi/drm"
	cp -r driver "$1/drivers/accel/octet"
	cp uapi/drm/*.h "$1/include/uapi/drm/"
}

sources() {	# FOLDER: what a patch would bring
	(cd "$1" && find drivers include -type f \
		\( -name '*.[ch]' -o -name Kbuild -o -name Kconfig \) | sort)
}

checkpatch() {	# FOLDER
	# shellcheck disable=SC2046 # a list of files
	(cd "$1" && perl "$src/scripts/checkpatch.pl" --root="$src" --no-tree \
		--strict --terse --show-types --no-summary -f $(sources .) 2>&1)
}

kernel_doc() {	# FOLDER
	# shellcheck disable=SC2046 # a list of files
	(cd "$1" && PYTHONDONTWRITEBYTECODE=1 python3 "$src/scripts/kernel-doc" \
		-none -Wall $(sources . | grep '\.[ch]$') 2>&1)
}

# 6.12's kbuild writes beside the sources.
links() {	# FOLDER
	mkdir -p "$1/driver"
	cp -rs "$PWD/driver/." "$1/driver"
	ln -s "$PWD/uapi" "$1/uapi"
}

stage "$work/tree"
echo "# $(sources "$work/tree" | wc -l) files"
checkpatch "$work/tree" >"$log/checkpatch" || :
verdict "checkpatch --strict" "$log/checkpatch"
kernel_doc "$work/tree" >"$log/kernel-doc" || :
verdict "kernel-doc -Wall" "$log/kernel-doc"

sparse=
if command -v sparse >/dev/null 2>&1; then
	sparse='C=2 CF=-D__CHECK_ENDIAN__'
else
	skipped=$((skipped + 1))
	echo "skip sparse: not installed (package sparse)"
fi
links "$work/good"
series=$(make -s -C "$kdir" kernelversion)
# shellcheck disable=SC2086 # a list of arguments
kbuild_check "$log/stock" "$kdir" "$work/good/driver" W=1 $sparse ||
	[ -s "$log/stock.findings" ] || tail -n 20 "$log/stock" >"$log/stock.findings"
verdict "W=1${sparse:+ and sparse} (Linux $series)" "$log/stock.findings"

# The controls: the same tools see what is wrong with a copy.
bad=$work/tree/drivers/accel/octet/octet_ring.c
cat >>"$bad" <<-'END'
	/**
	 * octet_bad - a control
	 */
	int octet_bad(__le32 a, int undocumented)
	{
	        if(a)
			return a;
		return undocumented;
	}
END
checkpatch "$work/tree" >"$work/control" || :
found "checkpatch sees spaces and a missing one" "$work/control" 'ERROR:SPACING'
kernel_doc "$work/tree" >"$work/control" || :
found "kernel-doc sees a parameter without words" "$work/control" "undocumented"
links "$work/bad"
rm "$work/bad/driver/octet_ring.c"
cp "$bad" "$work/bad/driver/octet_ring.c"
# shellcheck disable=SC2086 # a list of arguments
if kbuild_check "$log/control" "$kdir" "$work/bad/driver" W=1 $sparse; then
	: >"$log/control.findings"
fi
found "W=1 sees a function without a prototype" "$log/control.findings" missing-prototypes
[ -z "$sparse" ] ||
	found "sparse sees a mixed byte order" "$log/control.findings" 'incorrect type in return'

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
