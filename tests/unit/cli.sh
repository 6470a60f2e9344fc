#!/bin/sh
# SPDX-License-Identifier: MIT
# The programs as people meet them: exit codes, messages, JSON, broken files.
# Nothing here needs a device.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
bin=$PWD/build/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# run EXIT COMMAND...: the exit code must be EXIT; output is kept.
run() {
	want=$1
	shift
	what=$*
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	if [ "$got" = "$want" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf 'cli: %.150s: exit %s, expected %s\n' "$what" "$got" "$want"
	head -n 5 "$work/out" "$work/err"
}

# says FILE PATTERN: the last run's out or err has it.
says() {
	if grep -Eq -e "$2" "$work/$1"; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf 'cli: %.150s: std%s does not have %s\n' "$what" "$1" "$2"
	head -n 5 "$work/$1"
}

# silent FILE
silent() {
	if [ ! -s "$work/$1" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf 'cli: %.150s: std%s is not empty\n' "$what" "$1"
	head -n 5 "$work/$1"
}

# refused PATTERN COMMAND...: wrong usage, with a message and nothing else.
refused() {
	pattern=$1
	shift
	run 2 "$@"
	silent out
	says err "$pattern"
}

octet=$bin/octet

usage() {
	run 0 "$octet" --help
	silent err
	for word in info selftest bench --backend --device --machine --cpu --threads --count \
		--seed --quick --json --version 'Exit: 0'; do
		says out "$word"
	done
	run 0 "$octet" selftest --help
	run 0 "$octet" --version
	says out '^octet [0-9]+\.[0-9]+\.[0-9]+$'
	refused '^usage: octet' "$octet"
	refused "no command 'frob'" "$octet" frob
	refused "'more' is one argument too many" "$octet" bench more
	refused 'frob' "$octet" info --frob
	refused 'requires an argument' "$octet" info --backend
	refused "'gpu'.*drm, sim, cpu or auto" "$octet" info --backend gpu
	for n in 0 x -3 +3 3x ' 3' 1000000001 99999999999999999999 ''; do
		refused "--count '.*must be a number from 1 to 1000000000" \
			"$octet" selftest --count "$n"
	done
	refused '--seed' "$octet" selftest --seed -1
	refused '--quick is not one of its options' "$octet" info --quick
	refused '--count is not one of its options' "$octet" bench --count 3
	refused '--machine is for --backend sim, not cpu' \
		"$octet" info --backend cpu --machine array=a256
	refused '--device is for --backend drm, not sim' \
		"$octet" info --backend sim --device /dev/accel/accel0
}

# A property of the machine that is refused: exit 3, with name, value and rule.
machine() { # PROPERTIES PATTERN
	run 3 "$octet" info --machine "$1"
	silent out
	says err "$2"
}

machines() {
	machine frob=1 'frob is unknown; there are cores, array, .*break-rounding$'
	machine array=a5 'array=a5: must be a256, a512, a1024 or a2048'
	machine array "'array': must be key=value"
	machine array=a512, 'end with a comma'
	machine ,, 'must be key=value'
	for n in 0 9 x -1 99999999999999999999 1.5 ''; do
		machine "cores=$n" 'must be a number from 1 to 8'
	done
	machine sram=1 'must be a multiple of 4096 from 64K to 64M'
	machine break-rounding=maybe 'must be on or off'
	machine gone=on 'all ones'
	machine "$(head -c 3000 /dev/zero | tr '\0' a)" 'longer than'
	run 0 "$octet" info --machine array=a512,cores=1,dram-bytes-per-cycle=12
	says out 'array 8 x 8 x 8 = 512'
	says out '12 DRAM bytes a cycle'
}

backends() {
	run 0 "$octet" info --backend sim
	says out 'backend +sim: '
	run 0 "$octet" info --backend cpu
	says out 'backend +cpu: '
	run 3 "$octet" info --device "$work/none"
	says err 'none cannot be opened: No such file'
	run 3 "$octet" info --backend drm --device /dev/null
	says err '/dev/null is not an Octet device'
	run 3 "$octet" info --backend cpu --cpu mmx
	says err "'mmx' is unknown: scalar, avx2, avx512vnni or amx"
	run 2 "$octet" info --backend cpu --threads 65
	says err "'65': must be a number from 1 to 64"
	for array in a256 a512 a1024 a2048; do
		run 0 "$octet" selftest --machine array=$array --count 20
		says out '^20 passed, 0 failed, 0 skipped$'
	done
	run 1 "$octet" selftest --machine break-rounding=on --count 300 --seed 1
	says out ' [1-9][0-9]* failed, '
	run 0 "$octet" selftest --backend cpu --cpu scalar --count 5
	run 0 "$octet" selftest --backend cpu --threads all --count 5
	run 0 "$octet" selftest --count 3 --seed 77
	says out 'seed 77$'
	cp "$work/out" "$work/first"
	run 0 "$octet" selftest --count 3 --seed 77
	says out "$(grep compared "$work/first")"
}

# is_json PROGRAM: the last run's output, as d in a line of Python.
is_json() {
	if python3 -c "import json, sys
d = json.load(open(sys.argv[1]))
assert $1, d" "$work/out" 2>"$work/why"; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf 'cli: %.150s: not: %s\n' "$what" "$1"
	tail -n 2 "$work/why" | cut -c1-300
}

json() {
	run 0 "$octet" info --machine cores=2 --json -
	is_json "d['backend'] == 'sim' and d['cores'] == len(d['counters']) == 2"
	says err '^octet '
	run 0 "$octet" selftest --backend sim --count 4 --json -
	is_json "(d['passed'], d['failed']) == (4, 0)"
	says err '^4 passed, 0 failed, 0 skipped$'
	run 0 "$octet" bench --backend sim --quick --json -
	is_json "all({'name', 'value', 'unit'} <= set(r) for r in d)"
	is_json "all(any(r['name'].startswith(n) for r in d) for n in
		('gemm-512', 'conv3x3', 'depthwise3x3', 'empty-job/',
		 'empty-job-array-32/doorbells-per-job', 'idle-client'))"
	is_json "[r['value'] for r in d
		if r['name'] == 'empty-job-array-32/doorbells-per-job'] == [1 / 32]"
	run 0 "$octet" info --json "$work/info.json"
	cp "$work/info.json" "$work/out"
	is_json "d['ops'] and d['stages'] == 63"
	run 3 "$octet" selftest --count 1 --json "$work/no/folder"
	says err '--json .*/no/folder: No such file'
	silent out
	run 3 "$octet" info --json /dev/full
	says err 'No space left'
}

