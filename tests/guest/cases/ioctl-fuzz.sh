# SPDX-License-Identifier: MIT
# Random calls that are nearly right, and a client beside them that must not notice.
# device: cores=2
# smp: 2
# timeout: 400
# machine: comes-and-goes
seconds=20
seed=$(date +%s)
[ ! -f /host/build/fuzz-ioctl ] || read -r seconds seed </host/build/fuzz-ioctl
check "fuzzing for $seconds s" ioctl_fuzz "$seconds" "$seed"

# The control: with an error taken from the list of documented ones it must fail.
ioctl_fuzz 2 1 2 >/tmp/control 2>&1
status=$?
sed 's/^/# /' /tmp/control
check "where ENOENT were not documented it would fail" [ $status = 1 ]

check "nothing is left that holds the module" unload
check "insmod" insmod /modules/octet.ko
check "a job gives right bits" fdinfo
