# SPDX-License-Identifier: MIT
# What a submit promises: all or none, order, one doorbell, fences, syncobjs.
# device: cores=2
# timeout: 120
check "submits" submit
