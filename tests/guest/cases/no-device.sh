# SPDX-License-Identifier: MIT
# What the program says where there is no device.
# device: cores=2
# timeout: 60
rmmod octet || exit 1
octet info --backend drm >/tmp/out 2>/tmp/err
status=$?
sed 's/^/# /' /tmp/out /tmp/err
check "octet info --backend drm: exit 3" [ $status = 3 ]
check "  it names the remedy" grep -Eqi 'modprobe|insmod|load|--backend' /tmp/err
octet selftest --backend drm --count 1 >/dev/null 2>&1
check "octet selftest --backend drm: exit 3" [ $? = 3 ]
octet info >/tmp/out 2>&1
status=$?
sed 's/^/# /' /tmp/out
check "octet info takes the simulator" sh -c "[ $status = 0 ] && grep -q 'backend *sim' /tmp/out"
check "  and says why" grep -Eqi 'backend *sim: .*(no |not |device)' /tmp/out
cd /host || exit 2
digits_demo --backend drm >/tmp/out 2>&1
status=$?
tail -n 1 /tmp/out | sed 's/^/# /'
check "the demo does not fall back: exit 2" [ $status = 2 ]
check "  its last line says FAIL" sh -c 'tail -n 1 /tmp/out | grep -q "^demo: FAIL"'
check "insmod" insmod /modules/octet.ko
check "then the device is what octet info takes" sh -c 'octet info | grep -q "backend *drm"'
check "an unknown device node: exit 3" sh -c 'octet info --backend drm --device /dev/accel/accel9 2>/dev/null; [ $? = 3 ]'
