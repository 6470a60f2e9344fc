# SPDX-License-Identifier: MIT
# Virtual time counts instructions, and leaps while the guest waits: no job may
# time out because the host computes.
# kernel: stock
# device: cores=2,timing=paced
# icount: yes
# timeout: 150
check "submits" submit
