#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Embedding throughput of bantam beside sentence-transformers (PyTorch on the
CPU) with the same model, the same texts and two threads, taking turns. Needs
torch and sentence-transformers from PyPI.

  embedding_speed.py build/bantam build/models/minilm INDEX [--rounds 5]

The texts are chunks of INDEX, which bantam index add made. What a text costs is the
difference between many texts and few, so that starting and loading do not
count.
"""

import argparse
import json
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

FEW, MANY = 32, 288


def chunks(index):
    """MANY chunks from all over the index, as they are embedded."""
    rows = sqlite3.connect(index).execute(
        "SELECT heading, text FROM chunks ORDER BY id").fetchall()
    step = len(rows) // MANY
    return [(heading + "\n" if heading else "") + text
            for heading, text in rows[::step][:MANY]]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bantam")
    parser.add_argument("model")
    parser.add_argument("index")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encoder = SentenceTransformer(options.model, device="cpu")
    texts = chunks(options.index)
    assert len(texts) == MANY, len(texts)
    tokens = sum(len(encoder.tokenizer(t)["input_ids"]) for t in texts[FEW:])
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for count in (FEW, MANY):
            paths[count] = Path(folder) / f"{count}.json"
            paths[count].write_text(json.dumps(texts[:count]))
        out = Path(folder) / "out.npy"

        def ours(count):
            start = time.perf_counter()
            subprocess.run(
                [options.bantam, "debug", "embed", options.model, paths[count],
                 "--out", out, "--threads", str(options.threads)], check=True)
            return time.perf_counter() - start

        def theirs(count, batch):
            start = time.perf_counter()
            encoder.encode(texts[:count], batch_size=batch)
            return time.perf_counter() - start

        speeds = {"bantam": []}
        for batch in (8, 32):
            speeds[f"PyTorch, batches of {batch}"] = []
        for _ in range(options.rounds):
            for name, list_ in speeds.items():
                if name == "bantam":
                    seconds = ours(MANY) - ours(FEW)
                else:
                    batch = int(name.split()[-1])
                    seconds = theirs(MANY, batch) - theirs(FEW, batch)
                list_.append(tokens / seconds)
        ours(MANY)
        difference = np.abs(
            np.load(out) - encoder.encode(texts, batch_size=8)).max()
    print(f"{MANY - FEW} texts, {tokens} tokens, {options.threads} threads, "
          f"{options.rounds} rounds; largest difference {difference:.1e}\n\n"
          "| | tokens/s, median | best |\n|---|---|---|")
    for name, list_ in speeds.items():
        print(f"| {name} | {statistics.median(list_):.0f} | {max(list_):.0f} |")


if __name__ == "__main__":
    main()
