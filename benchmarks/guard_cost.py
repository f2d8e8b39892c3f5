#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the memory guard costs: decode speed with the guard watching the live
machine against the guard watching a recorded trace, which reads nothing.

  guard_cost.py BANTAM [--rounds N] [--model MODEL]

The two take turns, each first in every other round, so that drift of the
machine falls on both. Prints the median of the rounds' ratios and how far two
runs of the same kind are apart, which is what the machine's noise is.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

PROMPT = "Tell me a very long story about a dragon."
TOKENS = 400


def decode_tps(bantam, model, source):
    output = subprocess.run(
        [bantam, "run", model, PROMPT, "--json", "--temp", "0",
         "--max-tokens", str(TOKENS), "--memory-source", source,
         "--logit-bias", "2=-100", "--logit-bias", "0=-100"],
        check=True, capture_output=True,
    ).stdout
    return json.loads(output)["timing"]["decode_tps"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bantam")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "green.jsonl"
        trace.write_text('{"t_s": 0, "pressure": "green"}\n')
        sources = ["live", f"replay:{trace}"]
        ratios, lives = [], []
        for round_ in range(arguments.rounds):
            order = sources if round_ % 2 == 0 else sources[::-1]
            speed = {
                source: decode_tps(arguments.bantam, arguments.model, source)
                for source in order
            }
            lives.append(speed["live"])
            ratios.append(speed["live"] / speed[sources[1]])
            print(
                f"round {round_ + 1}: live {speed['live']:.1f} tok/s, "
                f"trace {speed[sources[1]]:.1f} tok/s, "
                f"ratio {ratios[-1]:.4f}",
                flush=True,
            )
    middle = statistics.median(ratios)
    spread = statistics.stdev(lives) / statistics.mean(lives)
    print(
        f"the live guard costs {100 * (1 - middle):+.2f} % of decode speed "
        f"(runs of one kind differ by {100 * spread:.1f} %)"
    )


if __name__ == "__main__":
    main()
