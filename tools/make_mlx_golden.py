#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the fixtures of tests/models/ whose oracle is mlx-lm: a tiny random
model each, and golden.json (see make_model_golden.py for its form) with logits
and greedy continuations of mlx-lm in float32 on the CPU, keys and values
rounded to float16 and dropped by budget as bantam's cache does.

  make_mlx_golden.py [FIXTURE ...]        all of them without an argument

Needs mlx-lm 0.32.2, mlx and mlx-cpu 0.32.4, numpy, gguf. A fixture is written
in one of these forms: `mlx`, as mlx-lm saves a model; `hf`, with the names and
layouts of the raw checkpoint; `hf_text`, its text part as a checkpoint of its
own; `gguf`, as llama.cpp's converter makes it (tiny_qwen_gguf.py). Folders are read back by mlx-lm's own loader; a GGUF is
compared with the MLX folder that it was made from.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten
from mlx_lm.models.cache import ArraysCache
from mlx_lm.utils import _get_classes, load_model

import mlx_recipes
import raw_layouts
import tiny_tokenizer
from checkpoint_reader import to_float32
from make_tiny_model import quantize_affine, store, write_safetensors

MODELS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "models"
GREEDY_TOKENS = 64
MARGIN = 0.005
SINKS = 4  # positions that a full cache never drops
# (prompt tokens, KV budget): one that never drops, one whose prompt is longer
# than the budget and whose answer goes round the ring several times.
CASES = [(13, 1024), (12, 9)]


class BudgetCache:
    """Keys and values of a layer: float16, with bantam's hard budget."""

    def __init__(self, budget):
        self.budget = budget
        self.offset = 0
        self.keys = self.values = None

    def update_and_fetch(self, keys, values):
        def grown(old, new):
            new = new.astype(mx.float16).astype(mx.float32)
            return new if old is None else mx.concatenate([old, new], axis=2)
        self.keys = grown(self.keys, keys)
        self.values = grown(self.values, values)
        self.offset += keys.shape[2]
        return self.keys, self.values

    def make_mask(self, tokens, return_array=False, window_size=None):
        p = mx.arange(self.offset, self.offset + tokens)[:, None]
        j = mx.arange(self.offset + tokens)[None]
        kept, sinks = self.budget, SINKS
        if window_size and window_size < kept:
            kept, sinks = window_size, 0
        return (j <= p) & ((j < sinks) | (j > p - (kept - sinks)))


def make_cache(model, budget):
    layers = (model.make_cache() if hasattr(model, "make_cache")
              else [None] * len(model.layers))
    return [layer if isinstance(layer, ArraysCache) else BudgetCache(budget)
            for layer in layers]


def feed(model, cache, ids):
    """[tokens, vocabulary]"""
    logits = model(mx.array([ids]), cache=cache)[0]
    mx.eval(logits)
    return np.array(logits.astype(mx.float32))


def answer(model, ids, budget):
    """(prompt logits, greedy ids, smallest lead over the runner-up)"""
    cache = make_cache(model, budget)
    prompt = logits = feed(model, cache, ids)
    chosen, margin = [], np.inf
    while len(chosen) < GREEDY_TOKENS:
        second, first = np.partition(logits[-1], -2)[-2:]
        margin = min(margin, float(first - second))
        if margin < MARGIN:
            break
        chosen.append(int(logits[-1].argmax()))
        logits = feed(model, cache, chosen[-1:])
    return prompt, chosen, margin


def make_case(model, tokens, budget, seed):
    rng = np.random.default_rng(seed)
    for _ in range(400):
        # Ids below 4 are special.
        ids = rng.integers(4, tiny_tokenizer.VOCABULARY_SIZE, tokens).tolist()
        logits, chosen, margin = answer(model, ids, budget)
        if margin >= MARGIN and len(set(chosen)) > 7:
            return ids, logits, chosen
    raise SystemExit("no prompt with a clear answer: other gains, please")


def is_quantizable(name, array):
    return name.endswith(".weight") and "conv1d" not in name and array.ndim > 1


def quantize_mxfp4(array):
    packed, scales = mx.quantize(mx.array(array), group_size=32, bits=4,
                                 mode="mxfp4")
    return packed, scales


def round_to_mxfp4(weights, paths):
    """Weights below `paths` become what mxfp4 can say."""
    def value(array):
        return np.array(mx.dequantize(
            *quantize_mxfp4(array), group_size=32, bits=4, mode="mxfp4",
            dtype=mx.float32))
    return {name: value(array) if paths in name and name.endswith(".weight")
            else array for name, array in weights.items()}


def stored_tensors(weights, kind, quantization):
    """name -> (safetensors type, array), quantized as mlx-lm would."""
    tensors = {}
    for name, array in weights.items():
        path, _, _ = name.rpartition(".")
        entry = quantization and quantization.get(path, quantization)
        if isinstance(array, tuple):  # stored as it is
            tensors[name] = array
        elif (entry and entry.get("mode") == "mxfp4"
                and is_quantizable(name, array)):
            packed, scales = quantize_mxfp4(array)
            tensors[f"{path}.weight"] = ("U32", np.array(packed))
            tensors[f"{path}.scales"] = ("U8", np.array(scales))
        elif (entry and is_quantizable(name, array)
                and array.shape[-1] % entry["group_size"] == 0):
            parts = quantize_affine(array, kind, entry["group_size"],
                                    entry["bits"])
            for part, stored in zip(("weight", "scales", "biases"), parts):
                tensors[f"{path}.{part}"] = stored
        else:
            exact = name.endswith("A_log")
            tensors[name] = store(array, "f32" if exact else kind)
    return tensors


