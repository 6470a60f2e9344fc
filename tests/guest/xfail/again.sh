# SPDX-License-Identifier: MIT
# Fails the first time only, as on a host that was too busy then.
# kernel: stock
# host: again.py
# expect: pass
# again: yes
ok "there"
check "not the first time" host_run
skip "nothing" "one skipped line, as the other case that passes has"
