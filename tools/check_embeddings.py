#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares bantam's embeddings with BERT in numpy and the PyPI package
`tokenizers` on random texts (second test tier).

  check_embeddings.py build/bantam build/models/minilm [--count N] [--seed S]

tools/make_embedding_golden.py has sentence-transformers' own answers.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from tokenizer_corpus import RandomText, fixed_texts

ERF = np.vectorize(math.erf, otypes=[np.float64])


class Bert:
    """all-MiniLM-L6-v2 and its kind, in float64."""

    def __init__(self, folder):
        weights = load_file(folder / "model.safetensors")
        self.weights = {k: v.astype(np.float64) for k, v in weights.items()
                        if v.dtype.kind == "f"}
        self.config = json.loads((folder / "config.json").read_text())
        limits = json.loads((folder / "sentence_bert_config.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(limits["max_seq_length"])

    def linear(self, name, x):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, name, x):
        mean = x.mean(-1, keepdims=True)
        variance = x.var(-1, keepdims=True)
        scaled = (x - mean) / np.sqrt(variance + self.config["layer_norm_eps"])
        return scaled * self.weights[name + ".weight"] + self.weights[
            name + ".bias"
        ]

    def layer(self, name, x):
        heads = self.config["num_attention_heads"]

        def split(part):
            y = self.linear(f"{name}.attention.self.{part}", x)
            return y.reshape(len(x), heads, -1).transpose(1, 0, 2)

        q, k, v = split("query"), split("key"), split("value")
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ v).transpose(1, 0, 2).reshape(len(x), -1)
        mixed = self.linear(f"{name}.attention.output.dense", mixed)
        x = self.norm(f"{name}.attention.output.LayerNorm", x + mixed)
        inner = self.linear(f"{name}.intermediate.dense", x)
        inner = inner * 0.5 * (1 + ERF(inner / math.sqrt(2)))
        return self.norm(
            f"{name}.output.LayerNorm",
            x + self.linear(f"{name}.output.dense", inner),
        )

    def embed(self, text):
        ids = self.tokenizer.encode(text).ids
        names = [f"embeddings.{part}_embeddings.weight"
                 for part in ("word", "position", "token_type")]
        word, position, kind = (self.weights[name] for name in names)
        x = self.norm(
            "embeddings.LayerNorm", word[ids] + position[: len(ids)] + kind[0]
        )
        for i in range(self.config["num_hidden_layers"]):
            x = self.layer(f"encoder.layer.{i}", x)
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("bantam")
    parser.add_argument("model", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random_text = RandomText(options.seed)
    texts = fixed_texts() + [random_text.text() for _ in range(options.count)]
    texts = [text for text in texts if "\ud800" > max(text, default=" ")
             or max(text) > "\udfff"]
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "texts.json", Path(folder) / "out.npy"
        source.write_text(json.dumps(texts, ensure_ascii=False))
        subprocess.run(
            [options.bantam, "debug", "embed", options.model, source,
             "--out", out], check=True)
        ours = np.load(out)
    bert = Bert(options.model)
    worst, where = 0.0, ""
    for text, vector in zip(texts, ours):
        error = float(np.abs(bert.embed(text) - vector).max())
        if error > worst:
            worst, where = error, text
    print(f"{len(texts)} texts, largest difference {worst:.2e} at {where[:60]!r}")
    if worst > 1e-4:
        sys.exit("check_embeddings: FAILED, more than 1e-4")


if __name__ == "__main__":
    main()
