#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An int8 TFLite network as ONNX, for ONNX Runtime as a peer: the same weights, scales
and zero points, in the operators that it is quickest with (QLinearConv, QGemm,
QLinearAdd, ...), channels first as it wants them.

	onnx_model.py MODEL.tflite OUT.onnx s8|u8

u8: activations as uint8, codes and zero points 128 higher. A fused ReLU needs no
operator: the range of its result's codes is what it clamps to.
"""

import struct
import sys


class Table:
    """A flatbuffer table: fields by their number in the schema."""

    def __init__(self, data, at):
        self.data, self.at = data, at
        self.vtable = at - struct.unpack_from("<i", data, at)[0]
        self.size = struct.unpack_from("<H", data, self.vtable)[0]

    def where(self, field):
        if 4 + 2 * field >= self.size:
            return 0
        off = struct.unpack_from("<H", self.data, self.vtable + 4 + 2 * field)[0]
        return self.at + off if off else 0

    def number(self, field, form="<i", default=0):
        at = self.where(field)
        return struct.unpack_from(form, self.data, at)[0] if at else default

    def follow(self, at):
        return at + struct.unpack_from("<I", self.data, at)[0]

    def table(self, field):
        at = self.where(field)
        return Table(self.data, self.follow(at)) if at else None

    def vector(self, field, form):
        at = self.where(field)
        if not at:
            return []
        at = self.follow(at)
        count = struct.unpack_from("<I", self.data, at)[0]
        return list(struct.unpack_from("<%d%s" % (count, form), self.data, at + 4))

    def bytes(self, field):
        at = self.where(field)
        if not at:
            return b""
        at = self.follow(at)
        return self.data[at + 4:at + 4 + struct.unpack_from("<I", self.data, at)[0]]

    def tables(self, field):
        at = self.where(field)
        if not at:
            return []
        at = self.follow(at)
        count = struct.unpack_from("<I", self.data, at)[0]
        return [Table(self.data, self.follow(at + 4 + 4 * i)) for i in range(count)]


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, value):
    """A protobuf field: int, str, bytes (messages too)."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


FLOAT, UINT8, INT8, INT32, INT64 = 1, 2, 3, 6, 7
CONV, DEPTHWISE, FC, ADD, POOL, RESHAPE, SOFTMAX, QUANTIZE, MEAN = \
    3, 4, 9, 0, 1, 22, 25, 114, 40


