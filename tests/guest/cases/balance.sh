# SPDX-License-Identifier: MIT
# Eight queues use eight cores.
# device: cores=8
# timeout: 90
check "queues over cores" priority balance
