# SPDX-License-Identifier: MIT
# Adds up lines "N passed, N failed, N skipped".
/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 }
END { printf "%d passed, %d failed, %d skipped\n", p, f, s }
