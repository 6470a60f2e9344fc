# SPDX-License-Identifier: MIT
# The device's part of `make bench`; its JSON on one line, for tests/bench/run.
# kernel: stock
# device: cores=2
# timeout: 600
# live: yes
octet bench --backend drm --json /tmp/bench.json || exit
echo "bench-json: $(tr '\n' ' ' </tmp/bench.json)"
