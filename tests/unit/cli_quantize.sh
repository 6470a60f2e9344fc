#!/bin/sh
# SPDX-License-Identifier: MIT
# octet quantize and octet compare, as people meet them: sets in every form, what is wrong with
# them, what comes out. A small network of our own; nothing here needs a device.
. "$(dirname "$(readlink -f "$0")")/../lib/cli.sh"

json() {	# FILE EXPRESSION, of d and the folder work
	python3 -c "import json, sys; work = '$work'; d = json.load(open('$1')); assert $2, d" \
		2>"$work/err"
	verdict "$what: $1 does not have $2" $?
}

build/bin/small_models "$work" >"$work/names" || exit 1
net=$work/cnn_float.tflite
q=$work/q.tflite
: >"$work/empty.f32"
run 3 "$octet" quantize "$net" --calibrate "$work/empty.f32" -o "$q"
says err ': no sample; a sample of input .* \(float32 .*\) has [0-9]+$'
bytes=$(sed -n 's/.* has \([0-9]*\)$/\1/p' "$work/err")
[ "${bytes:-0}" -gt 0 ]
verdict "the message about an empty set says how long a sample is" $?

# Sets in every form, all of the same 12 samples; and bad ones.
python3 - "$work" "$bytes" <<'END' || exit 1
import array, os, random, struct, sys
work, n = sys.argv[1], int(sys.argv[2]) // 4
random.seed(5)
def npy(name, descr, data, shape):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    with open(os.path.join(work, name), 'wb') as f:
        f.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + data)
def raw(name, data):
    with open(os.path.join(work, name), 'wb') as f:
        f.write(data)
samples = [array.array('f', [random.uniform(-1, 1) for _ in range(n)]).tobytes()
           for _ in range(12)]
raw('set.f32', b''.join(samples))
npy('set.npy', '<f4', b''.join(samples), '(12, %d)' % n)
npy('short.npy', '<f4', b''.join(samples)[:-4], '(12, %d)' % n)
npy('double.npy', '<f8', bytes(8 * n), '(%d,)' % n)
npy('bytes.npy', '|i1', bytes(n), '(%d,)' % n)
for d in ('folder', 'bad_folder', 'empty_folder'):
    os.mkdir(os.path.join(work, d))
raw('folder/a.f32', samples[0])
raw('folder/b.bin', b''.join(samples[1:5]))
npy('folder/c.npy', '<f4', b''.join(samples[5:]), '(7, %d)' % n)
raw('folder/.hidden', b'x')
raw('bad_folder/a.f32', samples[0])
raw('bad_folder/b.f32', samples[1][:-4])
raw('long.f32', samples[0] + b'1234')
for name, value in (('nan', float('nan')), ('inf', float('inf'))):
    bad = array.array('f', [0.0] * (2 * n))
    bad[n + 3] = value
    raw(name + '.f32', bad.tobytes())
raw('zero.f32', bytes(8 * n))
END

# quantize
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$q" --json "$work/q.json"
says out '^quantize: .* operators quantized, 0 left float; 0 conversions added'
says out '^ranges: [0-9]+ by minmax over 12 samples; 0.0000 % '
says out '^size: .* times smaller$'
says out '^time: .* MiB at the most$'
json "$work/q.json" "d['samples'] == 12 and d['quantized'] > 3 and not d['float']"
json "$work/q.json" "d['bytes_after'] == __import__('os').path.getsize('$q')"
for set in set.npy folder; do
	run 0 "$octet" quantize "$net" --calibrate "$work/$set" -o "$work/other.tflite"
	same "$q" "$work/other.tflite"
done
run 0 "$octet" info "$q"
says out "input .* int8 .*, scale "
says out '100.0 % of them on the device'
run 0 "$octet" verify "$q" --backend sim --seed 3
says out ' 0 differ; .* PASS$'
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/u.tflite" --activations uint8
run 0 "$octet" info "$work/u.tflite"
says out "input .* uint8 .*, scale "
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/t.tflite" --per-tensor
! cmp -s "$q" "$work/t.tflite"
verdict "--per-tensor makes no difference" $?
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/r.tflite" --real-io
says out '; 2 conversions added$'
run 0 "$octet" run "$work/r.tflite" --input "$work/set.f32"
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/x.tflite" --exclude 'SOFT*' \
	--exclude FULLY_CONNECTED --json "$work/x.json"
