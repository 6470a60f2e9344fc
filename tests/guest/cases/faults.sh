# SPDX-License-Identifier: MIT
# Jobs that the device refuses or faults, and a second client that loses nothing.
# device: cores=2
# timeout: 120
check "faults" faults
