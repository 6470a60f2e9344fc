# SPDX-License-Identifier: MIT
# The driver's KUnit suites, which run when the debug kernel loads the module, and
# only here: every other load would take as long.
# kernel: debug
# device: cores=2
# timeout: 60
filter=/sys/module/kunit/parameters/filter_glob
dumps() { ls /sys/class/devcoredump | grep -c devcd; }
before=$(dumps)
check "rmmod" rmmod octet
printf '*' >$filter	# a newline would be part of it
check "insmod" insmod /modules/octet.ko
printf none >$filter
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
# One would hold a pretended device, which ends in the module that may be gone then.
check "no dump is left" [ "$(dumps)" -le "$before" ]
