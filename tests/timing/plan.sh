#!/bin/sh
# SPDX-License-Identifier: MIT
# Plans of well-known networks: their goals, and the oracle of the timing where it is.
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
exec python3 "$top/tests/timing/plan.py" --plan-nets "$top/build/bin/plan_nets" "$@"
