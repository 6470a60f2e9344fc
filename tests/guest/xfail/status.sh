# SPDX-License-Identifier: MIT
# All lines pass, but the case breaks off with a status.
# expect: fail
ok "one"
exit 3
