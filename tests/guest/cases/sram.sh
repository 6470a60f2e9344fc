# SPDX-License-Identifier: MIT
# The SRAM starts each job as zeros, and the test would notice if it did not.
# device: cores=2
# timeout: 60
check "the SRAM of a core" sram
octet_set break-sram-zeroing true
sram >/tmp/sram 2>&1
status=$?
sed 's/^/# /' /tmp/sram
check "without zeroing that test fails" [ $status = 1 ]
check "  because another client's bytes are there" \
	grep -q '^not ok .*another client reads zeros' /tmp/sram
octet_set break-sram-zeroing false
check "with zeroing back it passes" sram
