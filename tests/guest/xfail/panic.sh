# SPDX-License-Identifier: MIT
# A crash of the kernel.
# own-vm: yes
# expect: fail
ok "one"
echo c >/proc/sysrq-trigger
