# SPDX-License-Identifier: MIT
# The driver is unbound, or the device disappears, under a client.
# device: cores=2
# timeout: 120
# machine: comes-and-goes
check "unbind and bind with a client" removal unbind

removal gone /tmp/busy >/tmp/gone 2>&1 &
pid=$!
for i in $(seq 100); do
	[ -e /tmp/busy ] && break
	sleep 0.05
done
check "the device is gone" octet_set gone true
wait $pid
status=$?
cat /tmp/gone
check "a client whose device is gone ends in peace" [ $status = 0 ]
octet info --backend drm >/tmp/info 2>&1
status=$?
sed 's/^/# /' /tmp/info
check "octet info says that it cannot, exit 3" [ $status = 3 ]
octet_set gone false
check "rmmod" unload
check "insmod, when the device is back" insmod /modules/octet.ko
check "a job gives right bits" fdinfo
