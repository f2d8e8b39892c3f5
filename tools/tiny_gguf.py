# SPDX-License-Identifier: MIT
"""Writes a tiny llama-family model as GGUF, with the names, keys, order of
rotary pairs and rope_freqs tensor that llama.cpp's converter gives them."""

import gguf
import numpy as np

import tiny_tokenizer
from checkpoint_reader import GGUF_NAMES, rope_frequencies

FILE_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7, "bf16": 32}


def gguf_name(name):
    """model.layers.0.self_attn.q_proj.weight -> blk.0.attn_q.weight"""
    path, _, part = name.rpartition(".")
    block = ""
    if path.startswith("model.layers."):
        _, _, layer, path = path.split(".", 3)
        block = f"blk.{layer}."
    names = {theirs: ours for ours, theirs in GGUF_NAMES.items()}
    return f"{block}{names[path]}.{part}"


def interleave(rows, heads):
    """Rotary pairs (i, i + head_dim / 2) side by side, per head."""
    shape = (heads, 2, rows.shape[0] // heads // 2) + rows.shape[1:]
    return rows.reshape(shape).swapaxes(1, 2).reshape(rows.shape)


def add_keys(writer, config, file_type):
    writer.add_type("model")
    writer.add_name("Tiny random llama")
    writer.add_size_label("60K")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    dim = config.get("head_dim")
    if dim:
        writer.add_key_length(dim)
        writer.add_value_length(dim)
    writer.add_file_type(file_type)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_dimension_count(
        dim or config["hidden_size"] // config["num_attention_heads"])
    scaling = config.get("rope_scaling") or {}
    if scaling.get("type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    tiny_tokenizer.add_to_gguf(writer, adds_bos=config["attention_bias"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def add_rope_factors(writer, config):
    """Llama 3's scaling as a tensor: frequency = theta^(-2i/d) / factor."""
    dim = config.get("head_dim") or (config["hidden_size"]
                                     // config["num_attention_heads"])
    theta, scaling = config["rope_theta"], config["rope_scaling"]
    factors = (rope_frequencies(dim, theta, None)
               / rope_frequencies(dim, theta, scaling))
    writer.add_tensor("rope_freqs.weight", factors.astype(np.float32))


def write(path, config, weights, kind, embedding_kind=None):
    """`kind` is the type of all matrices; that of the embedding (and of the
    head tied to it) may differ, as llama-quantize makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    add_keys(writer, config, FILE_TYPES[kind])
    if (config.get("rope_scaling") or {}).get("rope_type") == "llama3":
        add_rope_factors(writer, config)
    for name, array in weights.items():
        if ".q_proj." in name:
            array = interleave(array, config["num_attention_heads"])
        if ".k_proj." in name:
            array = interleave(array, config["num_key_value_heads"])
        stored = "f32" if array.ndim == 1 else kind
        if name == "model.embed_tokens.weight":
            stored = embedding_kind or kind
        quantized = gguf.GGMLQuantizationType[stored.upper()]
        writer.add_tensor(gguf_name(name), gguf.quantize(array, quantized),
                          raw_dtype=quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
