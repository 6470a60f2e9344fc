# SPDX-License-Identifier: MIT
# Fails each time: trying again does not help it.
# kernel: stock
# expect: fail
# again: yes
not_ok "as always"
