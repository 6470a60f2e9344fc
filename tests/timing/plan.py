#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plans of well-known networks: as good as they must be, and timed as the oracle times them.

usage: plan.py [--plan-nets PROGRAM] [--oracle DIR]

DIR holds cycle_model.py; without it only the goals are checked.
"""
import argparse
import glob
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MACHINES = {"a1024": (1024, 32), "a512": (512, 12), "a256": (256, 8)}  # MACs, DRAM bytes per cycle

# Utilisation in % on each machine, DRAM MB at most.
GOALS = {
    "MobileNetV1": (93.5, 90, 94.5, 4.46),
    "MobileNetV2": (81, 78, 85, 3.77),
    "ResNet-50": (97.5, 96, 98.5, 31.1),
    "ResNet-8": (80, 87.5, 92, 0.084),
    "DS-CNN keywords": (44, 57, 67.5, 0.028),
    "Visual wake words": (44.5, 55.5, 70, 0.26),
    "BERT-base 128": (98.5, 98.5, 98.5, 86.2),
    "GEMM 512": (99.5, 99.5, 99.5, 0.80),
}
BANDWIDTH = {"auto-encoder": 98, "matrix-vector": 98}  # % of 17/20 of the DRAM's bytes per cycle
SECONDS = {"ResNet-50": 0.2}
# Batches in parts: samples of a part, parts of the job.
BATCHES = [("keywords", "a1024", 8, 3), ("ResNet-8", "a1024", 16, 4),
           ("Visual wake", "a256", 8, 2), ("ResNet-8", "a512", 1, 5)]


def load_oracle(folder):
    path = os.path.join(folder, "cycle_model.py")
    if not os.path.exists(path):
        return None
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("cycle_model", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["cycle_model"] = module
    spec.loader.exec_module(module)
    return module


def plan(program, *options):
    """The jobs that the program plans."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "--json", folder, *options], check=True,
                       stdout=subprocess.DEVNULL)
        jobs = []
        for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
            with open(path, encoding="utf-8") as f:
                jobs.append(json.load(f))
        return jobs


def misses(job):
    """What a job does not reach."""
    name, machine = job["network"], job["machine"]
    macs, width = MACHINES[machine]
    cycles = sum(r["total"] for r in job["reports"])
    bytes_ = sum(r["dram_read"] + r["dram_write"] for r in job["reports"])
    use, band = 100 * job["macs"] / cycles / macs, 100 * bytes_ * 20 / (17 * width * cycles)
    bad = []
    if name in GOALS:
        least, most = GOALS[name][list(MACHINES).index(machine)], GOALS[name][3]
        if use < least:
            bad.append(f"utilisation {use:.2f} %, not {least} %")
        if bytes_ > most * 1e6:
            bad.append(f"{bytes_ / 1e6:.3f} MB of DRAM, not {most}")
    if band < BANDWIDTH.get(name, 0):
        bad.append(f"{band:.1f} % of the DRAM's bandwidth, not {BANDWIDTH[name]} %")
    return bad


def slow(program, job):
    """Planned too slowly; noise of the machine aside."""
    most = SECONDS.get(job["network"])
    taken = job["seconds"]
    for _ in range(3):
        if not most or taken < most:
            return []
        taken = plan(program, "--net", job["network"], job["machine"])[0]["seconds"]
    return [f"planned in {taken:.3f} s, not {most}"]


def differs(oracle, job):
    """Commands whose counters the oracle sees otherwise."""
    try:
        want = oracle.job_cycles(oracle.Machine.named(job["machine"]),
                                 [oracle.Command(**c) for c in job["commands"]],
                                 job["sw"], job["lb"])
    except oracle.Fault as fault:
        return [f"the oracle refuses it: {fault}"]
    return [f"command {i}: the oracle says {w}, the plan {r}"
            for i, (w, r) in enumerate(zip(want, job["reports"])) if w != r]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan-nets", default=os.path.join(TOP, "build/bin/plan_nets"))
    parser.add_argument("--oracle", default=os.path.join(TOP, "../shared/reference"))
    args = parser.parse_args()
    oracle = load_oracle(args.oracle)
    jobs = plan(args.plan_nets, *MACHINES)
    passed = failed = skipped = 0
    for job in jobs:
        results = [misses(job) + slow(args.plan_nets, job)]
        if oracle:
            results.append(differs(oracle, job))
        else:
            skipped += 1
        for bad in results:
            for text in bad:
                print(f"plan: {job['network']} on {job['machine']}: {text}")
            passed, failed = passed + (not bad), failed + bool(bad)
    for name, machine, batch, parts in BATCHES if oracle else []:
        job, = plan(args.plan_nets, "--net", name, "--batch", str(batch), "--parts", str(parts),
                    machine)
        bad = differs(oracle, job)
        for text in bad:
            print(f"plan: {name} on {machine}, {parts} parts of {batch}: {text}")
        passed, failed = passed + (not bad), failed + bool(bad)
    want = len(MACHINES) * (len(GOALS) + len(BANDWIDTH))
    if len(jobs) != want:
        print(f"plan: {len(jobs)} jobs, not {want}")
        failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
