# SPDX-License-Identifier: MIT
# The device's half of `make bench T=device`; the host's runs before each round.
# kernel: stock
# device: cores=2
# A busy host makes the kernel leave the quick clock for a slow one.
# append: tsc=reliable
# timeout: 1800
# live: yes
# host: ../../bench/device
read -r rounds seconds part </host/build/device-orders || exit
speed drm "$seconds" /data/models "$rounds" \
	"echo 'host round $seconds $part' >&3; read -r word rest <&3; [ \"\$word\" = ok ]" \
	"$part"
