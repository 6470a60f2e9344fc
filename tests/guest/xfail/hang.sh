# SPDX-License-Identifier: MIT
# A case that never ends.
# own-vm: yes
# timeout: 5
# expect: timeout
ok "one"
sleep 1000
