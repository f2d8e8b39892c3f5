#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bantam beside mlx-lm on one GPU: the same folder, taking turns.

  compare_mlx_lm.py MODEL [--bantam build/bantam-cuda] [--python python3]
                    [--prefill 512] [--decode 128] [--rounds 3] [--json FILE]

MODEL is a folder in MLX format; tools/make_random_qwen.py writes one of any
size. PYTHON must have mlx-lm. Both get the same raw prompt at temperature 0
and a cache that holds everything; the medians of their own figures are
compared. One run before the first round warms the caches of compiled kernels.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys

LIMIT_S = 540


def die(message):
    sys.exit(f"compare_mlx_lm: {message}")


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode != 0:
        die(f"`{' '.join(command[:4])} ...` ended with {done.returncode}:\n"
            f"{done.stderr[-3000:]}")
    return done.stdout


def bantam(options, prompt):
    result = json.loads(run([
        options.bantam, "generate", "--model", options.model, "--prompt",
        prompt, "--ignore-chat-template", "--max-tokens", str(options.decode),
        "--temp", "0", "--max-kv-size", str(options.kv), "--device", "gpu",
        "--allow-dirty", "--prefill-chunk", "2048", "--json"]))
    timing = result["timing"]
    return {"prompt_tokens": result["usage"]["prompt_tokens"],
            "tokens": result["usage"]["completion_tokens"],
            "prefill": timing["prefill_tps"], "decode": timing["decode_tps"]}


def mlx_lm(options, prompt):
    text = run([
        options.python, "-m", "mlx_lm", "generate", "--model", options.model,
        "--prompt", prompt, "--ignore-chat-template", "--max-tokens",
        str(options.decode), "--temp", "0", "--max-kv-size", str(options.kv)])

    def figures(name):
        found = re.search(
            name + r": (\d+) tokens, ([\d.]+) tokens-per-sec", text)
        if not found:
            die(f"no figures in mlx-lm's output:\n{text[-2000:]}")
        return int(found[1]), float(found[2])

    prompt_tokens, prefill = figures("Prompt")
    tokens, decode = figures("Generation")
    return {"prompt_tokens": prompt_tokens, "tokens": tokens,
            "prefill": prefill, "decode": decode}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--bantam", default="build/bantam-cuda")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    options.kv = options.prefill + options.decode + 64
    # One byte a token in the tiny vocabulary, about that in others.
    prompt = "".join(chr(97 + i * i % 23) for i in range(options.prefill))
    peers = {"bantam": bantam, "mlx-lm": mlx_lm}
    for peer in peers.values():
        peer(options, prompt)
    figures = {name: [] for name in peers}
    for _ in range(options.rounds):
        for name, peer in peers.items():
            figures[name].append(peer(options, prompt))
            print(name, figures[name][-1], flush=True)
    medians = {
        name: {what: statistics.median(r[what] for r in rounds)
               for what in ("prefill", "decode")}
        for name, rounds in figures.items()}
    ratios = {what: medians["bantam"][what] / medians["mlx-lm"][what]
              for what in ("prefill", "decode")}
    for what in ("prefill", "decode"):
        print(f"{what}: bantam {medians['bantam'][what]:.1f}, "
              f"mlx-lm {medians['mlx-lm'][what]:.1f} tokens/s: "
              f"{ratios[what]:.2f} x")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"rounds": figures, "medians": medians,
                       "ratios": ratios}, file, indent=2)


if __name__ == "__main__":
    main()
