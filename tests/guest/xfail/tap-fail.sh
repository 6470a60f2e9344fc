# SPDX-License-Identifier: MIT
# One line that fails, though the case ends well.
# expect: fail
ok "one"
not_ok "two"
