#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a folder with TFLite (Debian: libtensorflow-lite-dev) and all that it
# needs, down to the C library, from a newer suite than this system's; the first
# call downloads 8 MB into the cache. What fails is told in one line on stderr and
# not tried again for a day.
set -eu

case ${1-} in
'') ;;
*)
	cat <<-'END'
	usage: tests/oracles/tflite_root.sh
	TFLITE_SUITE=sid     Debian's suite to take it from
	TFLITE_ROOT=FOLDER   take what lies there instead
	END
	exit 2
	;;
esac
if [ -n "${TFLITE_ROOT-}" ]; then
	echo "$TFLITE_ROOT"
	exit 0
fi
suite=${TFLITE_SUITE:-sid}
# The last number grows when the folder shall be another one. A newer TFLite may
# have other calls than the test.
exec "$(dirname "$0")/../lib/debian_root.sh" "tflite-$suite-2.14.1-1" "$suite" \
	libtensorflow-lite-dev=2.14.1
