#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Second test tier: a folder that `bantam convert` writes, loaded by mlx-lm.

  check_convert.py MODEL.gguf PROGRAM [--tokens 12] [--max-kl 5e-4]

mlx-lm must find the same token ids in the sample text, render the same chat
prompt, and compute the same logits but for rounding. Needs mlx-lm.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import mlx.core as mx
import numpy as np
from mlx_lm.utils import load

from check_logits import TEXT, log_softmax, program_ids, program_logits


def render(program, model, messages, folder):
    path = folder / "messages.json"
    path.write_text(json.dumps(messages))
    return subprocess.run(
        [program, "debug", "render", model, path],
        check=True, stdout=subprocess.PIPE).stdout.decode()


def check(args, folder):
    output = folder / "mlx"
    subprocess.run([args.program, "convert", args.model, output], check=True)
    model, tokenizer = load(str(output))

    ids = program_ids(args.program, args.model, TEXT)
    theirs = tokenizer.encode(TEXT.read_text(encoding="utf-8"))
    if theirs != ids:
        first = next((i for i, (a, b) in enumerate(zip(theirs, ids))
                      if a != b), min(len(theirs), len(ids)))
        sys.exit(f"FAILED: mlx-lm's token {first} differs")
    print(f"{len(ids)} tokens: the same ids")

    messages = [{"role": "user", "content": "What is gravity?"}]
    prompt = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=False)
    if prompt != render(args.program, args.model, messages, folder):
        sys.exit("FAILED: mlx-lm renders another prompt")
    print("the same chat prompt")

    ids = ids[:args.tokens]
    logits = np.array(model(mx.array([ids]))[0].astype(mx.float32))
    p = log_softmax(logits)
    q = log_softmax(program_logits(args.program, args.model, ids))
    kl = (np.exp(p) * (p - q)).sum(axis=-1)
    same = np.mean(p.argmax(axis=-1) == q.argmax(axis=-1))
    print(f"KL(mlx-lm || bantam) over {len(ids)} tokens: mean {kl.mean():.3g},"
          f" max {kl.max():.3g}; same top token {100 * same:.0f} %")
    if not kl.max() <= args.max_kl:
        sys.exit(f"FAILED: the limit is {args.max_kl:g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("program")
    parser.add_argument("--tokens", type=int, default=12)
    parser.add_argument("--max-kl", type=float, default=5e-4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check(args, pathlib.Path(folder))


if __name__ == "__main__":
    main()