class Net:
    def __init__(self, path, u8):
        with open(path, "rb") as f:
            data = f.read()
        model = Table(data, struct.unpack_from("<I", data)[0])
        self.codes = [max(c.number(0, "<b"), c.number(3)) for c in model.tables(1)]
        self.buffers = model.tables(4)
        self.graph = model.tables(2)[0]
        self.tensors = self.graph.tables(0)
        self.u8 = u8
        self.nodes, self.constants, self.made = [], [], set()
        self.alias = {}

    def shape(self, t):
        return self.tensors[t].vector(0, "i")

    def data(self, t):
        return self.buffers[self.tensors[t].number(2, "<I")].bytes(0)

    def quant(self, t):
        q = self.tensors[t].table(4)
        return q.vector(2, "f"), q.vector(3, "q")

    def name(self, t):
        return "t%d" % self.alias.get(t, t)

    def constant(self, name, dims, kind, raw):
        if name not in self.made:
            self.made.add(name)
            self.constants.append(b"".join(field(1, d) for d in dims) + field(2, kind) +
                                  field(8, name) + field(9, raw))
        return name

    def activation(self, t):
        """Names of its scale and zero point."""
        scale, zero = self.quant(t)
        # a uint8 tensor at the edges is the int8 one beside it
        z = zero[0] - (128 if self.tensors[t].number(1, "<b") == 3 else 0)
        t = self.alias.get(t, t)
        s = self.constant("s%d" % t, [], FLOAT, struct.pack("<f", scale[0]))
        if self.u8:
            return [s, self.constant("z%d" % t, [], UINT8, struct.pack("<B", z + 128))]
        return [s, self.constant("z%d" % t, [], INT8, struct.pack("<b", z))]

    def weights(self, t, raw, dims):
        scale, zero = self.quant(t)
        n = len(scale)
        d = [n] if n > 1 else []
        return [self.constant("w%d" % t, dims, INT8, raw),
                self.constant("ws%d" % t, d, FLOAT, struct.pack("<%df" % n, *scale)),
                self.constant("wz%d" % t, d, INT8, struct.pack("<%db" % n, *zero))]

    def bias(self, op):
        t = op[2] if len(op) > 2 else -1
        if t < 0:
            return []
        return [self.constant("b%d" % t, self.shape(t), INT32, self.data(t))]

    def node(self, kind, inputs, output, domain="", **attributes):
        out = b"".join(field(1, i) for i in inputs) + field(2, output) + field(4, kind)
        for name, value in attributes.items():
            a = field(1, name)
            if isinstance(value, list):
                a += b"".join(field(8, v) for v in value) + field(20, 7)
            else:
                a += field(3, value) + field(20, 2)
            out += field(5, a)
        self.nodes.append(out + field(7, domain))

    def pads(self, same, i, o, k, s):
        """Of one dimension, TFLite's SAME or VALID."""
        total = max((o - 1) * s + k - i, 0) if same else 0
        return total // 2, total - total // 2

    def window(self, x, y, kernel, opt):
        s = [opt.number(2), opt.number(1)]
        pad = [self.pads(opt.number(0, "<b") == 0, self.shape(x)[1 + d], self.shape(y)[1 + d],
                         kernel[d], s[d]) for d in range(2)]
        return {"kernel_shape": kernel, "strides": s,
                "pads": [pad[0][0], pad[1][0], pad[0][1], pad[1][1]]}

    def conv(self, ins, y, opt, depthwise):
        o, r, s, i = self.shape(ins[1])
        w = self.data(ins[1])
        taps = r * s
        if depthwise:
            raw = bytes(w[t * i + c] for c in range(i) for t in range(taps))
            dims, groups = [i, 1, r, s], self.shape(ins[0])[3]
        else:
            raw = b"".join(w[f * taps * i + c:(f + 1) * taps * i:i]
                           for f in range(o) for c in range(i))
            dims, groups = [o, i, r, s], 1
        self.node("QLinearConv", [self.name(ins[0])] + self.activation(ins[0]) +
                  self.weights(ins[1], raw, dims) + self.activation(y) + self.bias(ins),
                  self.name(y), group=groups, **self.window(ins[0], y, [r, s], opt))

    def fc(self, ins, y, image):
        n, k = self.shape(ins[1])
        raw = self.data(ins[1])
        if image and image[1] * image[2] > 1:
            h, w, c = image[1:]
            raw = bytes(raw[o * k + (a * w + b) * c + d] for o in range(n) for d in range(c)
                        for a in range(h) for b in range(w))
        self.node("QGemm", [self.name(ins[0])] + self.activation(ins[0]) +
                  self.weights(ins[1], raw, [n, k]) + self.bias(ins) + self.activation(y),
                  self.name(y), "com.microsoft", transB=1)

    def channels_first(self, shape):
        return [shape[0], shape[3], shape[1], shape[2]] if len(shape) == 4 else shape

    def reshape(self, x, y):
        dims = self.channels_first(self.shape(y))
        shape = self.constant("r%d" % y, [len(dims)], INT64,
                              struct.pack("<%dq" % len(dims), *dims))
        self.node("Reshape", [self.name(x), shape], self.name(y))

    def operators(self):
        image = None
        for op in self.graph.tables(3):
            code = self.codes[op.number(0, "<I")]
            ins, y, opt = op.vector(1, "i"), op.vector(2, "i")[0], op.table(4)
            x = ins[0]
            io = [self.name(x)] + self.activation(x) + self.activation(y)
            if code in (CONV, DEPTHWISE):
                self.conv(ins, y, opt, code == DEPTHWISE)
            elif code == FC:
                if len(self.shape(x)) == 4:
                    image = self.shape(x)
                self.fc(ins, y, image)
            elif code == ADD:
                self.node("QLinearAdd", [self.name(x)] + self.activation(x) +
                          [self.name(ins[1])] + self.activation(ins[1]) + self.activation(y),
                          self.name(y), "com.microsoft")
            elif code == POOL:
                self.node("QLinearAveragePool", io, self.name(y), "com.microsoft",
                          **self.window(x, y, [opt.number(4), opt.number(3)], opt))
            elif code == MEAN:
                self.node("QLinearGlobalAveragePool", io, self.name(y), "com.microsoft",
                          channels_last=0)
                if len(self.shape(y)) == 2:
                    sys.exit("onnx_model: MEAN that drops dimensions")
            elif code == RESHAPE:
                if len(self.shape(x)) == 4:
                    image = self.shape(x)
                self.reshape(x, y)
            elif code == SOFTMAX:
                self.node("QLinearSoftmax", io, self.name(y), "com.microsoft", axis=-1,
                          opset=13)
            elif code == QUANTIZE:
                self.alias[y] = self.alias.get(x, x)
            else:
                sys.exit("onnx_model: operator %d is not known here" % code)

    def value(self, t):
        dims = b"".join(field(1, field(1, d)) for d in self.channels_first(self.shape(t)))
        kind = field(1, UINT8 if self.u8 else INT8) + field(2, dims)
        return field(1, self.name(t)) + field(2, field(1, kind))

    def model(self):
        self.operators()
        graph = b"".join(field(1, n) for n in self.nodes) + field(2, "net")
        graph += b"".join(field(5, c) for c in self.constants)
        graph += b"".join(field(11, self.value(t)) for t in self.graph.vector(1, "i"))
        graph += b"".join(field(12, self.value(t)) for t in self.graph.vector(2, "i"))
        opsets = b"".join(field(8, field(1, d) + field(2, v))
                          for d, v in (("", 13), ("com.microsoft", 1)))
        return field(1, 8) + opsets + field(7, graph)


def main():
    if len(sys.argv) != 4 or sys.argv[3] not in ("s8", "u8"):
        sys.exit(__doc__)
    net = Net(sys.argv[1], sys.argv[3] == "u8")
    with open(sys.argv[2], "wb") as f:
        f.write(net.model())


main()
