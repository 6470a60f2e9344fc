# SPDX-License-Identifier: MIT
# Eight queues use eight cores.
# kernel: stock debug-full
# device: cores=8
# timeout: 90
check "queues over cores" priority balance
