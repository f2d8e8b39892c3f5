# SPDX-License-Identifier: MIT
"""Writes a tiny gpt-oss given as MLX weights in GGUF, with the names and keys
that llama.cpp's converter (conversion/gpt_oss.py) gives it; experts in MXFP4,
which holds the same values."""

import gguf
import numpy as np

import tiny_tokenizer

NAMES = {
    "embed_tokens.weight": "token_embd.weight",
    "norm.weight": "output_norm.weight", "lm_head.weight": "output.weight",
    "self_attn.sinks": "attn_sinks.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "post_attention_norm.weight",
}
PATHS = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.router": "ffn_gate_inp", "mlp.experts.gate_proj": "ffn_gate_exps",
    "mlp.experts.up_proj": "ffn_up_exps",
    "mlp.experts.down_proj": "ffn_down_exps",
}


def gguf_name(name):
    name = name.removeprefix("model.")
    block = ""
    if name.startswith("layers."):
        _, layer, name = name.split(".", 2)
        block = f"blk.{layer}."
    if name in NAMES:
        return block + NAMES[name]
    path, _, part = name.rpartition(".")
    return f"{block}{PATHS[path]}.{part}"


def add_keys(writer, config):
    writer.add_type("model")
    writer.add_name("Tiny random gpt-oss")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_sliding_window(config["sliding_window"])
    writer.add_expert_count(config["num_local_experts"])
    writer.add_expert_used_count(config["num_experts_per_tok"])
    writer.add_expert_feed_forward_length(config["intermediate_size"])
    scaling = config["rope_scaling"]
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(scaling["factor"])
    writer.add_rope_scaling_orig_ctx_len(
        scaling["original_max_position_embeddings"])


def write(path, config, weights, kind):
    writer = gguf.GGUFWriter(path, "gpt-oss")
    add_keys(writer, config)
    tiny_tokenizer.add_to_gguf(writer, adds_bos=False)
    for name, array in weights.items():
        experts = ".experts." in name and name.endswith(".weight")
        # Small and sensitive tensors stay float32, as the converter has it.
        exact = array.ndim == 1 or "bias" in name or "router" in name
        quantized = gguf.GGMLQuantizationType[
            "MXFP4" if experts else "F32" if exact else kind.upper()]
        array = np.ascontiguousarray(array, dtype=np.float32)
        data = gguf.quantize(array, quantized)
        if experts and not np.array_equal(
                gguf.dequantize(data, quantized), array):
            raise SystemExit(f"{name}: MXFP4 rounds it again")
        writer.add_tensor(gguf_name(name), data, raw_dtype=quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
