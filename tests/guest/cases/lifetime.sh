# SPDX-License-Identifier: MIT
# Buffers, files and processes that end while others use them; module unload.
# device: cores=2
# timeout: 200
# Asleep a device forgets what the controls count on.
echo on >"$(readlink -f /sys/class/accel/accel0/device)/power/control"
check "buffers" lifetime buffers
check "files and processes" lifetime files
check "an address that is used again" lifetime reuse

# The control: with invalidations broken the same test must see old bytes.
octet_set break-tlb-invalidation true
lifetime reuse >/tmp/reuse 2>&1
status=$?
sed 's/^/# /' /tmp/reuse
check "without TLB invalidation that test fails" [ $status = 1 ]
check "  because of an old translation" grep -q '^not ok .*no old translation' /tmp/reuse
octet_set break-tlb-invalidation false

lifetime hold >/tmp/hold &
pid=$!
for i in 1 2 3 4 5 6 7 8 9 10; do
	grep -q . /tmp/hold && break
	sleep 0.2
done
if rmmod octet 2>/tmp/rmmod; then
	not_ok "rmmod while a client has the device open was accepted"
	insmod /modules/octet.ko
else
	ok "rmmod while a client has the device open: $(cat /tmp/rmmod)"
fi
check "  the device is still there" octet info --backend drm
kill -9 $pid
wait $pid 2>/dev/null

for i in 1 2 3; do
	check "rmmod when the clients are gone" unload
	check "  no device node is left" [ ! -e /dev/accel/accel0 ]
	check "  insmod" insmod /modules/octet.ko
	check "  a job gives right bits" fdinfo
done
check "submits after all that" submit
