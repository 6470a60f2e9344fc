# SPDX-License-Identifier: MIT
# What the driver shows is what was done: names, counters in four places, times,
# events; and what no client can write into the log.
# device: cores=2
# timeout: 150
# machine: comes-and-goes
dev=$(readlink -f /sys/class/accel/accel0/device)
check "sysfs has a folder for each core, and no more" \
	[ "$(ls -d "$dev"/core[0-9]* | wc -l)" = "$(cat "$dev/octet/cores")" ]
check "names of buffers" observe names
check "counters of jobs that end well" observe fine
check "counters of jobs that fail" observe failed

# Every job's events, joined by client, queue and seqno, in their order.
trace=/sys/kernel/tracing
mount -t tracefs trace $trace 2>/dev/null
power=$(readlink -f /sys/class/accel/accel0/device)/power/control
echo on >"$power"	# asleep it has no translations to invalidate
echo >$trace/trace
check "events are enabled" sh -c "echo 1 >$trace/events/octet/enable"
check "jobs that are traced" observe failed
echo 0 >$trace/events/octet/enable
echo auto >"$power"
awk '
	function value(key) {
		for (i = 1; i <= NF; i++)
			if (index($i, key "=") == 1)
				return substr($i, length(key) + 2)
	}
	/ octet_job_/ {
		match($0, /octet_job_[a-z]+/)
		event = substr($0, RSTART + 10, RLENGTH - 10)
		n[event]++
		id = value("client") " " value("queue") " " value("seqno")
		# Queue numbers are used again: the context tells them apart.
		if (event == "submit" && life[id] ~ /done/) {
			lives[life[id]]++
			life[id] = ""
		}
		life[id] = life[id] event (event == "done" ? "(" value("error") ")" : "") " "
	}
	/octet_job_fault/ && /unmapped address/ && /va=0x40/ { decoded++ }
	/ octet_bo_map: / { map++ }
	/ octet_bo_unmap: / { unmap++ }
	/ octet_mmu_invalidate: / { flush++ }
	END {
		for (id in life)
			lives[life[id]]++
		for (l in lives)
			print lives[l], l
		print n["submit"], n["run"], n["fault"], n["done"], decoded + 0, map, unmap
		exit !(lives["submit run done(0) "] == 24 &&
			lives["submit run fault done(-14) "] == 24 && n["submit"] == 48 &&
			n["done"] == 48 && decoded == 24 && map == 2 && unmap == 2 && flush >= 2)
	}' $trace/trace >/tmp/lives
status=$?
sed 's/^/# /' /tmp/lives
check "24 lives end well, 24 with a fault that is decoded" [ $status = 0 ]
check "a hang is set" octet_set inject-hang 1
check "counters of a job that hangs" observe hang
check "a lost interrupt is set" octet_set inject-drop-irq 1
check "counters with a lost interrupt" observe irq
check "nothing that a client can spam" observe quiet
