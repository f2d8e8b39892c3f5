#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares bantam's tokenizer with the PyPI package `tokenizers` on random
text (second test tier).

  check_tokenizer.py tests/text/tokenize_main tokenizer.json [--gguf VOCAB]
                     [--count N] [--seed S]

tokenizer.json is what `tokenizers` reads; with --gguf, bantam reads that
exported GGUF vocabulary instead (see --export).

  check_tokenizer.py --export MODEL.gguf VOCAB.json
"""

import argparse
import json
import subprocess
import sys

from tokenizer_corpus import (
    RandomText, decode_without_specials, fixed_texts)


def export(model, target):
    from gguf import GGUFReader

    fields = GGUFReader(model).fields
    prefix = "tokenizer.ggml."

    def get(key, default=None):
        name = prefix + key
        return fields[name].contents() if name in fields else default

    vocabulary = {
        "model": get("model"),
        "pre": get("pre", ""),
        "tokens": get("tokens"),
        "scores": get("scores", []),
        "types": get("token_type", []),
        "merges": get("merges", []),
        "add_bos": get("add_bos_token"),
        "add_eos": get("add_eos_token"),
        "add_space_prefix": get("add_space_prefix"),
    }
    for key in ("bos", "eos", "unknown", "padding"):
        vocabulary[key] = get(key + "_token_id")
    with open(target, "w") as f:
        json.dump(vocabulary, f)


class Bantam:
    def __init__(self, program, arguments):
        self.process = subprocess.Popen(
            [program] + arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("tokenize_main ended")
        return json.loads(line)


def decode(reference, ids, skip):
    if skip:
        return decode_without_specials(reference, ids)
    return reference.decode(ids, skip_special_tokens=False)


def compare(reference, bantam, text):
    """What differs, or None."""
    for special in (True, False):
        reference.encode_special_tokens = not special
        want = reference.encode(text).ids
        got = bantam.ask(text=text, special=special)
        if got.get("ids") != want:
            return f"ids (special={special})", want, got
    reference.encode_special_tokens = False
    ids = reference.encode(text).ids
    for skip in (True, False):
        want = decode(reference, ids, skip)
        got = bantam.ask(ids=ids, skip=skip)
        if got.get("text") != want or "".join(got["stream"]) != want:
            return f"text (skip={skip})", want, got
    # Ids in an order no text gives: broken characters, odd beginnings.
    shuffled = ids[::-1] + ids[::3]
    want = decode(reference, shuffled, True)
    got = bantam.ask(ids=shuffled, skip=True)
    if got.get("text") != want or "".join(got["stream"]) != want:
        return "text of shuffled ids", want, got
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--export", action="store_true")
    parser.add_argument("program")
    parser.add_argument("tokenizer")
    parser.add_argument("--gguf")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args()
    if options.export:
        return export(options.program, options.tokenizer)

    from tokenizers import Tokenizer

    reference = Tokenizer.from_file(options.tokenizer)
    reference.no_padding()
    reference.no_truncation()
    arguments = ["--gguf", options.gguf] if options.gguf else [options.tokenizer]
    bantam = Bantam(options.program, arguments)
    specials = [t.content for t in reference.get_added_tokens_decoder().values()]
    source = RandomText(options.seed, specials)
    texts = fixed_texts() + [source.text() for _ in range(options.count)]
    failures = 0
    for text in texts:
        difference = compare(reference, bantam, text)
        if difference is not None:
            failures += 1
            if failures <= options.show:
                what, want, got = difference
                print(f"{what} differ for {text!r}\n  want {want}\n  got  {got}")
    print(f"{options.tokenizer}: {failures} of {len(texts)} texts differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
