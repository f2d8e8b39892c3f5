#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the llama fixtures of tests/models/: a tiny random model each, and
golden.json with logits and greedy continuations of the numpy reference in
float64, keys and values rounded to float16 as bantam's cache holds them.

  make_model_golden.py [FIXTURE ...]        all of them without an argument

Needs numpy, gguf and mlx (0.19.0 and 0.32.4 made the files in the tree).

golden.json: {"family", "model": path beside it, "tolerance", "cases": [
{"ids", "kv_budget", "logits": .npy float32 [tokens, vocabulary], "greedy"}]}.
`tolerance` bounds max|difference| / max|logit| of a case. Prompts are drawn
until every greedy token leads the runner-up by MARGIN, so that rounding
cannot change it.
"""

import json
import pathlib
import shutil
import sys

import numpy as np

import tiny_gguf
from checkpoint_reader import read_model
from make_tiny_model import make_config, make_weights, write_folder
from reference_llama import Reference, greedy

MODELS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "models"
GREEDY_TOKENS = 32
MARGIN = 0.05
# (prompt tokens, KV budget): one that never drops, one whose prompt is longer
# than the budget and whose generation goes round the ring several times.
CASES = [(7, 1024), (12, 9)]
LONG_CASES = [(17, 1024), (30, 19), (3, 16)]

# Small enough that float weights stay under 100 KB.
SMALL = dict(hidden_size=32, intermediate_size=48)
ONE_LAYER = dict(num_hidden_layers=1)
ODD_SMALL = dict(hidden_size=32, intermediate_size=32, head_dim=24)
MISTRAL = dict(
    SMALL, architectures=["MistralForCausalLM"], model_type="mistral",
    num_key_value_heads=1, head_dim=16, tie_word_embeddings=False,
    rope_theta=1000000.0, sliding_window=None, mlp_bias=True,
    rope_scaling=dict(type="linear", factor=4.0))


def affine(bits, group, **paths):
    return dict(group_size=group, bits=bits, **paths)


def mixed():
    """Every width and group size, one module left as it was."""
    layer = "model.layers.0."
    return affine(4, 128, **{
        "model.embed_tokens": affine(4, 32),
        layer + "self_attn.q_proj": affine(8, 128),
        layer + "self_attn.k_proj": affine(3, 128),
        layer + "self_attn.v_proj": False,
        layer + "self_attn.o_proj": affine(5, 64),
        layer + "mlp.gate_proj": affine(6, 128),
        layer + "mlp.up_proj": affine(3, 32),
        layer + "mlp.down_proj": affine(5, 128),
        "lm_head": affine(2, 128)})


# name -> (shape, changes to config.json, how to write it)
FIXTURES = {
    "llama_f32": ("plain", SMALL, dict(kind="f32")),
    "llama_bf16": ("odd", ODD_SMALL, dict(kind="bf16", shards=2)),
    "llama_f16": ("plain", MISTRAL, dict(kind="f16")),
    "llama_mlx_2bit": ("plain", {}, dict(kind="f16",
                                         quantization=affine(2, 32))),
    "llama_mlx_3bit": ("plain", {}, dict(kind="bf16",
                                         quantization=affine(3, 64))),
    "llama_mlx_4bit": ("odd", {}, dict(kind="bf16",
                                       quantization=affine(4, 64))),
    "llama_mlx_5bit": ("plain", {}, dict(kind="bf16",
                                         quantization=affine(5, 32))),
    "llama_mlx_6bit": ("plain", ONE_LAYER, dict(
        kind="bf16", quantization=affine(6, 64))),
    "llama_mlx_8bit": ("plain", ONE_LAYER, dict(
        kind="f32", quantization=affine(8, 64))),
    "llama_mlx_mixed": ("wide", {}, dict(kind="bf16", quantization=mixed())),
    "llama_gguf_f32": ("plain", SMALL | ONE_LAYER, dict(gguf="f32")),
    "llama_gguf_f16": ("odd", ODD_SMALL | ONE_LAYER, dict(gguf="f16")),
    "llama_gguf_bf16": ("plain", SMALL | ONE_LAYER, dict(gguf="bf16")),
    "llama_gguf_q4_0": ("plain", dict(
        tie_word_embeddings=False, intermediate_size=96,
        rope_scaling=dict(type="linear", factor=2.0)), dict(gguf="q4_0")),
    "llama_gguf_q4_1": ("plain", {}, dict(gguf="q4_1", embedding="q8_0")),
    "llama_gguf_q8_0": ("odd", dict(
        ONE_LAYER, hidden_size=32, intermediate_size=96), dict(gguf="q8_0")),
}


class RoundedReference(Reference):
    """bantam's documented rounding of activations that meet quantized
    weights: 16 bits, a scale for each 32."""

    def linear(self, path, x):
        groups = x.reshape(x.shape[0], -1, 32)
        scale = np.abs(groups).max(axis=-1, keepdims=True) / 32500
        scale[scale == 0] = 1
        x = (np.round(groups / scale) * scale).reshape(x.shape)
        return super().linear(path, x)


def rounding_error(model, ids, budget, logits, quantized):
    """Largest |difference| / max|logit| in float32."""
    kind = RoundedReference if quantized else Reference
    reference = kind(model, np.float32, budget, np.float16)
    rounded = reference.feed(ids)
    return np.abs(rounded - logits).max() / np.abs(logits).max()


def make_case(model, tokens, budget, seed):
    vocabulary = model.weights["model.embed_tokens.weight"].shape[0]
    rng = np.random.default_rng(seed)
    while True:
        # Ids below 4 are special: neither asked nor answered.
        ids = rng.integers(4, vocabulary, tokens).tolist()
        logits, chosen, margin = greedy(
            model, ids, GREEDY_TOKENS, np.float64, budget, np.float16)
        if margin > MARGIN and min(chosen) >= 4 and len(set(chosen)) > 7:
            return ids, logits, chosen


def write_fixture(name, number):
    shape, changes, how = FIXTURES[name]
    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = make_config(shape, **changes)
    weights = make_weights(config, seed=100 + number)
    if "gguf" in how:
        path = folder / "model.gguf"
        tiny_gguf.write(path, config, weights, how["gguf"],
                        how.get("embedding"))
    else:
        path = folder / "model"
        write_folder(path, config, weights, **how)
    model = read_model(path)
    quantized = "quantization" in how or how.get("gguf", "")[:1] == "q"
    cases, worst = [], 0.0
    plan = LONG_CASES if name == "llama_f32" else CASES
    for index, (tokens, budget) in enumerate(plan):
        ids, logits, chosen = make_case(model, tokens, budget, 1000 + index)
        worst = max(worst, rounding_error(
            model, ids, budget, logits, quantized))
        np.save(folder / f"case{index}.npy", logits.astype(np.float32))
        cases.append({"ids": ids, "kv_budget": budget,
                      "logits": f"case{index}.npy", "greedy": chosen})
    # Room for another order of rounding than the one emulated above.
    tolerance = float(f"{max(1e-3, 4 * worst):.0e}")
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    (folder / "golden.json").write_text(
        f'{{"family": "llama", "model": "{path.name}",\n'
        f' "tolerance": {tolerance:g},\n "cases": [\n{lines}]}}\n')
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"{name}: {size / 1024:.0f} KB, rounding {worst:.1e}, "
          f"tolerance {tolerance:g}")


def main():
    for number, name in enumerate(FIXTURES):
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            write_fixture(name, number)


if __name__ == "__main__":
    main()