says out "^  float: SOFTMAX .*: --exclude 'SOFT\\*'$"
json "$work/x.json" "{e['operator'] for e in d['float']} == {'SOFTMAX', 'FULLY_CONNECTED'}"
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/l.tflite" --limit 3
says out ' over 3 samples;'
for observer in moving percentile histogram mse entropy; do
	run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/o.tflite" \
		--observer $observer
	says out " by $observer over 12 samples"
done
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/o.tflite" \
	--observer percentile --percentile 90 --json "$work/o.json"
json "$work/o.json" "0.02 < d['clipped_mean'] < 0.12"


# formats and recovery
for format in int16x8 dynamic-range weight-only float16; do
	run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/f.tflite" \
		--format $format --json "$work/f.json"
	says out "^quantize: .*: $format: "
	json "$work/f.json" "d['format'] == '$format' and d['quantized'] >= 3"
	run 0 "$octet" compare "$net" "$work/f.tflite" --set "$work/set.f32" --json "$work/f.json"
	json "$work/f.json" "all(l['accumulated']['sqnr_db'] > 30 for l in d['layers'])"
done
run 0 "$octet" quantize "$net" --format float16 -o "$work/f.tflite"
says out '^  float: SOFTMAX .* this has none$'
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/f.tflite" --weights int4
run 0 "$octet" info "$work/f.tflite"
for option in --equalize --correct-bias --adaround --no-fold '--smooth 0.5'; do
	# shellcheck disable=SC2086 # an option and its value
	run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/f.tflite" $option
done
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" --rank --json "$work/rank.json"
says out 'SQNR dB of the outputs'
json "$work/rank.json" "d['rank'] == sorted(d['rank'], key=lambda r: r['sqnr_db'] or 1e9)"
run 0 "$octet" quantize "$net" --calibrate "$work/set.f32" --keep-worst 1 -o "$work/f.tflite" \
	--json "$work/f.json"
says out '1 left float; .* conversions? added'
json "$work/f.json" "[e['tensor'] for e in d['float']] == \
	[json.load(open(work + '/rank.json'))['rank'][0]['tensor']]"

# what is wrong with a set, and nothing is left behind
rm -f "$work/none.tflite"
bad() {		# SET PATTERN
	run 3 "$octet" quantize "$net" --calibrate "$work/$1" -o "$work/none.tflite"
	says err "$2"
	[ ! -e "$work/none.tflite" ]
	verdict "$what: a file is left behind" $?
}
bad nan.f32 'nan.f32: sample 1, value 3 is NaN'
bad inf.f32 'inf.f32: sample 1, value 3 is infinite'
bad long.f32 "no multiple of a sample's; a sample of input"
bad short.npy 'fewer values than its shape'
bad bytes.npy 'has int8, samples must be float32'
bad double.npy 'has float64: save it with .astype'
bad bad_folder 'b.f32: has .* no multiple'
bad empty_folder 'is empty: no sample'
bad no_such_set 'No such file'

# constants that are all zero have a scale of their own, and say so in no way
run 0 "$octet" quantize "$net" --calibrate "$work/zero.f32" -o "$work/z.tflite"
run 0 "$octet" info "$work/z.tflite"

# and with the rest of the line
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32"
says err '-o FILE'
run 2 "$octet" quantize "$net" -o "$q"
says err '--calibrate SET'
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32" --calibrate "$work/set.f32" -o "$q"
says err '1 inputs, sets are given for 2'
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$q" --observer best
says err 'entropy'
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$q" --percentile 90
says err '--observer percentile'
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$q" --observer percentile \
	--percentile 10
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$q" --activations int7
run 3 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$work/none.tflite" --exclude LSTM
says err "exclude 'LSTM'"
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$q" --format int2
says err 'weight-only'
run 2 "$octet" quantize "$net" --calibrate "$work/set.f32" -o "$q" --smooth 2
run 2 "$octet" quantize "$net" --format float16 --rank
says err '--rank and --limit are for'
run 3 "$octet" quantize "$q" --calibrate "$work/set.f32" -o "$work/none.tflite"
says err 'quantized already'
run 3 "$octet" quantize "$net" --calibrate "$work/set.f32" -o /no/such/folder/q.tflite
says err '/no/such/folder'

# compare
run 0 "$octet" compare "$net" "$q" --set "$work/set.f32" --json "$work/c.json" \
	--html "$work/c.html"
