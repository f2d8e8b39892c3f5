#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The promise at full size, on Linux: a 27B-shape model of random weights in 3
bits under a real limit of 16 GB, its 4-bit sister refused, and a 35B-A3B whose
experts stay on disk.

  full_size.py WORK [--bantam build/bantam] [--limit 16GB] [--record FILE.md]
               [--only 27b|4bit|35b] [--keep]

WORK is a folder with 16 GB to spare; models are written there and deleted
unless --keep. Needs root for a cgroup (v1 or v2), and numpy. Prints a table;
--record writes it with the machine. A model that is already there is used.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parent.parent
UNITS = {"GB": 10 ** 9, "GiB": 1 << 30, "MiB": 1 << 20}
PROMPT = "word " * 12  # some 60 tokens of the tiny vocabulary
# The chunk is as long as the prompt, so that the plan's peak is reached.
SETTINGS = ["--max-kv-size", "1024", "--prefill-chunk", "64"]


def parse_size(text):
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return int(float(text[:-len(unit)]) * factor)
    return int(text)


def gib(count):
    return f"{count / (1 << 30):.2f} GiB"


class Group:
    """A control group with a limit of memory."""

    def __init__(self, limit):
        base = pathlib.Path("/sys/fs/cgroup")
        name = f"bantam_full_size_{os.getpid()}"
        self.v1 = (base / "memory" / "memory.limit_in_bytes").exists()
        self.path = (base / "memory" if self.v1 else base) / name
        switches = base / "cgroup.subtree_control"
        if not self.v1 and "memory" not in switches.read_text().split():
            switches.write_text("+memory")  # what systemd does at boot
        self.path.mkdir()
        limit_file = "memory.limit_in_bytes" if self.v1 else "memory.max"
        (self.path / limit_file).write_text(str(limit))

    def stat(self):
        lines = (self.path / "memory.stat").read_text().splitlines()
        stat = {key: int(value) for key, value in
                (line.split() for line in lines)}
        wanted = ("pgmajfault", "workingset_refault_file",
                  "workingset_refault_anon")
        found = {key: stat.get("total_" + key, stat.get(key, 0))
                 for key in wanted}
        peak = ("memory.max_usage_in_bytes" if self.v1 else "memory.peak")
        found["peak"] = int((self.path / peak).read_text())
        return found

    def run(self, command):
        procs = self.path / "cgroup.procs"

        def enter():
            procs.write_text(str(os.getpid()))
        return subprocess.run(command, preexec_fn=enter, capture_output=True,
                              text=True)

    def close(self):
        self.path.rmdir()


def forget(folder):
    """Out of the page cache, so that its pages count in the group."""
    os.sync()
    for file in folder.glob("*.safetensors"):
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def make_model(folder, shape, bits, sparse=False):
    if (folder / "model.safetensors.index.json").exists():
        return
    command = [sys.executable, str(TREE / "tools" / "make_random_qwen.py"),
               str(folder), "--shape", shape, "--bits", str(bits)]
    began = time.time()
    subprocess.run(command + (["--sparse"] if sparse else []), check=True,
                   stdout=subprocess.DEVNULL)
    print(f"wrote {folder.name} in {time.time() - began:.0f} s", flush=True)


def swapped():
    counters = dict(line.split() for line in
                    pathlib.Path("/proc/vmstat").read_text().splitlines())
    return int(counters["pswpin"]) + int(counters["pswpout"])


def bus(bantam):
    """Bytes per second that all cores read together."""
    done = subprocess.run([bantam, "doctor", "--json", "--probe-seconds", "1"],
                          capture_output=True, text=True)
    return json.loads(done.stdout)["bandwidth_bytes_per_second"]


def plan(group, bantam, model, *flags):
    done = group.run([bantam, "plan", str(model), "--json", *SETTINGS, *flags])
    if done.returncode not in (0, 4):
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def run(group, bantam, model, *flags):
    """(result, what the system did meanwhile)"""
    before, swap = group.stat(), swapped()
    # End tokens are never chosen, so that the answer has its full length.
    done = group.run(
        [bantam, "run", str(model), PROMPT, "--json", "--ignore-chat-template",
         "--max-tokens", "64", "--allow-dirty", *SETTINGS,
         "--logit-bias", "0=-100", "--logit-bias", "2=-100", *flags])
    if not done.stdout:
        raise SystemExit(f"{model.name}: exit {done.returncode}: {done.stderr}")
    after = group.stat()
    system = {key: after[key] - before[key] for key in after if key != "peak"}
    return json.loads(done.stdout), system | {
        "exit": done.returncode, "swap": swapped() - swap,
        "group_peak": after["peak"]}


