#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Second test tier: bantam's logits on a real model against the numpy
reference in float32.

  check_logits.py MODEL.gguf PROGRAM [--text F] [--max-kl 1e-4]
  check_logits.py MODEL.gguf --write-golden tests/models/smollm2

The first prints KL divergences, agreement and both perplexities, and exits 1
where a limit is passed. The second writes the small golden file that the main
tests compare with. Needs numpy, gguf and tokenizers.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from checkpoint_reader import read_model
from reference_llama import Reference

TEXT = (pathlib.Path(__file__).resolve().parent.parent
        / "tests" / "data" / "sample_text.txt")


def reference_tokenizer(path):
    """A GGUF vocabulary of pre type "smollm" in the `tokenizers` package."""
    import gguf
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
    reader = gguf.GGUFReader(path)

    def value(key):
        return reader.get_field("tokenizer.ggml." + key).contents()

    if value("pre") != "smollm":
        raise ValueError(f"pre-tokenizer '{value('pre')}' is not known here")
    spellings = value("tokens")
    tokenizer = Tokenizer(BPE(
        {token: i for i, token in enumerate(spellings)},
        [tuple(merge.split(" ")) for merge in value("merges")]))
    tokenizer.pre_tokenizer = Sequence([
        Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    control = 3
    tokenizer.add_special_tokens([
        AddedToken(token, special=True, normalized=False)
        for token, kind in zip(spellings, value("token_type"))
        if kind == control])
    return tokenizer


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def program_logits(program, model, ids, kv_bits=16):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "logits.npy"
        subprocess.run(
            [program, "debug", "logits", model, "--ids",
             ",".join(map(str, ids)), "--out", out,
             "--kv-bits", str(kv_bits), "--max-kv-size", str(len(ids) + 5)],
            check=True, stdout=subprocess.DEVNULL)
        return np.load(out)


def program_ids(program, model, text):
    output = subprocess.run(
        [program, "debug", "tokenize", model, "--file", text],
        check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)["ids"]


def perplexity(log_probabilities, ids):
    chosen = log_probabilities[np.arange(len(ids) - 1), ids[1:]]
    return float(np.exp(-chosen.mean()))


def compare(args, ids):
    theirs = program_ids(args.program, args.model, args.text)
    if theirs != ids:
        first = next((i for i, (a, b) in enumerate(zip(theirs, ids))
                      if a != b), min(len(theirs), len(ids)))
        sys.exit(f"tokenization differs from `tokenizers` at token {first}")
    model = read_model(args.model)
    p = log_softmax(Reference(model).feed(ids))
    print(f"{len(ids)} tokens of {args.text.name}")
    for bits in map(int, args.kv_bits.split(",")):
        compare_bits(args, ids, p, bits)


def compare_bits(args, ids, p, bits):
    """`p`: the reference's log-probabilities."""
    q = log_softmax(program_logits(args.program, args.model, ids, bits))
    if p.shape != q.shape:
        sys.exit(f"logits of shape {q.shape}, expected {p.shape}")
    kl = (np.exp(p) * (p - q)).sum(axis=-1)
    same = np.mean(p.argmax(axis=-1) == q.argmax(axis=-1))
    print(f"keys and values in {bits} bits:")
    print(f"  KL(reference || bantam): mean {kl.mean():.3g}, max "
          f"{kl.max():.3g} at token {kl.argmax()}")
    print(f"  same top token: {100 * same:.2f} %")
    print(f"  perplexity: reference {perplexity(p, ids):.4f}, "
          f"bantam {perplexity(q, ids):.4f}")
    if bits == 16 and not (
            kl.mean() <= args.max_kl and same >= args.min_same_top):
        sys.exit(f"FAILED: the limits are a mean KL of {args.max_kl:g} and "
                 f"{100 * args.min_same_top:g} % the same top token")


def write_golden(args, ids, tokens=256, positions=64, top=32):
    """Log-probabilities of the `top` likeliest tokens at some positions."""
    args.write_golden.mkdir(parents=True, exist_ok=True)
    ids = ids[:tokens]
    p = log_softmax(Reference(read_model(args.model), np.float64).feed(ids))
    where = np.arange(tokens // positions - 1, tokens, tokens // positions)
    best = np.argsort(-p[where], axis=-1, kind="stable")[:, :top]
    np.save(args.write_golden / "case0.npy",
            np.take_along_axis(p[where], best, axis=-1).astype(np.float32))
    case = {"ids": ids, "kv_budget": 1024, "positions": where.tolist(),
            "top_log_probabilities": "case0.npy", "top_ids": best.tolist()}
    head = {"family": "llama", "model": "smollm2", "max_mean_kl": 1e-4,
            "min_same_top": 0.98}
    (args.write_golden / "golden.json").write_text(
        json.dumps(head)[:-1] + ', "cases": [\n' + json.dumps(case)
        + "]}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("program", nargs="?")
    parser.add_argument("--text", type=pathlib.Path, default=TEXT)
    parser.add_argument("--max-kl", type=float, default=1e-4)
    parser.add_argument("--min-same-top", type=float, default=0.995)
    parser.add_argument(
        "--kv-bits", default="16",
        help="as 16,8,4; the limits hold for 16 alone")
    parser.add_argument("--write-golden", type=pathlib.Path)
    args = parser.parse_args()
    if not (args.program or args.write_golden):
        parser.error("give the program to check, or --write-golden")
    text = args.text.read_text(encoding="utf-8")
    ids = reference_tokenizer(args.model).encode(
        text, add_special_tokens=False).ids
    if args.write_golden:
        write_golden(args, ids)
    if args.program:
        compare(args, ids)


if __name__ == "__main__":
    main()
