#!/bin/sh
# SPDX-License-Identifier: MIT
# octet with models, as people meet it: samples in every form, results, messages.
# Small networks of our own; nothing here needs a device.
. "$(dirname "$(readlink -f "$0")")/../lib/cli.sh"

build/bin/small_models "$work" >"$work/names" || exit 1
net=$work/cnn_int8.tflite
"$octet" info "$net" --json "$work/info.json" >/dev/null

# Bytes of one sample, and three samples of noise.
bytes=$("$octet" run "$net" --input /dev/null 2>&1 | sed -n 's/.* has \([0-9]*\);.*/\1/p')
[ "${bytes:-0}" -gt 0 ]
verdict "the message about an empty input says how long a sample is" $?
head -c $((3 * bytes)) /dev/urandom >"$work/in.bin"
head -c "$bytes" "$work/in.bin" >"$work/one.bin"

# every small network: all of it on two executors, equal
while read -r name; do
	if "$octet" info "$work/$name.tflite" 2>&1 | grep -q 'runs on'; then
		run 0 "$octet" verify "$work/$name.tflite" --backend sim --seed 3
		says out 'verify: sim against cpu: .* 0 differ; .* PASS$'
	fi
done <"$work/names"

# info
run 0 "$octet" info "$net"
says out 'CONV_2D +device'
says out 'model: .* operators, .* 100.0 % of them on the device; flavour tflite'
run 0 "$octet" info "$net" --flavour xnnpack
says out 'not claimed exact'
run 0 "$octet" info "$net" --no-fusion --no-sram
run 0 "$octet" info "$work/cnn_int16.tflite"
says out 'SOFTMAX +cpu .*int16'
run 3 "$octet" info "$work/int4_custom.tflite"
says err 'operator 1 \(TFLite_Detection_PostProcess\), tensor .*: not on the device: .*; not on the CPU: '

# run
run 0 "$octet" run "$net" --backend sim --input "$work/in.bin" --output "$work/sim.out"
says out 'run: 3 samples on sim'
run 0 "$octet" run "$net" --backend cpu --input "$work/in.bin" --output "$work/cpu.out"
same "$work/sim.out" "$work/cpu.out"
run 0 "$octet" run "$net" --backend sim --batch 2 --input "$work/in.bin" --output "$work/batch.out"
same "$work/sim.out" "$work/batch.out"
run 0 "$octet" run "$net" --backend sim --slots 3 --no-sram --input "$work/in.bin" --output "$work/s.out"
same "$work/sim.out" "$work/s.out"
run 0 "$octet" run "$net" --input "$work/one.bin" --top 2 --json "$work/run.json"
says out 'sample 0'
grep -q '"class"' "$work/run.json"
verdict "octet run --json has classes" $?

# real values, .npy
python3 - "$work" "$work/info.json" "$bytes" <<'END'
import array, json, struct, sys
work, n = sys.argv[1], int(sys.argv[3])
def npy(name, descr, data, count):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }" % (descr, count)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    with open(work + '/' + name, 'wb') as f:
        f.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + data)
raw = open(work + '/one.bin', 'rb').read()
npy('one.npy', '|i1', raw, n)
npy('short.npy', '|i1', raw[:-1], n)
npy('wrong.npy', '<i8', b'\0' * 8 * n, n)
reals = array.array('f', [float('nan')] * n)
open(work + '/nan.f32', 'wb').write(reals.tobytes())
reals = array.array('f', [0.0] * n)
open(work + '/zero.f32', 'wb').write(reals.tobytes())
npy('zero.npy', '<f4', reals.tobytes(), n)
END
run 0 "$octet" run "$net" --input "$work/one.bin" --output "$work/a.out"
run 0 "$octet" run "$net" --input "$work/one.npy" --output "$work/b.out"
same "$work/a.out" "$work/b.out"
run 0 "$octet" run "$net" --input "$work/zero.f32" --input-type float32 --output "$work/a.out"
run 0 "$octet" run "$net" --input "$work/zero.npy" --output "$work/b.out"
same "$work/a.out" "$work/b.out"
run 3 "$octet" run "$net" --input "$work/nan.f32" --input-type float32
says err 'NaN'
run 3 "$octet" run "$net" --input "$work/short.npy"
says err 'fewer values than its shape'
run 3 "$octet" run "$net" --input "$work/wrong.npy"
says err 'int64'
printf 'P5 2 2 255\n1234' >"$work/i.pgm"
run 0 "$octet" run "$net" --input "$work/i.pgm" --mean 0 --std 1
run 3 "$octet" run "$net" --input "$work/none.png"
says err 'none.png: '
run 2 "$octet" run "$net" --input "$work/i.pgm" --std x

