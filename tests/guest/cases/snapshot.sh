# SPDX-License-Identifier: MIT
# Cut under load: snapshots at random points, and back to them a while later.
# kernel: stock debug-full
# device: cores=2
# device: cores=1,timing=paced,clock=20000000
# mem: 640M
# timeout: 300
# own-vm: yes
# host: snapshot.py
#
# A share of the host cannot be saved while it is mounted, so the case goes on
# from a copy of itself.
if [ "${0#/host/}" != "$0" ]; then
	cp "$0" /tmp/snapshot.sh
	exec sh -c '. /etc/case.sh; . "$0"' /tmp/snapshot.sh
fi
umount /data
check "no share is mounted" umount /host

load() {		# NODE COUNT SEED: every job compared, until told to stop
	round=0
	while [ ! -e /tmp/stop ]; do
		if ! octet selftest --device "$1" --count "$2" --seed $(($3 + round)) \
			>"/tmp/load$3" 2>&1; then
			cp "/tmp/load$3" "/tmp/bad$3"
			echo "seed $(($3 + round))" >>"/tmp/bad$3"
		fi
		round=$((round + 1))
		echo $round >"/tmp/round$3"
	done
}

before=$(dmesg | grep -c 'octet')
load /dev/accel/accel0 20 1000 &
load /dev/accel/accel0 20 2000 &
load /dev/accel/accel1 5 3000 &
sleep 1
said=$(host_run 12)
status=$?
echo "# $said"
check "snapshots under load" [ $status = 0 ]
touch /tmp/stop
wait
for seed in 1000 2000 3000; do
	check "load $seed: $(cat /tmp/round$seed) rounds, bits right after every cut" \
		[ ! -e /tmp/bad$seed ]
	[ ! -e /tmp/bad$seed ] || sed 's/^/# /' /tmp/bad$seed
done
after=$(dmesg | grep -c 'octet')
check "the driver has had nothing to say" [ "$before" = "$after" ]
[ "$before" = "$after" ] || dmesg | grep octet | tail -5 | sed 's/^/# /'
for n in 0 1; do
	octet selftest --device /dev/accel/accel$n --count 3 --seed 5 >/tmp/last 2>&1
	check "device $n works afterwards" [ $? = 0 ]
done
