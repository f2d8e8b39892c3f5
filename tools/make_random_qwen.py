#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a full-size Qwen3.5 with random weights as an MLX folder, straight to
disk: for sizes and speeds, where no real weights are at hand. Its text is
noise.

  make_random_qwen.py OUT --shape 27b|35b-a3b|4b|tiny [--bits 3] [--group 64]
                          [--layers N] [--sparse]

--sparse leaves holes for the weights: true headers, nothing on disk.

Packed weights are random bits; scales and biases are such that the values are
small and centred, so that activations neither vanish nor overflow. Needs numpy.
"""

import argparse
import json
import pathlib

import numpy as np

import tiny_tokenizer
from make_tiny_model import to_bf16

# hidden, layers, mlp or (expert, shared, experts, active), heads, kv heads,
# linear key and value heads
SHAPES = {
    "27b": dict(hidden_size=5120, num_hidden_layers=64,
                intermediate_size=17408, num_attention_heads=24,
                num_key_value_heads=4, linear_num_key_heads=16,
                linear_num_value_heads=48),
    "35b-a3b": dict(hidden_size=2048, num_hidden_layers=40,
                    num_attention_heads=16, num_key_value_heads=2,
                    linear_num_key_heads=16, linear_num_value_heads=32,
                    num_experts=256, num_experts_per_tok=8,
                    moe_intermediate_size=512,
                    shared_expert_intermediate_size=512),
    "4b": dict(hidden_size=2560, num_hidden_layers=32,
               intermediate_size=9216, num_attention_heads=16,
               num_key_value_heads=4, linear_num_key_heads=16,
               linear_num_value_heads=32),
    "tiny": dict(hidden_size=256, num_hidden_layers=8, intermediate_size=512,
                 num_attention_heads=4, num_key_value_heads=2,
                 linear_num_key_heads=2, linear_num_value_heads=6),
}
COMMON = dict(
    head_dim=256, linear_key_head_dim=128, linear_value_head_dim=128,
    linear_conv_kernel_dim=4, vocab_size=248320, rms_norm_eps=1e-6,
    max_position_embeddings=262144, full_attention_interval=4,
    tie_word_embeddings=False, attention_bias=False, hidden_act="silu",
    bos_token_id=tiny_tokenizer.BOS, eos_token_id=tiny_tokenizer.EOS,
    rope_parameters=dict(rope_type="default", rope_theta=10000000,
                         partial_rotary_factor=0.25))
SHARD_BYTES = 4 << 30
BLOCK_BYTES = 16 << 20


def make_config(shape, layers):
    text = {**COMMON, **SHAPES[shape]}
    if layers:
        text["num_hidden_layers"] = layers
    kind = "qwen3_5_moe" if "num_experts" in text else "qwen3_5"
    return {"model_type": kind,
            "text_config": {**text, "model_type": kind + "_text"}}


def matrices(text):
    """(path, shape) of everything that is quantized."""
    hidden, head = text["hidden_size"], text["head_dim"]
    keys = text["linear_num_key_heads"] * text["linear_key_head_dim"]
    values = text["linear_num_value_heads"] * text["linear_value_head_dim"]
    query = text["num_attention_heads"] * head
    kv = text["num_key_value_heads"] * head
    root = "language_model.model."
    yield root + "embed_tokens", (text["vocab_size"], hidden)
    for i in range(text["num_hidden_layers"]):
        layer = f"{root}layers.{i}."
        if (i + 1) % text["full_attention_interval"]:
            mixer = layer + "linear_attn."
            yield mixer + "in_proj_qkv", (2 * keys + values, hidden)
            yield mixer + "in_proj_z", (values, hidden)
            for gate in "ba":
                yield (mixer + "in_proj_" + gate,
                       (text["linear_num_value_heads"], hidden))
            yield mixer + "out_proj", (hidden, values)
        else:
            mixer = layer + "self_attn."
            yield mixer + "q_proj", (2 * query, hidden)
            yield mixer + "k_proj", (kv, hidden)
            yield mixer + "v_proj", (kv, hidden)
            yield mixer + "o_proj", (hidden, query)
        yield from feed_forward(text, layer + "mlp.", hidden)
    yield "language_model.lm_head", (text["vocab_size"], hidden)


def feed_forward(text, mlp, hidden):
    experts = text.get("num_experts")
    if not experts:
        width = text["intermediate_size"]
        yield mlp + "gate_proj", (width, hidden)
        yield mlp + "up_proj", (width, hidden)
        yield mlp + "down_proj", (hidden, width)
        return
    yield mlp + "gate", (experts, hidden)
    yield mlp + "shared_expert_gate", (1, hidden)
    for path, lead, width in (
            ("switch_mlp.", (experts,), text["moe_intermediate_size"]),
            ("shared_expert.", (), text["shared_expert_intermediate_size"])):
        yield mlp + path + "gate_proj", (*lead, width, hidden)
        yield mlp + path + "up_proj", (*lead, width, hidden)
        yield mlp + path + "down_proj", (*lead, hidden, width)


def vectors(text, rng):
    """(name, type, array) of everything that is not."""
    hidden, heads = text["hidden_size"], text["linear_num_value_heads"]
    channels = (2 * text["linear_num_key_heads"] * text["linear_key_head_dim"]
                + heads * text["linear_value_head_dim"])

    def ones(name, size):
        return name + ".weight", "BF16", to_bf16(np.ones(size, np.float32))
    root = "language_model.model."
    yield ones(root + "norm", hidden)
    for i in range(text["num_hidden_layers"]):
        layer = f"{root}layers.{i}."
        yield ones(layer + "input_layernorm", hidden)
        yield ones(layer + "post_attention_layernorm", hidden)
        if (i + 1) % text["full_attention_interval"] == 0:
            for name in ("q_norm", "k_norm"):
                yield ones(layer + "self_attn." + name, text["head_dim"])
            continue
        mixer = layer + "linear_attn."
        yield ones(mixer + "norm", text["linear_value_head_dim"])
        yield (mixer + "A_log", "F32",
               np.log(rng.uniform(0.5, 8, heads)).astype(np.float32))
        yield (mixer + "dt_bias", "BF16",
               to_bf16(rng.normal(-3, 1, heads).astype(np.float32)))
        taps = text["linear_conv_kernel_dim"]
        yield (mixer + "conv1d.weight", "BF16", to_bf16(
            rng.normal(0, 0.5, (channels, taps, 1)).astype(np.float32)))


def entries(text, bits, group):
    """(name, type, shape, what fills it) in the order of the file. A filler
    gets the number of bytes and the generator."""
    for path, shape in matrices(text):
        cols = shape[-1]
        # Half a step short of the middle, so that values centre on zero.
        step = 2.0 * (3 / cols) ** 0.5 / (2 ** bits - 1)
        groups = (*shape[:-1], cols // group)
        yield (path + ".weight", "U32", (*shape[:-1], cols * bits // 32), None)
        yield path + ".scales", "BF16", groups, step
        yield path + ".biases", "BF16", groups, -step * (2 ** bits - 1) / 2
    rng = np.random.default_rng(1)
    for name, kind, array in vectors(text, rng):
        yield name, kind, array.shape, array


WIDTHS = {"U32": 4, "BF16": 2, "F32": 4}


def fill(file, bytes_left, filler, rng):
    if isinstance(filler, np.ndarray):
        file.write(np.ascontiguousarray(filler).tobytes())
        return
    while bytes_left > 0:
        count = min(bytes_left, BLOCK_BYTES)
        if filler is None:
            file.write(rng.bytes(count))
        else:
            value = to_bf16(np.array([filler], np.float32))
            file.write(np.repeat(value, count // 2).tobytes())
        bytes_left -= count


def write_shard(path, tensors, rng, sparse):
    header, offset = {"__metadata__": {"format": "mlx"}}, 0
    for name, kind, shape, _ in tensors:
        size = int(np.prod(shape)) * WIDTHS[kind]
        header[name] = {"dtype": kind, "shape": list(shape),
                        "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, kind, shape, filler in tensors:
            begin, end = header[name]["data_offsets"]
            if sparse and not isinstance(filler, np.ndarray):
                file.seek(end - begin, 1)
            else:
                fill(file, end - begin, filler, rng)
        file.truncate(8 + len(text) + offset)
    return offset


def shards_of(tensors):
    shard, size = [], 0
    for tensor in tensors:
        shard.append(tensor)
        size += int(np.prod(tensor[2])) * WIDTHS[tensor[1]]
        if size > SHARD_BYTES:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--shape", choices=SHAPES, default="27b")
    parser.add_argument("--bits", type=int, default=3)
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--layers", type=int, default=0)
    parser.add_argument("--sparse", action="store_true")
    args = parser.parse_args()
    config = make_config(args.shape, args.layers)
    config["quantization"] = {"bits": args.bits, "group_size": args.group,
                              "mode": "affine"}
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tiny_tokenizer.write_json(args.out, adds_bos=False)
    rng = np.random.default_rng(0)
    shards = list(shards_of(entries(config["text_config"], args.bits,
                                    args.group)))
    where, total = {}, 0
    for number, shard in enumerate(shards, 1):
        name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        total += write_shard(args.out / name, shard, rng, args.sparse)
        where.update({tensor[0]: name for tensor in shard})
    (args.out / "model.safetensors.index.json").write_text(json.dumps(
        {"metadata": {"total_size": total}, "weight_map": where}) + "\n")
    print(f"{args.out}: {total / 1e9:.2f} GB in {len(shards)} files")


if __name__ == "__main__":
    main()
