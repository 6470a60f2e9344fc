# SPDX-License-Identifier: MIT
# Public models on the device, byte for byte, where the host has them.
# kernel: stock
# device: cores=2
# timeout: 900
if [ -d /data/models ]; then
	models /data drm
else
	skip "public models" "the host has no folder with them (OCTET_DATA)"
fi
