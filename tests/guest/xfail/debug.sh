# SPDX-License-Identifier: MIT
# Every kind of mistake that the debug kernel finds: between its mark and the
# next one the kernel's log must have a line that fails a case, and at the end
# the leak must be found.
# kernel: debug
# own-vm: yes
# timeout: 120
# expect: controls
# lockdep says nothing after it has found a cycle or KASAN anything
echo 3 >/proc/sys/kernel/hung_task_timeout_secs
for what in leak hung ubsan rcu sleep refcount list odebug dma atomic lockdep kasan
do
	echo "octet-control $what" >/dev/kmsg
	insmod /modules/controls.ko what=$what 2>/tmp/err
	grep -qi cancel /tmp/err || echo "# $what: $(cat /tmp/err)"
done
echo "octet-control end" >/dev/kmsg
ok "the controls ran"
