# SPDX-License-Identifier: MIT
# A kernel warning under passing lines, as the kernel's log would show it.
# expect: fail
# again: yes
# judged: at once
echo "WARNING: CPU: 0 PID: 1 at octet positive control" >/dev/kmsg
ok "one"
