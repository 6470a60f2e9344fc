#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a folder with TFLite (Debian: libtensorflow-lite-dev) and all that it
# needs: 8 MB into the cache with the first call, see tests/debian_root.sh.
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
# The newest one may have other calls than the test.
exec "$(dirname "$0")/../debian_root.sh" "${TFLITE_SUITE:-sid}" libtensorflow-lite-dev 2.14.1
