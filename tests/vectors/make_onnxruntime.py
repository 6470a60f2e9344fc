#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Vectors of ONNX Runtime's choice of scale and zero point.

    make_onnxruntime.py QUANT_UTILS.PY >tests/vectors/onnxruntime.txt

QUANT_UTILS.PY is onnxruntime/python/tools/quantization/quant_utils.py of its source;
of it only compute_scale_zp() is run, which needs numpy alone.
"""
import re
import sys

import numpy

MASK = (1 << 64) - 1


def mix(z):
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def uniform(seed, i):
    """A whole number of -2^20 .. 2^20 - 1."""
    return (mix((seed << 32) + i) >> 43) - (1 << 20)


def main():
    text = open(sys.argv[1], encoding="utf-8").read()
    body = re.search(r"^def compute_scale_zp\(.*?(?=^\S|\Z)", text, re.S | re.M).group(0)
    space = {"numpy": numpy}
    exec(body, space)
    ranges = [(0.0, 0.0), (-1.0, 2.0), (0.0, 5.0), (-3.0, 0.0), (1e-42, 2e-42), (0.5, 0.75),
              (-128.0, 127.0), (-0.5, 254.5), (-1.5, 253.5), (1e30, 2e30)]
    for seed in range(60):
        a, b = uniform(seed, 0) / 2**20, uniform(seed, 1) / 2**14
        ranges.append((min(a, b), max(a, b)))
    print("# SPDX-License-Identifier: MIT")
    print("# onnxruntime's compute_scale_zp(): tests/vectors/make_onnxruntime.py "
          "quant_utils.py >tests/vectors/onnxruntime.txt, with quant_utils.py of onnxruntime "
          f"{sys.argv[2] if len(sys.argv) > 2 else ''}")
    for low, high in ranges:
        low, high = numpy.array(low, numpy.float32), numpy.array(high, numpy.float32)
        for name, qmin, qmax, symmetric in (
                ("int8", numpy.array(-128, numpy.int8), numpy.array(127, numpy.int8), False),
                ("uint8", numpy.array(0, numpy.uint8), numpy.array(255, numpy.uint8), False),
                ("int8", numpy.array(-127, numpy.int8), numpy.array(127, numpy.int8), True)):
            zero, scale = space["compute_scale_zp"](low, high, qmin, qmax, symmetric)
            print("params", float(low).hex(), float(high).hex(), name,
                  "symmetric" if symmetric else "affine", float(scale).hex(), int(zero))


if __name__ == "__main__":
    sys.exit(main())
