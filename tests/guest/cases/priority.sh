# SPDX-License-Identifier: MIT
# How long a job of high priority waits: never behind more than a core has credits for.
# device: cores=1
# timeout: 120
check "high priority behind low priority" priority wait