def write_folder(folder, config, weights, kind, quantization=None):
    folder.mkdir(parents=True, exist_ok=True)
    config = dict(config)
    if quantization:
        config["quantization"] = quantization
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tiny_tokenizer.write_json(folder, adds_bos=False)
    write_safetensors(folder / "model.safetensors",
                      stored_tensors(weights, kind, quantization))


def rounded(weights, kind):
    """The values that a folder of this kind holds; other formats keep some of
    them in float32."""
    def value(name, array):
        kind_of, stored = store(array, "f32" if name.endswith("A_log")
                                else kind)
        return to_float32((kind_of, stored))
    return {name: value(name, array) for name, array in weights.items()}


def load_float32(folder):
    model, _ = load_model(folder)
    model.apply(lambda x: x.astype(mx.float32)
                if mx.issubdtype(x.dtype, mx.floating) else x)
    return model


def new_weights(config, seed, gains):
    """name -> float32 for every parameter that mlx-lm's model has."""
    model_class, args_class = _get_classes(config)
    model = model_class(args_class.from_dict(json.loads(json.dumps(config))))
    rng = np.random.default_rng(seed)
    tied = config.get("text_config", config)["tie_word_embeddings"]
    return {name: mlx_recipes.random_parameter(
                name, array.shape, rng, gains).astype(np.float32)
            for name, array in tree_flatten(model.parameters())
            if not (tied and "lm_head" in name)}


def write_fixture(name, seed):
    recipe = mlx_recipes.FIXTURES[name]
    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = recipe["config"]
    kind = recipe["kind"]
    weights = rounded(new_weights(config, seed, recipe.get("gains", {})), kind)
    quantization = recipe.get("quantization")
    if paths := recipe.get("mxfp4"):
        weights = round_to_mxfp4(weights, paths)
        quantization = dict(quantization or {"group_size": 32, "bits": 4})
        for name in weights:
            path = name.removesuffix(".weight")
            if name.endswith(".weight") and paths in name:
                quantization[path] = mlx_recipes.mxfp4()
            elif "quantization" not in recipe:
                quantization[path] = False
    with tempfile.TemporaryDirectory() as scratch:
        plain = pathlib.Path(scratch) / "mlx"
        write_folder(plain, config, weights, kind, quantization)
        model = load_float32(plain)
        path = folder / "model"
        if recipe["form"] == "mlx":
            shutil.copytree(plain, path)
        elif recipe["form"] == "hf":
            raw = raw_layouts.raw_weights(config, weights)
            write_folder(path, raw_layouts.raw_config(config), raw, kind)
            check_same(model, load_float32(path), name)
        elif recipe["form"] == "hf_text":  # which mlx-lm cannot read
            text = raw_layouts.text_only(config)
            raw = raw_layouts.raw_weights(text, weights)
            write_folder(path, text, raw, kind)
        else:
            path = folder / "model.gguf"
            gguf_writer(config).write(path, config, weights, kind)
    write_golden(folder, config["model_type"], path, model,
                 recipe.get("cases", CASES))


def gguf_writer(config):
    import tiny_gemma_gguf
    import tiny_gpt_oss_gguf
    import tiny_qwen_gguf
    return {"gemma3_text": tiny_gemma_gguf,
            "gpt_oss": tiny_gpt_oss_gguf}.get(config["model_type"],
                                              tiny_qwen_gguf)


def check_same(model, other, name):
    """mlx-lm undoes the raw layout: the same weights."""
    ids = list(range(4, 24))
    a, b = (feed(m, make_cache(m, 1024), ids) for m in (model, other))
    worst = np.abs(a - b).max() / np.abs(a).max()
    if not worst < 0.03:
        raise SystemExit(f"{name}: raw layout differs by {worst}")
    if worst > 1e-6:
        print(f"{name}: raw layout rounds differently: {worst:.1e}")


def write_golden(folder, family, path, model, plan):
    cases = []
    for index, (tokens, budget) in enumerate(plan):
        ids, logits, chosen = make_case(model, tokens, budget, 2000 + index)
        np.save(folder / f"case{index}.npy", logits.astype(np.float32))
        cases.append({"ids": ids, "kv_budget": budget,
                      "logits": f"case{index}.npy", "greedy": chosen})
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    (folder / "golden.json").write_text(
        f'{{"family": "{family}", "model": "{path.name}",\n'
        f' "tolerance": 0.001,\n "cases": [\n{lines}]}}\n')
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"{folder.name}: {size / 1024:.0f} KB", flush=True)


def main():
    for number, name in enumerate(mlx_recipes.FIXTURES):
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            write_fixture(name, 300 + number)


if __name__ == "__main__":
    main()
