# SPDX-License-Identifier: MIT
# Part of `make bench`: throughput in modelled cycles on one and on eight cores.
# device: cores=1,timing=paced
# device: cores=8,timing=paced
# icount: yes
# timeout: 900
# live: yes
export OCTET_DEVICE=/dev/accel/accel0
scaling 16 8 || exit
export OCTET_DEVICE=/dev/accel/accel1
for queues in 1 2 4 8 16; do
	scaling $queues $((128 / queues)) || exit
done
