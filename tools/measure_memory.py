#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plans against measured peaks: runs bantam with its cache full at several
cache sizes and prefill chunks, and prints a Markdown table.

  measure_memory.py BANTAM MODEL [MODEL ...] [--kv-bits 16,8,4] [--write FILE]

--write puts the table between the markers in FILE (docs/memory.md). Exit status
1 if a peak is more than 3 % and more than 4 MiB away from its plan.
"""

import argparse
import itertools
import json
import subprocess
import sys
from pathlib import Path

CONTEXTS = (128, 256, 512, 1024, 2048)
CHUNKS = (32, 128, 512)
MIB = 1 << 20
TOLERANCE = 0.03
SLACK = 4 * MIB
ANSWER_TOKENS = 8
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"


def inspect(bantam, model):
    output = subprocess.run(
        [bantam, "inspect", model, "--json"], check=True, capture_output=True
    ).stdout
    return json.loads(output)


def measure(bantam, model, context, chunk, kv_bits, longest):
    # Longer than the cache and the chunk, so that both are full.
    tokens = min(max(context, chunk) + 16, longest - ANSWER_TOKENS)
    output = subprocess.run(
        [bantam, "run", model, "-", "--json", "--ignore-chat-template",
         "--max-kv-size", str(context), "--prefill-chunk", str(chunk),
         "--kv-bits", kv_bits,
         "--max-tokens", str(ANSWER_TOKENS)],
        input=" the" * tokens, check=True, capture_output=True, text=True,
    ).stdout
    result = json.loads(output)
    memory = result["memory"]
    return memory["planned_bytes"], memory["peak_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bantam")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--kv-bits", default="16")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()

    lines = [
        "| model | bits | cache, tokens | chunk | plan, MiB | peak, MiB | "
        "off by |",
        "|---|---|---|---|---|---|---|",
    ]
    worst = 0.0
    for model in arguments.models:
        about = inspect(arguments.bantam, model)
        name = f"{about['name']} ({about['format']}, {about['quantization']})"
        for kv_bits, context, chunk in itertools.product(
                arguments.kv_bits.split(","), CONTEXTS, CHUNKS):
            planned, peak = measure(
                arguments.bantam, model, context, chunk, kv_bits,
                about["context_tokens"],
            )
            off = (peak - planned) / planned
            good = abs(off) <= TOLERANCE or abs(peak - planned) <= SLACK
            worst = max(worst, 0 if good else abs(off))
            lines.append(
                f"| {name} | {kv_bits} | {context} | {chunk} | "
                f"{planned / MIB:.1f} | {peak / MIB:.1f} | {100 * off:+.1f} %"
                f"{'' if good else ' **'} |"
            )
            print(lines[-1], flush=True)
    if arguments.write:
        text = arguments.write.read_text()
        head, rest = text.split(BEGIN)
        tail = rest.split(END)[1]
        table = "\n".join(lines) + "\n"
        arguments.write.write_text(head + BEGIN + table + END + tail)
    if worst:
        sys.exit(f"a plan is off by {100 * worst:.1f} %")


if __name__ == "__main__":
    main()