# accuracy: the classes are those that the network itself finds
run 0 "$octet" run "$net" --input "$work/in.bin" --json "$work/run.json" --top 1
python3 - "$work" <<'END'
import json, sys
work = sys.argv[1]
got = [s[0]['class'] for s in json.load(open(work + '/run.json'))['results']]
open(work + '/labels.tsv', 'w').write('index\tclass\n' + ''.join('%d\t%d\n' % p for p in enumerate(got)))
got[1] = (got[1] + 1) % 10
open(work + '/other.tsv', 'w').write(''.join('%d,%d\n' % p for p in enumerate(got)))
open(work + '/bad.tsv', 'w').write('1\n2\nx\n')
END
run 0 "$octet" accuracy "$net" --set "$work/in.bin" --labels "$work/labels.tsv"
says out '^accuracy: 3 of 3 \(100.00 %\)$'
run 0 "$octet" accuracy "$net" --set "$work/in.bin" --labels "$work/other.tsv"
says out '^accuracy: 2 of 3 \(66.67 %\)$'
run 3 "$octet" accuracy "$net" --set "$work/in.bin" --labels "$work/bad.tsv"
says err "no class number"
run 3 "$octet" accuracy "$net" --set "$work/one.bin" --labels "$work/labels.tsv"
says err 'has 4 lines'
run 2 "$octet" accuracy "$net" --set "$work/in.bin"
says err '--labels'

# profile
run 0 "$octet" profile "$net" --backend sim --trace "$work/trace.json" --json "$work/p.json"
says out 'profile: ([0-9]+) cycles, .* predicted '
python3 - "$work" <<'END'
import json, re, sys
work = sys.argv[1]
p = json.load(open(work + '/p.json'))
t = json.load(open(work + '/trace.json'))['traceEvents']
spent = sum(round(e['dur'] * 1000) for e in t if e['ph'] == 'X' and e['tid'] == 1)
assert p['cycles'] == p['predicted'] == spent, (p['cycles'], p['predicted'], spent)
END
verdict "profile, its JSON and its trace have the same cycles" $?
run 0 "$octet" profile "$work/cnn_int16.tflite" --backend sim --trace "$work/cpu.json"
grep -q '"name":"SOFTMAX".*"why":"the device does not make int16' "$work/cpu.json"
verdict "what runs on the CPU is in the trace, and why" $?
run 2 "$octet" profile "$net" --backend cpu
says err 'counts no cycles'

# what is wrong is said
run 2 "$octet" run
says err 'which model'
run 2 "$octet" verify "$net" --backend cpu

# A batch on the device is as many runs of one sample on the fallback, the last one short.
run 0 "$octet" verify "$net" --backend sim --batch 3 --seed 5
says out '^outputs of 4 samples, .*'
says out 'verify: sim against cpu: .* 0 differ; .* PASS$'
run 0 "$octet" verify "$net" --backend sim --batch 9 --json "$work/verify.json"
says out '^outputs of 9 samples, .*'
grep -q '"pass": *true' "$work/verify.json"
verdict "octet verify --batch --json passes" $?
run 2 "$octet" run "$net" --flavour tensorrt
says err 'tflite-opt'
run 2 "$octet" run "$net"
says err '1 input, files are given for 0'
run 3 "$octet" run /no/such.tflite --input "$work/in.bin"
says err '/no/such.tflite: No such file'
head -c 100 "$net" >"$work/cut.tflite"
run 3 "$octet" info "$work/cut.tflite"
says err 'cut.tflite: .{20}'
echo hello >"$work/text.tflite"
run 3 "$octet" info "$work/text.tflite"
says err 'no .tflite file'
run 3 "$octet" run "$net" --input "$work/in.bin" --output /no/such/file
says err '/no/such/file'
run 3 "$octet" run "$net" --input "$work"
says err 'Is a directory'
run 2 "$octet" run "$net" --input "$work/in.bin" --std 0
says err 'must not be 0'
run 2 "$octet" run "$net" --input "$work/in.bin" --mean nan
printf '\000\000\300\177' >"$work/nan.bin"
head -c $((4 * bytes - 4)) /dev/zero >>"$work/nan.bin"
run 3 "$octet" run "$net" --input "$work/nan.bin" --input-type float32
says err 'value 0 is NaN'
run 3 sh -c "'$octet' info '$net' >/dev/full"
says err 'standard output: No space left'
run 0 sh -c "cat '$work/in.bin' | '$octet' run '$net' --input /dev/stdin"
says out '^run: 3 samples'

# lines of labels: the end of Windows, nothing in the middle, a class too many
sed 's/$/\r/' "$work/labels.tsv" >"$work/dos.tsv"
run 0 "$octet" accuracy "$net" --set "$work/in.bin" --labels "$work/dos.tsv"
says out '^accuracy: 3 of 3'
{ echo 0; sed 1d "$work/labels.tsv"; } >"$work/four.tsv"
run 3 "$octet" accuracy "$net" --set "$work/in.bin" --labels "$work/four.tsv"
says err 'has 4 lines, .* has 3 samples'
head -c $((12 * bytes)) /dev/zero >"$work/reals.bin"
run 3 "$octet" accuracy "$net" --set "$work/reals.bin" --labels "$work/labels.tsv"
says err 'four times as many: .* --set-type float32'
printf 'first\n\nthird\n' >"$work/names.txt"
run 0 "$octet" run "$net" --input "$work/one.bin" --labels "$work/names.txt" --top 1000
says out '^ +2 .* third$'
says err '3 names, the model has'

# a command's help has its options alone
run 0 "$octet" profile --help
says out '^usage: octet profile MODEL'
says out '--trace'
grep -q -e '--calibrate' "$work/out"
[ $? = 1 ]
verdict "octet profile --help tells of other commands" $?

cli_end
