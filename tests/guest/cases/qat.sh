# SPDX-License-Identifier: MIT
# What quantization-aware training makes runs on the device: few bits, every output equal to
# the fallback's. Trained in the guest, a few epochs. That a device that rounds wrongly is
# noticed, digits.sh checks.
# kernel: stock
# device: cores=2
# timeout: 600
cd /host || exit 2

qat_digits --backend drm --bits 4 --epochs 3 --delay 1 --rate 0.001 >/tmp/qat 2>&1
status=$?
sed 's/^/# /' /tmp/qat
check "training wins back what 4 bits lose" [ $status = 0 ]
passes='^qat: PASS float=[0-9.]+% ptq4=[0-9.]+% qat4=[0-9.]+% outputs=2594880 mismatches=0$'
check "the last line says so" sh -c "tail -n 1 /tmp/qat | grep -Eq '$passes'"
