#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Vectors of PyTorch's observers and quantization, for tests/unit/test_quant_torch.c.

    apt-get install python3-torch && tests/vectors/make_torch.py >tests/vectors/torch.txt

Values are made here and by the test from the same integers: value(seed, i) is a
multiple of 2^-20, so that both have the same float32. Floats are printed as %a.

PyTorch 1.13 hands HistogramObserver's range to torch.histc as int, which later
versions corrected: lines "histogram" come from the class as it is and have ranges of
whole numbers, where both agree; "histogram-float" from the class with the int() of
these two calls taken out.
"""
import inspect
import sys

import torch
from torch.ao.quantization import observer

MASK = (1 << 64) - 1


def mix(z):
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def uniform(seed, i):
    """A whole number of -2^20 .. 2^20 - 1."""
    return (mix((seed << 32) + i) >> 43) - (1 << 20)


def value(shape, seed, i):
    u = uniform(seed, i)
    if shape == "uniform":
        return u / 2**20
    if shape == "peaked":  # cubed: many small values, few large ones
        return u * abs(u) // 2**20 * abs(u) // 2**20 / 2**20 * 8
    if shape == "relu":
        return max(u * abs(u) // 2**20, 0) / 2**20 * 6
    if shape == "shifted":
        return u / 2**20 * 3 + 1
    if shape == "whole":  # as peaked, but the ends are -4 and 8
        return (-4.0, 8.0)[i] if i < 2 else max(u * abs(u) // 2**20 / 2**20 * 8, -4)
    if shape == "tail":  # fourth power, both ends far out
        v = u * abs(u) // 2**20
        return v * abs(v) // 2**20 / 2**20 * 100
    if shape == "outlier":  # one of 499 values is 60 times as large
        return u / 2**20 * (60 if i % 499 == 7 else 1)
    raise ValueError(shape)


def data(shape, seed, count):
    return torch.tensor([value(shape, seed, i) for i in range(count)], dtype=torch.float32)


def hexes(values):
    return " ".join(float(v).hex() for v in values)


def fixed_histogram():
    text = inspect.getsource(observer.HistogramObserver)
    for name in ("min_val", "max_val", "combined_min", "combined_max"):
        text = text.replace(f"int({name})", f"float({name})")
    space = dict(vars(observer))
    exec(text.replace("class HistogramObserver", "class Fixed").replace(
        "super(HistogramObserver, self)", "super(Fixed, self)"), space)
    return space["Fixed"]


def params(o):
    scale, zero = o.calculate_qparams()
    return f"{scale.item().hex()} {zero.item()}"


DTYPES = (("quint8", torch.quint8), ("qint8", torch.qint8))
SCHEMES = (("affine", torch.per_tensor_affine), ("symmetric", torch.per_tensor_symmetric))


def minmax():
    for shape in ("uniform", "peaked", "relu", "shifted", "tail"):
        for seed in range(4):
            x = data(shape, seed, 500)
            for dname, dtype in DTYPES:
                for sname, scheme in SCHEMES:
                    for reduce in (0, 1):
                        # There symmetric quint8 has zero point 128, even of 7 bits.
                        if reduce and dname == "quint8" and sname == "symmetric":
                            continue
                        o = observer.MinMaxObserver(dtype=dtype, qscheme=scheme,
                                                    reduce_range=bool(reduce))
                        o(x)
                        print("minmax", shape, seed, 500, dname, sname, reduce, params(o))


def moving():
    for shape in ("uniform", "peaked", "relu"):
        for dname, dtype in DTYPES:
            o = observer.MovingAverageMinMaxObserver(dtype=dtype)
            for seed in range(10):
                o(data(shape, seed, 100))
            print("moving", shape, 10, 100, dname, "affine", 0, params(o))


def channels():
    for shape in ("uniform", "peaked", "tail"):
        for sname, scheme in (("affine", torch.per_channel_affine),
                              ("symmetric", torch.per_channel_symmetric)):
            o = observer.PerChannelMinMaxObserver(ch_axis=0, dtype=torch.qint8, qscheme=scheme)
            x = data(shape, 7, 240).reshape(6, 40)
            o(x)
            scale, zero = o.calculate_qparams()
            for c in range(6):
                print("channel", shape, 7, 240, c, sname, scale[c].item().hex(), zero[c].item())


def histograms(name, cls, shapes):
    for shape in shapes:
        for seed, calls, count in ((0, 1, 4000), (1, 1, 20000), (2, 4, 3000)):
            for dname, dtype in DTYPES:
                o = cls(dtype=dtype)
                for k in range(calls):
                    o(data(shape, seed + k, count))
                low, high = o._non_linear_param_search()
                print(name, shape, seed, calls, count, dname, low.item().hex(), high.item().hex(),
                      params(o))


def bins(cls):
    """The histogram itself after ranges have grown, as a weighted sum in order."""
    for shape in ("peaked", "relu", "shifted", "outlier"):
        for seed in range(4):
            o = cls()
            for k in range(6):
                o(data(shape, 10 * seed + k, 20 + 100 * k))
            total = 0.0
            for i, n in enumerate(o.histogram.tolist()):
                total += n * (i * 2654435761 % 1000003)
            print("bins", shape, 10 * seed, 6, o.min_val.item().hex(), o.max_val.item().hex(),
                  total.hex())


def presets():
    """get_default_qconfig(): whole-numbered ranges, see above."""
    for backend in ("fbgemm", "qnnpack"):
        config = torch.ao.quantization.get_default_qconfig(backend)
        for seed in range(6):
            o = config.activation()
            for k in range(3):
                o(data("whole", seed + k, 2000))
            print("preset", backend, "activations", seed, 3, 2000, params(o))
        for seed in range(4):
            o = config.weight()
            o(data("peaked", seed, 240).reshape(6, 40))
            scale, zero = o.calculate_qparams()
            print("preset", backend, "weights", seed, len(scale), 240,
                  " ".join(f"{s.item().hex()} {z.item()}" for s, z in zip(scale, zero)))


def choose():
    ranges = [(0.0, 0.0), (-1.0, 2.0), (0.0, 5.0), (-3.0, 0.0), (1e-6, 2e-6), (-1e-6, 3e-6),
              (-1e-5, 0.0), (0.5, 0.75), (-128.0, 127.0), (-0.5, 254.5), (1e30, 2e30)]
    for seed in range(40):
        a, b = uniform(seed, 0) / 2**20, uniform(seed, 1) / 2**14
        ranges.append((min(a, b), max(a, b)))
    for low, high in ranges:
        x = torch.tensor([low, high], dtype=torch.float32)
        for reduce in (0, 1):
            scale, zero = torch._choose_qparams_per_tensor(x, bool(reduce))
            print("choose", hexes(x), reduce, scale.hex(), zero)


def quantize():
    for shape, seed, scale, zero, dname in (("uniform", 1, 0.0073, 3, "qint8"),
                                            ("peaked", 2, 0.031, 100, "quint8"),
                                            ("tail", 3, 0.05, -7, "qint8")):
        q = torch.quantize_per_tensor(data(shape, seed, 200), scale, zero, dict(DTYPES)[dname])
        print("quantize", shape, seed, 200, dname, float(torch.tensor(scale)).hex(), zero,
              " ".join(str(v) for v in q.int_repr().tolist()))
    # Ties, where dividing and multiplying by the reciprocal part.
    for k in range(20):
        s = torch.tensor((k + 1) / 37)
        x = torch.tensor([s.item() * (i - 8.5) for i in range(18)])
        q = torch.quantize_per_tensor(x, s.item(), 0, torch.qint8)
        print("ties", s.item().hex(), " ".join(str(v) for v in q.int_repr().tolist()))


def fake():
    # Zero points of 0 and more: backward, PyTorch 1.13 takes -20 for -19.
    for shape, seed, scale, zero in (("uniform", 1, 0.013, 5), ("peaked", 2, 0.029, 20),
                                     ("tail", 3, 0.11, 0)):
        x = data(shape, seed, 64).requires_grad_()
        s = torch.tensor([scale], requires_grad=True)
        z = torch.tensor([float(zero)], requires_grad=True)
        g = data("uniform", seed + 100, 64)
        y = torch._fake_quantize_learnable_per_tensor_affine(x, s, z, -128, 127, 1.0)
        y.backward(g)
        print("fake", shape, seed, 64, s.item().hex(), zero, s.grad.item().hex(),
              z.grad.item().hex())
        print("fake-y", hexes(y.detach()))
        print("fake-dx", hexes(x.grad))


def main():
    torch.set_num_threads(1)
    print("# SPDX-License-Identifier: MIT")
    print(f"# PyTorch {torch.__version__} (Debian's python3-torch): "
          "tests/vectors/make_torch.py >tests/vectors/torch.txt")
    minmax()
    moving()
    channels()
    histograms("histogram", observer.HistogramObserver, ("whole",))
    histograms("histogram-float", fixed_histogram(),
               ("whole", "uniform", "peaked", "relu", "shifted", "tail",
                                                     "outlier"))
    bins(fixed_histogram())
    presets()
    choose()
    quantize()
    fake()


if __name__ == "__main__":
    sys.exit(main())
