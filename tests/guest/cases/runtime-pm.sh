# SPDX-License-Identifier: MIT
# An idle device sleeps in D3hot, where it answers no access.
# device: cores=2
# timeout: 200
# machine: comes-and-goes
# host: guest_errors.py
sys=$(readlink -f /sys/class/accel/accel0/device)

# Accesses that nothing answered: in D3hot the function has no memory.
errors() {
	host_run '^octet:|^Invalid (read|write) at addr'
}

host_qmp '{"execute":"human-monitor-command","arguments":{"command-line":"log guest_errors,invalid_mem"}}' >/dev/null
sleeps() {
	for i in $(seq 100); do
		[ "$(cat "$sys/power/runtime_status")" = suspended ] && return
		sleep 0.1
	done
	return 1
}

echo auto >"$sys/power/control"
before=$(errors)
check "a device that sleeps and wakes up" power "$sys"

# It goes to sleep and wakes up between any two jobs of careless clients.
echo 0 >"$sys/power/autosuspend_delay_ms"
check "clients that make a mess of a device that sleeps at once" stress storm 5
check "  a job gives right bits" fdinfo
echo 200 >"$sys/power/autosuspend_delay_ms"

check "it sleeps" sleeps
check "function level reset of a device that sleeps" sh -c "echo 1 >$sys/reset"
check "  it sleeps again" sleeps
check "  a job gives right bits" fdinfo
check "none of this touched a register of a device that sleeps" [ "$(errors)" = "$before" ]

check "it sleeps" sleeps
at=$(basename "$sys")
check "unbind while it sleeps" sh -c "echo $at >/sys/bus/pci/drivers/octet/unbind"

# The control: whoever reads a register of a device in D3hot is found out.
config=$sys/config
echo 1 >"$sys/enable"
printf '\003' | dd of="$config" bs=1 seek=68 conv=notrunc 2>/dev/null
bar=$(head -n 1 "$sys/resource" | cut -d' ' -f1)
if [ -e /dev/mem ]; then
	value=$(devmem "$bar" 32)
	check "a read in D3hot, which gives $value, is seen" [ "$(errors)" -gt "$before" ]
else
	skip "a read in D3hot is seen" "this kernel has no /dev/mem"
fi
printf '\000' | dd of="$config" bs=1 seek=68 conv=notrunc 2>/dev/null
echo 0 >"$sys/enable"

check "bind" sh -c "echo $at >/sys/bus/pci/drivers/octet/bind"
check "  a job gives right bits" fdinfo
check "it sleeps" sleeps
check "the device is gone while it sleeps" octet_set gone true
check "  a client that wakes it up is told" sh -c \
	'octet selftest --backend drm --count 1 --seed 5 >/tmp/selftest 2>&1; [ $? != 0 ]'
sed 's/^/# /' /tmp/selftest | head -n 5
check "  octet info says that it cannot, exit 3" sh -c \
	'octet info --backend drm >/dev/null 2>&1; [ $? = 3 ]'
octet_set gone false
check "rmmod" unload
check "insmod, when it is back" insmod /modules/octet.ko
check "  a job gives right bits" fdinfo
