#!/bin/sh
# SPDX-License-Identifier: MIT
# Random jobs against the oracle of the timing; skipped where it is absent.
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
exec python3 "$top/tests/conformance/timing.py" --cycles-job "$top/build/bin/cycles_job" "$@"
