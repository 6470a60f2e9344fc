# SPDX-License-Identifier: MIT
# What every case can call; read by init before the case.
tap_n=0

ok() {			# TEXT
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $*"
}

not_ok() {		# TEXT
	tap_n=$((tap_n + 1))
	echo "not ok $tap_n - $*"
}

skip() {		# TEXT WHY
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

check() {		# TEXT COMMAND...: ok when the command succeeds
	check_text=$1
	shift
	if "$@"; then
		ok "$check_text"
	else
		not_ok "$check_text (exit $?: $*)"
	fi
}

# One line to the host, one line back: "ok ANSWER" or "error WHY".
host_ask() {
	echo "$*" >&3
	read -r host_word host_rest <&3
	echo "$host_rest"
	[ "$host_word" = ok ]
}

host_qmp() {		# JSON: one QMP command; prints what it returns, as JSON
	host_ask "qmp $*"
}

host_run() {		# ARGUMENT...: the script of the case's "# host:" line
	host_ask "host $*"
}

unload() {		# rmmod; the last references go a moment after a client
	for unload_try in $(seq 50); do
		rmmod octet 2>/tmp/rmmod && return
		sleep 0.2
	done
	cat /tmp/rmmod
	return 1
}

check_rounds() {	# TEXT: the program's 60, and that resets interrupted jobs
	rounds_trace=/sys/kernel/tracing
	mount -t tracefs trace $rounds_trace 2>/dev/null
	echo 1 >$rounds_trace/events/octet/octet_job_run/enable
	check "$1" rounds 60
	# Which command a job began with, each time.
	rounds_on=$(grep -c 'octet_job_run: .* first=[1-9]' $rounds_trace/trace)
	echo "# figure: jobs that a reset interrupted: $rounds_on"
	if [ "$rounds_on" = 0 ]; then
		skip "jobs went on after a reset" "none was interrupted: this machine is too fast for them"
	else
		ok "$rounds_on jobs went on between two commands after a reset"
	fi
}

octet_path=/machine/peripheral/octet0

octet_set() {		# PROPERTY VALUE, on octet0
	case $2 in
	true | false | [0-9]* | -[0-9]*) octet_value=$2 ;;
	*) octet_value="\"$2\"" ;;
	esac
	host_qmp "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"$octet_path\",\"property\":\"$1\",\"value\":$octet_value}}" >/tmp/octet_set ||
		{ echo "# octet_set $1: $(cat /tmp/octet_set)"; return 1; }
	case $1=$octet_value in
	*=0) ;;
	inject-*) echo "# figure: faults of the device: 1" ;;
	esac
}

octet_get() {		# PROPERTY: prints its value
	host_qmp "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"$octet_path\",\"property\":\"$1\"}}" |
		sed 's/^"\(.*\)"$/\1/'
}
