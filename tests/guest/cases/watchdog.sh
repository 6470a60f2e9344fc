# SPDX-License-Identifier: MIT
# The time limit of a job, on one core that takes modelled time.
# device: cores=1,timing=paced,clock=1000000
# own-vm: yes
# timeout: 240
check "the time limit" limit
