# SPDX-License-Identifier: MIT
"""Reads a llama-family model into plain numpy arrays: the oracle's own
readers, sharing no code with bantam. A GGUF goes through the PyPI package
`gguf`; a folder's safetensors and MLX affine weights are decoded here.

Weights come back under Hugging Face names, as float32, with rotary pairs
(i, i + head_dim / 2), whatever the file's own order is.
"""

import json
import math
import pathlib
from dataclasses import dataclass, field

import numpy as np

SAFETENSORS_TYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16,
    "BF16": np.uint16, "U32": np.uint32, "I32": np.int32,
    "U8": np.uint8, "I64": np.int64,
}

GGUF_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


@dataclass
class LlamaModel:
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    frequencies: np.ndarray  # [head_dim / 2], radians per position
    tied: bool
    sliding_window: int | None = None
    weights: dict = field(default_factory=dict)  # name -> float32


def widen_bf16(raw):
    """bfloat16 is the upper half of a float32."""
    return (raw.astype(np.uint32) << 16).view(np.float32)


def read_safetensors(path):
    """name -> (type name, array as stored; BF16 as uint16)."""
    blob = pathlib.Path(path).read_bytes()
    header_bytes = int.from_bytes(blob[:8], "little")
    header = json.loads(blob[8:8 + header_bytes])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        data = blob[8 + header_bytes + begin:8 + header_bytes + end]
        array = np.frombuffer(data, SAFETENSORS_TYPES[entry["dtype"]])
        tensors[name] = (entry["dtype"], array.reshape(entry["shape"]))
    return tensors


def to_float32(stored):
    kind, array = stored
    return widen_bf16(array) if kind == "BF16" else array.astype(np.float32)


def dequantize_affine(packed, scales, biases, group, bits):
    """w = scale * q + bias. MLX packs the q of a row as one little-endian
    stream of bits, for every width (mlx/backend/cpu/quantized.cpp)."""
    rows = packed.shape[0]
    stream = np.unpackbits(
        np.ascontiguousarray(packed).view(np.uint8).reshape(rows, -1),
        axis=1, bitorder="little")
    cols = stream.shape[1] // bits
    digits = stream.reshape(rows, cols, bits).astype(np.float32)
    q = digits @ (2.0 ** np.arange(bits, dtype=np.float32))
    if scales.shape != (rows, cols // group):
        raise ValueError(f"{scales.shape} scales for {rows}x{cols}/{group}")
    q = q.reshape(rows, cols // group, group)
    return (q * scales[..., None] + biases[..., None]).reshape(rows, cols)


def rope_frequencies(head_dim, theta, scaling):
    """Radians per position for each pair, after RoPE scaling."""
    frequency = theta ** -(np.arange(0, head_dim, 2, dtype=np.float64)
                           / head_dim)
    kind = (scaling or {}).get("rope_type", (scaling or {}).get("type"))
    if kind in (None, "default"):
        return frequency
    if kind == "linear":
        return frequency / scaling["factor"]
    if kind != "llama3":
        raise ValueError(f"rope scaling '{kind}' is not in this reference")
    # Llama 3.1: long wavelengths are stretched, short ones kept, a linear
    # blend between (transformers, modeling_rope_utils.py).
    old_context = scaling.get("original_max_position_embeddings", 8192)
    low = scaling.get("low_freq_factor", 1.0)
    high = scaling.get("high_freq_factor", 4.0)
    turns = old_context * frequency / (2 * math.pi)
    blend = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return (1 - blend) * frequency / scaling["factor"] + blend * frequency


def read_folder(folder):
    config = json.loads((folder / "config.json").read_text())
    stored = {}
    for shard in sorted(folder.glob("*.safetensors")):
        stored.update(read_safetensors(shard))
    quantization = config.get("quantization",
                              config.get("quantization_config", {}))
    weights = {}
    for name in stored:
        path, _, part = name.rpartition(".")
        if part in ("scales", "biases") and path + ".scales" in stored:
            continue
        if path + ".scales" in stored and part == "weight":
            entry = quantization.get(path) or quantization
            weights[name] = dequantize_affine(
                stored[name][1],
                to_float32(stored[path + ".scales"]),
                to_float32(stored[path + ".biases"]),
                entry["group_size"], entry["bits"])
        else:
            weights[name] = to_float32(stored[name])
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or config["hidden_size"] // heads
    # transformers 5 moved theta and scaling into "rope_parameters".
    scaling = config.get("rope_parameters") or config.get("rope_scaling")
    theta = config.get("rope_theta") or (scaling or {}).get("rope_theta")
    return LlamaModel(
        layers=config["num_hidden_layers"],
        heads=heads,
        kv_heads=config.get("num_key_value_heads") or heads,
        head_dim=head_dim,
        eps=config["rms_norm_eps"],
        frequencies=rope_frequencies(head_dim, theta or 10000.0, scaling),
        tied=config.get("tie_word_embeddings",
                        "lm_head.weight" not in weights),
        sliding_window=config.get("sliding_window"),
        weights=weights)


def split_halves(rows, heads):
    """llama.cpp's converter stores rotary pairs of q and k side by side
    (2i, 2i + 1); put them back to (i, i + head_dim / 2)."""
    shape = (heads, rows.shape[0] // heads // 2, 2) + rows.shape[1:]
    return rows.reshape(shape).swapaxes(1, 2).reshape(rows.shape)


def read_gguf(path):
    import gguf
    reader = gguf.GGUFReader(path)

    def value(key, default=None):
        entry = reader.get_field(key)
        return default if entry is None else entry.contents()

    if value("general.architecture") != "llama":
        raise ValueError(f"{path}: not of the llama family")
    heads = value("llama.attention.head_count")
    kv_heads = value("llama.attention.head_count_kv", heads)
    head_dim = value("llama.attention.key_length",
                     value("llama.embedding_length") // heads)
    factors = np.ones(head_dim // 2)
    weights = {}
    for tensor in reader.tensors:
        array = gguf.dequantize(tensor.data, tensor.tensor_type)
        array = array.astype(np.float32).reshape(
            [int(n) for n in reversed(tensor.shape)])
        if tensor.name == "rope_freqs.weight":
            factors = array.astype(np.float64)
            continue
        path_parts = tensor.name.split(".")
        kind, part = path_parts[-2:]
        if kind in ("attn_q", "attn_k"):
            array = split_halves(array,
                                 heads if kind == "attn_q" else kv_heads)
        name = GGUF_NAMES[kind] + "." + part
        if path_parts[0] == "blk":
            name = f"model.layers.{path_parts[1]}.{name}"
        weights[name] = array
    scaling = None
    if value("llama.rope.scaling.type", "none") == "linear":
        scaling = {"type": "linear",
                   "factor": value("llama.rope.scaling.factor")}
    theta = value("llama.rope.freq_base", 10000.0)
    return LlamaModel(
        layers=value("llama.block_count"), heads=heads, kv_heads=kv_heads,
        head_dim=head_dim, eps=value("llama.attention.layer_norm_rms_epsilon"),
        frequencies=rope_frequencies(head_dim, theta, scaling) / factors,
        tied="lm_head.weight" not in weights, weights=weights)


def read_model(path):
    path = pathlib.Path(path)
    return read_folder(path) if path.is_dir() else read_gguf(path)
