# SPDX-License-Identifier: MIT
# Buffers and fences between clients, processes and two devices.
# device: cores=2
# device: cores=2
# machine: pair
# timeout: 120
check "sharing" sharing
