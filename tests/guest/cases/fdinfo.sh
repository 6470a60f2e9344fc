# SPDX-License-Identifier: MIT
# Usage of a client in /proc: time and cycles per core, memory.
# device: cores=2
# timeout: 60
check "fdinfo" fdinfo
