# SPDX-License-Identifier: MIT
# The driver's KUnit suites, which ran when the debug kernel loaded the module.
# kernel: debug
# device: cores=2
# timeout: 30
for f in /sys/kernel/debug/kunit/octet*/results; do
	suite=${f%/results}
	suite=${suite##*/}
	grep -q "^ok " "$f" || not_ok "$suite ends well"
	sed -n "s/^    \(ok\|not ok\) \([0-9]*\) \(.*\)/\1 \2 - $suite: \3/p" "$f"
	grep -v '^ *ok ' "$f" | sed 's/^/# /'
done
