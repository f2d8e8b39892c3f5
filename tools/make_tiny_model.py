#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tiny random llama-family models, the same bytes for the same seed,
as Hugging Face folders, MLX affine folders and GGUF files.

  make_tiny_model.py OUT --shape plain|odd|wide --format bf16|q4_0|4bit_g64...

Formats: f32, f16, bf16 (folders); gguf_f32 ... gguf_q8_0; Nbit_gM (MLX).
Needs numpy, gguf and, for MLX formats, mlx.
"""

import argparse
import json
import math
import pathlib

import numpy as np

import tiny_tokenizer

SHAPES = {
    # 4 heads over 2 kv heads, tied embeddings.
    "plain": dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
                  num_key_value_heads=2, intermediate_size=64,
                  tie_word_embeddings=True, rope_theta=10000.0),
    # 6 heads over 3, head_dim unlike hidden / heads, an own lm_head, biases.
    "odd": dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=6,
                num_key_value_heads=3, head_dim=16, intermediate_size=64,
                tie_word_embeddings=False, rope_theta=500000.0,
                attention_bias=True,
                rope_scaling=dict(rope_type="llama3", factor=8.0,
                                  low_freq_factor=1.0, high_freq_factor=4.0,
                                  original_max_position_embeddings=64)),
    # Columns that groups of 128 divide.
    "wide": dict(hidden_size=128, num_hidden_layers=1, num_attention_heads=4,
                 num_key_value_heads=1, head_dim=32, intermediate_size=128,
                 tie_word_embeddings=False, rope_theta=10000.0),
}

DEFAULTS = dict(
    architectures=["LlamaForCausalLM"], model_type="llama", hidden_act="silu",
    rms_norm_eps=1e-5, max_position_embeddings=256, attention_bias=False,
    mlp_bias=False, vocab_size=tiny_tokenizer.VOCABULARY_SIZE,
    bos_token_id=tiny_tokenizer.BOS, eos_token_id=tiny_tokenizer.EOS)


def make_config(shape, **changes):
    return {**DEFAULTS, **SHAPES[shape], **changes}


def head_dim(config):
    return config.get("head_dim") or (config["hidden_size"]
                                      // config["num_attention_heads"])


def make_weights(config, seed):
    """name -> float32. Scales are chosen so that logits are of order 1 to 10,
    attention is far from uniform and no layer is negligible."""
    rng = np.random.default_rng(seed)
    hidden, ffn = config["hidden_size"], config["intermediate_size"]
    q_rows = config["num_attention_heads"] * head_dim(config)
    kv_rows = config["num_key_value_heads"] * head_dim(config)
    weights = {}

    def matrix(path, rows, cols, gain, bias=False):
        weights[path + ".weight"] = gain / math.sqrt(cols) * rng.normal(
            size=(rows, cols))
        if bias:
            weights[path + ".bias"] = 0.5 * rng.normal(size=rows)

    def norm(path):
        # Both signs: a tied head would only repeat the last token otherwise.
        weights[path + ".weight"] = rng.uniform(0.5, 1.5, hidden) * np.where(
            rng.random(hidden) < 0.5, -1.0, 1.0)

    matrix("model.embed_tokens", config["vocab_size"], hidden, 2.0)
    for layer in range(config["num_hidden_layers"]):
        path = f"model.layers.{layer}"
        norm(path + ".input_layernorm")
        attention_bias = config["attention_bias"]
        for name, rows, gain in (("q", q_rows, 1.2), ("k", kv_rows, 1.2),
                                 ("v", kv_rows, 1.2)):
            matrix(f"{path}.self_attn.{name}_proj", rows, hidden, gain,
                   attention_bias)
        matrix(path + ".self_attn.o_proj", hidden, q_rows, 1.2,
               attention_bias)
        norm(path + ".post_attention_layernorm")
        matrix(path + ".mlp.gate_proj", ffn, hidden, 1.2, config["mlp_bias"])
        matrix(path + ".mlp.up_proj", ffn, hidden, 1.2, config["mlp_bias"])
        matrix(path + ".mlp.down_proj", hidden, ffn, 1.2, config["mlp_bias"])
    norm("model.norm")
    if not config["tie_word_embeddings"]:
        matrix("lm_head", config["vocab_size"], hidden, 2.0)
    return {name: w.astype(np.float32) for name, w in weights.items()}


def to_bf16(array):
    """Rounded to nearest even, as uint16."""
    bits = array.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def store(array, kind):
    """(safetensors type, array) of a float array."""
    if kind == "bf16":
        return "BF16", to_bf16(array)
    return kind.upper(), array.astype(
        np.float32 if kind == "f32" else np.float16)


def write_safetensors(path, tensors):
    """tensors: name -> (type name, array)."""
    header, offset = {"__metadata__": {"format": "mlx"}}, 0
    for name, (kind, array) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


def quantize_affine(array, kind, group, bits):
    """MLX's own packing of a matrix stored as `kind`: (weight, scales,
    biases) as (type name, array)."""
    import mlx.core as mx
    types = {"f32": mx.float32, "f16": mx.float16, "bf16": mx.bfloat16}
    source = mx.array(array).astype(types[kind])
    packed, scales, biases = mx.quantize(source, group_size=group, bits=bits)
    return [("U32", np.array(packed))] + [
        store(np.array(part.astype(mx.float32)), kind)
        for part in (scales, biases)]


def mlx_tensors(weights, kind, quantization):
    """Quantizes what mlx_lm.convert would: matrices whose columns the group
    divides. `quantization` is the entry of config.json."""
    tensors = {}
    for name, array in weights.items():
        path, _, part = name.rpartition(".")
        entry = quantization.get(path, quantization)
        if (array.ndim == 2 and entry is not False
                and array.shape[1] % entry["group_size"] == 0):
            parts = quantize_affine(array, kind, entry["group_size"],
                                    entry["bits"])
            for part, stored in zip(("weight", "scales", "biases"), parts):
                tensors[f"{path}.{part}"] = stored
        else:
            tensors[name] = store(array, kind)
    return tensors


def write_folder(folder, config, weights, kind, quantization=None, shards=1):
    folder.mkdir(parents=True, exist_ok=True)
    config = dict(config, torch_dtype={
        "f32": "float32", "f16": "float16", "bf16": "bfloat16"}[kind])
    if quantization:
        config["quantization"] = quantization
        tensors = mlx_tensors(weights, kind, quantization)
    else:
        tensors = {name: store(w, kind) for name, w in weights.items()}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tiny_tokenizer.write_json(folder, adds_bos=config["attention_bias"])
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors)
        return
    names, where = list(tensors), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = names[shard * len(names) // shards:
                     (shard + 1) * len(names) // shards]
        write_safetensors(folder / file, {n: tensors[n] for n in part})
        where.update(dict.fromkeys(part, file))
    total = sum(array.nbytes for _, array in tensors.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps(
        {"metadata": {"total_size": total}, "weight_map": where}) + "\n")


def main():
    import tiny_gguf
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--shape", choices=SHAPES, default="plain")
    parser.add_argument("--format", default="bf16")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    config = make_config(args.shape)
    weights = make_weights(config, args.seed)
    if args.format.startswith("gguf_"):
        tiny_gguf.write(args.out, config, weights, args.format[5:])
    elif "bit_g" in args.format:
        bits, group = map(int, args.format.split("bit_g"))
        write_folder(args.out, config, weights, "bf16",
                     {"group_size": group, "bits": bits})
    else:
        write_folder(args.out, config, weights, args.format)


if __name__ == "__main__":
    main()
