# SPDX-License-Identifier: MIT
# The main job passes, and says FAIL when the device rounds wrongly.
# kernel: stock
# device: cores=2
# timeout: 300
cd /host || exit 2

demo() {		# EXIT PATTERN TEXT
	digits_demo --backend drm >/tmp/demo 2>&1
	status=$?
	sed 's/^/# /' /tmp/demo
	check "$3: exit $1" [ $status = "$1" ]
	check "$3: last line" sh -c "tail -n 1 /tmp/demo | grep -Eq '$2'"
}

passes='^demo: PASS images=360 float=[0-9.]+% int8=[0-9.]+% mismatches=0$'
demo 0 "$passes" "the demo passes"
octet_set break-rounding true
demo 1 '^demo: FAIL ' "with a rounding constant off it fails"
octet_set break-rounding false
demo 0 "$passes" "with the constant back it passes"
