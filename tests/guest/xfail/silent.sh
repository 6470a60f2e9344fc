# SPDX-License-Identifier: MIT
# A case that tests nothing.
# expect: fail
true
