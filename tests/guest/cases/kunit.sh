# SPDX-License-Identifier: MIT
# The driver's KUnit suites, which ran when the debug kernel loaded the module.
# kernel: debug
# device: cores=2
# timeout: 30
for f in /sys/kernel/debug/kunit/octet*/results; do
	suite=${f%/results}
	suite=${suite##*/}
	cat "$f" >/tmp/results
	grep -q "^ok " /tmp/results || not_ok "$suite ends well"
	awk -v suite="$suite" '
		/^ +(not )?ok [0-9]/ {
			verdict = $1 == "not" ? "not ok" : "ok"
			sub(/^ +(not )?ok [0-9]+ (- )?/, "")
			print verdict " - " suite ": " $0
			next
		}
		{ print "# " $0 }' /tmp/results
done
