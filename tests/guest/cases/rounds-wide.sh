# SPDX-License-Identifier: MIT
# Faults one after the other, of a kind picked at random, under clients whose jobs
# must not run twice.
# kernel: stock debug-full
# device: cores=4
# load: no
# own-vm: yes
# timeout: 600
# Jobs are to take a twentieth of it at most: the machine may have much else to do.
check "insmod" insmod /modules/octet.ko job_timeout_ms=3000
# Which command a job began with, each time.
trace=/sys/kernel/tracing
mount -t tracefs trace $trace 2>/dev/null
echo 1 >$trace/events/octet/octet_job_run/enable
check "four cores" rounds 60
went_on=$(grep -c 'octet_job_run: .* first=[1-9]' $trace/trace)
echo "# figure: jobs that a reset interrupted: $went_on"
if [ "$went_on" = 0 ]; then
	skip "jobs went on after a reset" "none was interrupted: this machine is too fast for them"
else
	ok "$went_on jobs went on between two commands after a reset"
fi