says out 'SQNR dB'
says out '^ +0  CONV_2D '
says out '^size: .* times smaller$'
says out '^agreement: the same output is the largest in [0-9]+ of 12 samples$'
json "$work/c.json" "d['unmatched'] == 0 and d['samples'] == 12"
json "$work/c.json" "all(l['accumulated']['sqnr_db'] > 15 for l in d['layers'])"
json "$work/c.json" "all(l['isolated']['cosine'] > 0.98 for l in d['layers'])"
json "$work/c.json" "d['layers'][0]['accumulated'] == d['layers'][0]['isolated']"
json "$work/c.json" "d['after']['bytes'] < d['before']['bytes']"
run 0 "$octet" compare "$net" "$q" --set "$work/set.f32" --backend sim --json "$work/s.json"
json "$work/s.json" "d['layers'] == json.load(open(work + '/c.json'))['layers']"

# a model and itself
run 0 "$octet" compare "$net" "$net" --set "$work/set.f32" --json "$work/c2.json"
says out ' exact '
json "$work/c2.json" "all(l['accumulated'] == {'sqnr_db': None, 'cosine': 1.0,
	'largest_error': 0.0, 'saturated': 0.0} for l in d['layers'])"

# ranges that are too small cut values off, and it is seen
run 0 "$octet" compare "$net" "$work/o.tflite" --set "$work/set.f32" --json "$work/cut.json"
json "$work/cut.json" "max(l['accumulated']['saturated'] for l in d['layers']) > 0.01"
json "$work/cut.json" "all(c['accumulated']['sqnr_db'] < l['accumulated']['sqnr_db']
	for c, l in list(zip(d['layers'], json.load(open(work + '/c.json'))['layers']))[:3])"

# layers that are float in both, conversions between, no isolated ones
run 0 "$octet" compare "$net" "$work/x.tflite" --set "$work/set.f32" --no-isolated \
	--json "$work/c.json"
json "$work/c.json" "all(l['isolated'] is None for l in d['layers']) and d['unmatched'] == 0"
run 0 "$octet" compare "$net" "$work/x.tflite" --set "$work/set.f32" --json "$work/c.json"
json "$work/c.json" "all(l['isolated'] for l in d['layers']) and 'scale' not in d['layers'][-1]"

# labels: the float model's own classes
run 0 "$octet" run "$net" --input "$work/set.f32" --top 1 --json "$work/run.json"
python3 - "$work" <<'END'
import json, sys
work = sys.argv[1]
got = [s[0]['class'] for s in json.load(open(work + '/run.json'))['results']]
open(work + '/labels', 'w').write(''.join('%d\n' % c for c in got))
END
run 0 "$octet" compare "$net" "$q" --set "$work/folder" --labels "$work/labels" \
	--html "$work/l.html"
says out '^accuracy: 12 of 12 \(100.00 %\) before, '
run 0 "$octet" compare "$net" "$q" --set "$work/set.f32" --labels "$work/labels" --limit 5
says out '^accuracy: 5 of 5 '

# the page: well formed, and it asks for nothing from elsewhere
for page in c l; do
	python3 - "$work/$page.html" <<'END' 2>"$work/err"
import html.parser, re, sys
text = open(sys.argv[1]).read()
void, stack = {'meta', 'br'}, []
class P(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        assert tag not in ('script', 'link', 'img', 'iframe'), tag
        assert not any(k in ('src', 'href', 'xlink:href') for k, v in attrs), attrs
        if tag not in void:
            stack.append(tag)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        assert stack.pop() == tag, tag
P().feed(text)
assert not stack and 'url(' not in text and '@import' not in text
assert 'prefers-color-scheme:dark' in text and 'nan' not in re.sub('<style>.*?</style>', '', text)
assert text.count('<svg') == text.count('<figure>') + 1
END
	verdict "the page $page.html" $?
done
grep -q 'Accuracy' "$work/l.html"
verdict "the page with labels has the accuracy" $?

# what cannot be compared
run 3 "$octet" compare "$net" "$work/unet.tflite" --set "$work/set.f32"
says err 'forms of one network'
run 2 "$octet" compare "$net" --set "$work/set.f32"
says err 'which models'
run 2 "$octet" compare "$net" "$q"
says err '--set SET'
run 3 "$octet" compare "$net" "$q" --set "$work/nan.f32"
says err 'is NaN'
run 3 "$octet" compare "$net" "$q" --set "$work/set.f32" --html /no/such/folder/c.html
says err '/no/such/folder'
run 3 "$octet" compare "$net" "$q" --set "$work/nan.f32" --labels "$work/labels"
says err 'has 12 lines'

cli_end
