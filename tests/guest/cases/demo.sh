# SPDX-License-Identifier: MIT
# The main job, as `make demo` shows it.
# kernel: stock
# device: cores=2
# timeout: 300
# live: yes
cd /host || exit 2
exec digits_demo --backend drm
