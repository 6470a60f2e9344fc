#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random jobs: the timing of the machine's core against the oracle of its specification.

usage: timing.py [--cycles-job PROGRAM] [--oracle DIR] [--jobs N] [--seed N]

DIR holds cycle_model.py; without it the test is skipped. A second run with one constant
changed must differ, or the comparison would prove nothing.
"""
import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
KiB = 1024


def load_oracle(folder):
    path = os.path.join(folder, "cycle_model.py")
    if not os.path.exists(path):
        return None
    spec = importlib.util.spec_from_file_location("cycle_model", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["cycle_model"] = module
    spec.loader.exec_module(module)
    return module


class Maker:
    """Jobs, most of which fit."""

    def __init__(self, rnd):
        self.rnd = rnd

    def size(self, most):
        """Small ones often, large ones sometimes."""
        return self.rnd.randint(1, max(1, most >> self.rnd.choice((0, 0, 1, 2, 3, 5))))

    def extent(self):
        return self.size(self.rnd.choice((16, 32, 64, 64, 128, 224, 1500)))

    def window(self, c, h, w):
        """Kernel, stride, dilation, padding and the size of the result."""
        rnd = self.rnd
        c["r"], c["s"] = self.size(9), self.size(9)
        c["sh"], c["sw"] = rnd.choice((1, 1, 1, 2, 2, 3, 5)), rnd.choice((1, 1, 2, 2, 3))
        c["pt"], c["pl"] = rnd.randint(0, c["r"] - 1), rnd.randint(0, c["s"] - 1)
        if rnd.random() < 0.05:
            c["pt"] = rnd.randint(0, 60)
        if c["op"] == "tconv":
            return h * c["sh"], w * c["sw"]
        c["dh"], c["dw"] = rnd.choice((1, 1, 1, 2, 4)), rnd.choice((1, 1, 2))
        below = rnd.randint(0, c["r"]) + (rnd.randint(0, 70) if rnd.random() < 0.05 else 0)
        oh = (h + c["pt"] + below - (c["r"] - 1) * c["dh"] - 1) // c["sh"] + 1
        ow = (w + 2 * c["pl"] - (c["s"] - 1) * c["dw"] - 1) // c["sw"] + 1
        return max(1, oh), max(1, ow)

    def command(self, h=None, w=None, ch=None):
        rnd = self.rnd
        op = rnd.choice("conv conv conv conv dw dw gemm tconv pool ew lut copy softmax resize".split())
        h, w = h or self.extent(), w or self.size(64)
        ch = ch or rnd.choice((1, 3, 8, 12, 16, 24, 32, 64, 96, 100, 128, 512, 1001))
        c = {"op": op, "h": h, "w": w, "cin": ch, "oh": h, "ow": w, "cout": ch}
        if op in ("conv", "dw", "tconv", "pool") and rnd.random() < 0.75:
            c["oh"], c["ow"] = self.window(c, h, w)
        if op == "pool" and rnd.random() < 0.2:
            c.update(oh=1, ow=1, r=h, s=w, pt=0, pl=0, sh=1, sw=1, dh=1, dw=1)
        if op in ("conv", "tconv"):
            g = rnd.choice((1, 1, 1, 1, 2, 4, ch))
            if ch % g == 0:
                c["groups"] = g
                c["cout"] = g * rnd.choice((1, 2, 8, 16, 17, 32, 64)) if g > 1 else self.size(600)
        if op == "dw":
            c["cout"] = ch * rnd.choice((1, 1, 1, 2, 3))
        if op == "gemm":
            c.update(w=1, ow=1, cout=self.size(1100))
        if op == "resize":
            c["oh"], c["ow"] = self.extent(), self.size(64)
        if op in ("conv", "dw", "gemm", "tconv"):
            c["weights"] = rnd.choice(("const", "const", "const", "dram", "sram"))
            c["wbits"] = rnd.choice((8, 8, 8, 4))
            c["params"] = rnd.random() < 0.8
        c["abytes"], c["obytes"] = rnd.choice((1, 1, 1, 2)), rnd.choice((1, 1, 1, 2, 4))
        if op == "ew" or rnd.random() < 0.15:
            c["src2"] = rnd.choice(("dram", "sram"))
            c["src2_bytes"] = rnd.choice((0, 0, self.size(5000)))
        return c

    def policy(self, c):
        rnd = self.rnd
        c["policy"] = rnd.choice(("auto", "auto", "resident", "weight", "stripe", "stripe"))
        if c["policy"] == "stripe":
            c["rows"] = self.size(c["oh"])
            if rnd.random() < 0.03:
                c["rows"] = rnd.choice((0, c["oh"] + 1))

    def single(self):
        rnd = self.rnd
        c = self.command()
        c["src"], c["dst"] = rnd.choice(("dram", "dram", "sram")), rnd.choice(("dram", "sram"))
        if rnd.random() < 0.2:
            c["n"] = self.size(16)
        self.policy(c)
        if rnd.random() < 0.02:
            c["dst"] = "link"
        return [c]

    def chain(self):
        rnd, out = self.rnd, []
        shape = (self.size(64), self.size(32), rnd.choice((3, 8, 16, 24, 64)))
        tensors = [shape]
        count = rnd.choice((2, 2, 3, 3, 4, 5, 8, 9 if rnd.random() < 0.1 else 6))
        for i in range(count):
            back = 0 if i == 0 or rnd.random() < 0.8 else rnd.randint(0, i)
            frm = i if not back else back
            c = self.command(*tensors[frm])
            if c["op"] == "gemm" and tensors[frm][1] != 1:
                c.update(op="copy", w=tensors[frm][1], ow=tensors[frm][1], cout=c["cin"])
                for key in ("weights", "wbits", "params"):
                    c.pop(key)
            if i:
                c["src"] = "link"
                if frm != i or rnd.random() < 0.3:
                    c["src_from"] = frm
            else:
                c["src"] = rnd.choice(("dram", "sram"))
            tensors.append((c["oh"], c["ow"], c["cout"]))
            same = [k for k in range(i + 1) if tensors[k] == tensors[-1]]
            if same and rnd.random() < 0.4:
                c["src2"], c["src2_from"] = "link", rnd.choice(same)
            c["chain"] = i < count - 1
            c["dst"] = "link" if i < count - 1 else rnd.choice(("dram", "sram"))
            out.append(c)
        self.policy(out[-1])
        if rnd.random() < 0.04:
            rnd.choice(out).update(rnd.choice(({"chain": False}, {"dst": "dram"}, {"src": "dram"},
                                               {"n": 2}, {"src_from": 7, "src": "link"})))
        return out

    def job(self):
        rnd = self.rnd
        name = rnd.choice(("a256", "a512", "a1024", "a1024", "a2048"))
        machine = name
        sram = 1024 * KiB
        if rnd.random() < 0.4:
            sram = rnd.choice((64, 256, 512, 4096, 65536)) * KiB
            machine = {"name": name, "B": rnd.choice((1, 7, 12, 32, 100)), "sram": sram}
        sw = rnd.choice((0, 0, sram // 2, rnd.randint(0, sram)))
        lb = min(rnd.choice((0, 16 * KiB, sram // 4, sram // 2, rnd.randint(0, sram))), sram - sw)
        if rnd.random() < 0.01:
            lb = sram
        cmds = []
        for _ in range(rnd.choice((1, 1, 1, 2, 3, 6))):
            cmds += self.chain() if rnd.random() < 0.35 else self.single()
        return {"machine": machine, "sw": sw, "lb": lb, "commands": cmds}


def directed(rnd):
    """Single commands whose rows run past the edges of the image in every way."""
    m = Maker(rnd)
    c = {"op": rnd.choice(("conv", "dw", "pool")), "h": m.size(40), "w": 1, "cin": 4, "cout": 4,
         "oh": m.size(90), "ow": 1, "r": m.size(12), "sh": m.size(9), "dh": m.size(7),
         "pt": m.size(130) - 1, "weights": "const", "src": rnd.choice(("dram", "dram", "sram"))}
    if c["op"] == "pool":
        c.pop("weights")
    m.policy(c)
    return {"machine": "a256", "sw": 0, "lb": rnd.choice((8, 64, 1000, 4096)), "commands": [c]}


def expected(oracle, job):
    m = job["machine"]
    if isinstance(m, str):
        machine = oracle.Machine.named(m)
    else:
        machine = oracle.Machine.named(m["name"], **{k: v for k, v in m.items() if k != "name"})
    try:
        return oracle.job_cycles(machine, [oracle.Command(**c) for c in job["commands"]],
                                 job["sw"], job["lb"])
    except oracle.Fault as fault:
        return str(fault)


def run(program, jobs, *options):
    text = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run([program, "--batch", *options], input=text, text=True,
                          stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def differences(jobs, want, got):
    bad = []
    for i, (w, g) in enumerate(zip(want, got)):
        same = "fault" in g if isinstance(w, str) else g.get("commands") == w
        if not same:
            bad.append(i)
    return bad + list(range(len(got), len(jobs)))


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--cycles-job", default=os.path.join(TOP, "build/bin/cycles_job"))
    args.add_argument("--oracle", default=os.path.join(TOP, "../shared/reference"))
    args.add_argument("--jobs", type=int, default=3000)
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    oracle = load_oracle(args.oracle)
    if not oracle:
        print(f"timing: skipped: no cycle_model.py in {args.oracle}; name its folder with --oracle")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    rnd = random.Random(args.seed)
    maker = Maker(rnd)
    jobs = [maker.job() for _ in range(args.jobs)] + [directed(rnd) for _ in range(args.jobs // 2)]
    want = []
    for job in jobs:
        want.append(expected(oracle, job))
        if len(want) % 100 == 0:
            for f in (oracle.work, oracle.build, oracle.choose):
                f.cache_clear()
    faults = sum(isinstance(w, str) for w in want)
    commands = sum(len(job["commands"]) for job in jobs)
    print(f"timing: {len(jobs)} jobs, {commands} commands, {faults} jobs fault; seed {args.seed}")
    got = run(args.cycles_job, jobs)
    bad = differences(jobs, want, got)
    for i in bad[:3]:
        print(f"job {i}: {json.dumps(jobs[i])}\n  oracle {want[i]}\n  core   {got[i]}")
    broken = differences(jobs, want, run(args.cycles_job, jobs, "--break"))
    print(f"timing: {len(bad)} jobs differ; with one constant changed {len(broken)} do")
    failed = len(bad) + (not broken)
    print(f"{len(jobs) - len(bad) + bool(broken)} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