def report_run(name, planned, result, system, bytes_per_token, bandwidth):
    memory, timing = result["memory"], result["timing"]
    off = 100 * (memory["peak_bytes"] / memory["planned_bytes"] - 1)
    rate = timing["decode_tps"]
    share = 100 * rate * bytes_per_token / bandwidth
    rows = [
        ("plan", f"{gib(planned['total_bytes'])} of "
                 f"{gib(planned['budget_bytes'])}: "
                 f"{'fits' if planned['fits'] else 'refused'}"),
        ("exit code, finish", f"{system['exit']}, {result['finish_reason']}, "
                              f"{len(result['token_ids'])} tokens"),
        ("peak of the process", f"{gib(memory['peak_bytes'])} "
                                f"({off:+.1f} % of its plan)"),
        ("peak of the group", gib(system["group_peak"])),
        ("swapped pages", str(system["swap"])),
        ("refaults (file)", str(system["workingset_refault_file"])),
        ("prefill", f"{timing['prefill_tps']:.2f} tokens/s"),
        ("decode", f"{rate:.2f} tokens/s"),
        ("share of the bus", f"{share:.0f} % of {bandwidth / 1e9:.1f} GB/s "
                             f"({bytes_per_token / 1e9:.2f} GB a token)"),
    ]
    if result["experts"]:
        experts = result["experts"]
        rows += [
            ("experts in memory", f"{gib(experts['resident_bytes'])} of "
                                  f"{gib(experts['total_bytes'])}"),
            ("expert hit rate", f"{100 * experts['hit_rate']:.1f} % of "
                                f"{experts['visits']} visits"),
            ("experts read", f"{gib(experts['read_bytes'])} of "
                             f"{gib(experts['used_bytes'])} used"),
        ]
    return [f"## {name}", "", "| | |", "|---|---|",
            *(f"| {key} | {value} |" for key, value in rows), ""]


def dense(args, group, folder):
    make_model(folder, "27b", 3)
    forget(folder)
    planned = plan(group, args.bantam, folder)
    as_mac = plan(group, args.bantam, folder, "--ram", "16GiB")
    result, system = run(group, args.bantam, folder)
    weights = next(part["bytes"] for part in planned["parts"]
                   if part["name"] == "weights, mapped")
    lines = report_run("27B shape, 3 bits in groups of 64", planned, result,
                       system, weights, bus(args.bantam))
    lines.insert(-1, f"| as on a Mac of 16 GiB | {gib(as_mac['total_bytes'])} "
                     f"of {gib(as_mac['budget_bytes'])}: "
                     f"{'fits' if as_mac['fits'] else 'refused'} |")
    return lines


def refused(args, group, folder):
    make_model(folder, "27b", 4, sparse=True)
    lines = ["## 27B shape, 4 bits in groups of 64 (headers alone)", ""]
    for flags in ((), ("--ram", "16GiB")):
        planned = plan(group, args.bantam, folder, *flags)
        verdict = "fits" if planned["fits"] else "refused"
        lines.append(f"- `plan {' '.join(flags)}`: "
                     f"{gib(planned['total_bytes'])} of "
                     f"{gib(planned['budget_bytes'])}: {verdict}")
        lines += [f"  - {option['text']}" for option in planned["options"]]
    return lines + [""]


def experts(args, group, folder):
    make_model(folder, "35b-a3b", 3)
    lines = []
    for name, flags in (("all that fits", ()), ("8 GiB", ("--budget", "8GiB"))):
        forget(folder)
        planned = plan(group, args.bantam, folder, *flags)
        result, system = run(group, args.bantam, folder, *flags)
        parts = {part["name"]: part["bytes"] for part in planned["parts"]}
        lines += report_run(
            f"35B-A3B shape, 3 bits in groups of 64, {name}", planned, result,
            system,
            parts["weights, mapped"] + planned["experts"]["bytes_per_token"],
            bus(args.bantam))
    return lines


STEPS = {"27b": (dense, "qwen27b_3bit"), "4bit": (refused, "qwen27b_4bit"),
         "35b": (experts, "qwen35b_3bit")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--bantam", default=str(TREE / "build" / "bantam"))
    parser.add_argument("--limit", default="16GB", type=parse_size)
    parser.add_argument("--record", type=pathlib.Path)
    parser.add_argument("--only", choices=STEPS)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    lines = [f"Under a limit of {gib(args.limit)}.", ""]
    for step, (measure, name) in STEPS.items():
        if args.only not in (None, step):
            continue
        folder = args.work / name
        folder.mkdir(parents=True, exist_ok=True)
        group = Group(args.limit)
        try:
            lines += measure(args, group, folder)
        finally:
            forget(folder)
            group.close()
            if not args.keep:
                shutil.rmtree(folder)
    print("\n".join(lines))
    if args.record:
        args.record.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
