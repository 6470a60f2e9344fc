#!/bin/sh
# SPDX-License-Identifier: MIT
# Quantization-aware training of the digits, with few epochs: it wins back what 3 bits lose,
# says FAIL where nothing was learned, and every run gives the same. On the hardware model.
. "$(dirname "$(readlink -f "$0")")/../lib/cli.sh"
qat=$PWD/build/bin/qat_digits
data=build/data/digits.csv

train() {	# EXIT ARGUMENT...
	code=$1
	shift
	run "$code" "$qat" --backend sim "$@"
}

last() {	# PATTERN
	tail -n 1 "$work/out" | grep -Eq -e "$1"
	verdict "$what: the last line is not '$1'" $?
}

train 2 --bits 1
says err '--bits 1: must be 2 to 8'
train 2 --bits 9
train 2 --epochs 0
says err '--epochs 0: must be a number of at least 1'
train 2 --epochs 2 --delay 2
says err 'the delay must be shorter'
train 2 --rate nan
says err '--rate nan: must lie between 0 and 1'
train 2 --rate 0.1x
train 2 more
says err 'more: is one too many'
train 2 --backend cpu
says err 'drm or sim'
train 0 --help
says out '^usage: qat_digits'
train 2 --data "$work/none"
says err 'No such file'
last '^qat: FAIL it could not run'

if [ ! -f "$data" ] || [ ! -f build/data/digits.f32 ]; then
	echo "skipped: $data or digits.f32 is not there: make demo-data"
	cli_end 1
	exit
fi

figures='float=[0-9.]+% ptq3=[0-9.]+% qat3=[0-9.]+% outputs=2594880 mismatches=0$'
# A lower rate suits so few epochs.
train 0 --bits 3 --epochs 6 --rate 0.001
last "^qat \(sim\): PASS $figures"
# The floats of training and the integers are the same codes, but for ties.
says out '^ +3 .* [0-9] \([01]\), answers 0$'
# Another order of images: other networks, and each time the same.
train 1 --bits 3 --epochs 2 --delay 1 --rate 0.0000001 --seed 2
last "^qat \(sim\): FAIL $figures"
grep -v ' s$' "$work/out" >"$work/first"
train 1 --bits 3 --epochs 2 --delay 1 --rate 0.0000001 --seed 2
grep -v ' s$' "$work/out" | cmp -s - "$work/first"
verdict "$what: two runs differ" $?
# A float network of its own; with such a rate training runs away, and that is told.
train 2 --bits 8 --epochs 2 --delay 1 --rate 0.5 --train 1
says err 'epoch 1/1 in float'
says err 'a scale or value cannot be represented'

cli_end