# broken FILE PATTERN OPTION: neither program takes it, each says why.
broken_data() {
	run 2 "$bin/digits_demo" --backend sim --data "$work/$1" --model "$work/good.f32"
	says err "$2"
	says out '^demo: FAIL'
	run 1 "$bin/train_digits" --data "$work/$1" --out "$work/new.f32"
	says err "$2"
	[ ! -e "$work/new.f32" ] || failed=$((failed + 1))
}

broken_model() {
	run 2 "$bin/digits_demo" --backend sim --data "$work/good.csv" --model "$work/$1"
	says err "$2"
	says out '^demo: FAIL'
}

# Images of noise: the network learns nothing, which is fine here.
make_files() {
	awk 'BEGIN { srand(1); for (i = 0; i < 760; i++) {
		s = ""
		for (k = 0; k < 64; k++)
			s = s int(rand() * 17) ","
		print s int(rand() * 10) } }' >"$work/good.csv"
	run 0 "$bin/train_digits" --data "$work/good.csv" --out "$work/good.f32" \
		--epochs 1 --min-accuracy 0
	cd "$work" || exit 1
	head -n 100 good.csv >short.csv
	sed '7s/,/;/' good.csv >separator.csv
	sed '9s/^[0-9]*/17/' good.csv >pixel.csv
	sed '5s/[0-9]*$/10/' good.csv >label.csv
	sed '$s/,[^,]*$//' good.csv >cut.csv
	head -c 5000 /dev/zero >zeros.csv
	: >empty
	size=$(wc -c <good.f32)
	head -c 10 good.f32 >header.f32
	head -c 60000 good.f32 >cut.f32
	head -c $((size - 1)) good.f32 >last.f32
	{ cat good.f32; echo; } >long.f32
	{ head -c 5000 good.f32; printf '\377\377\377\377'; tail -c +5005 good.f32; } >nan.f32
	{ printf x; tail -c +2 good.f32; } >magic.f32
	cd - >/dev/null || exit 1
}

demo() {
	make_files
	broken_data short.csv '100 images, at least [0-9]+ are needed'
	broken_data separator.csv "line 7, column 1 is '[0-9]+;[0-9]+': expected"
	broken_data pixel.csv "line 9, column 1 is '17': expected"
	broken_data label.csv "line 5, column 65 is '10': expected"
	broken_data cut.csv 'line 760, column 64'
	broken_data zeros.csv 'line 1, column 1'
	broken_data empty '0 images'
	broken_data none 'No such file'
	broken_data . 'cannot be read'
	broken_model header.f32 'truncated: 10 bytes, the header alone has 16'
	broken_model cut.f32 'truncated in the data of layer 2: [0-9]+ of [0-9]+ bytes'
	broken_model last.f32 'truncated'
	broken_model long.f32 '1 bytes after the last layer'
	broken_model nan.f32 'is not a number, must be finite'
	broken_model magic.f32 'good|magic|not a'
	broken_model empty 'truncated: 0 bytes'
	broken_model none 'No such file'
	refused 'drm or sim' "$bin/digits_demo" --backend cpu
	refused 'divisor of 90' "$bin/digits_demo" --batch 7
	refused 'divisor of 90' "$bin/digits_demo" --batch 5x
	refused 'number of images' "$bin/digits_demo" --calibrate -1
	refused 'one argument too many' "$bin/digits_demo" more
	run 0 "$bin/digits_demo" --help
	says out '^usage: digits_demo'
	run 0 "$bin/train_digits" --help
	# The network of noise runs, equal on both sides, and is told as a failure.
	run 1 "$bin/digits_demo" --backend sim --data "$work/good.csv" --model "$work/good.f32"
	says out '^demo \(sim\): FAIL images=360 float=[0-9.]+% int8=[0-9.]+% mismatches=0$'
}

examples() {
	run 0 "$bin/hello_gemm"
	says out '^hello_gemm: PASS$'
	for backend in sim cpu; do
		run 0 "$bin/mac1d" $backend
		says out ": equal$"
	done
	run 2 "$bin/mac1d" gpu
}

usage
machines
backends
json
demo
examples
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
