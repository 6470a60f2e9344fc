# SPDX-License-Identifier: MIT
# The machine vanishes in mid-case, without a word.
# own-vm: yes
# expect: lost
# again: yes
# judged: at once
ok "one"
host_qmp '{"execute": "quit"}'
sleep 100
