# SPDX-License-Identifier: MIT
"""Writes a tiny model given as MLX weights in GGUF, with the names, keys and
transforms that llama.cpp's converter (conversion/qwen.py) gives it."""

import gguf
import numpy as np

import tiny_tokenizer

ARCHITECTURES = {"qwen2": "qwen2", "qwen3": "qwen3", "qwen3_moe": "qwen3moe",
                 "qwen3_next": "qwen3next", "qwen3_5": "qwen35",
                 "qwen3_5_moe": "qwen35moe"}
DELTA = ("qwen3next", "qwen35", "qwen35moe")

NAMES = {
    "embed_tokens": "token_embd", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "mlp.gate": "ffn_gate_inp",
    "mlp.switch_mlp.gate_proj": "ffn_gate_exps",
    "mlp.switch_mlp.up_proj": "ffn_up_exps",
    "mlp.switch_mlp.down_proj": "ffn_down_exps",
    "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
    "mlp.shared_expert.up_proj": "ffn_up_shexp",
    "mlp.shared_expert.down_proj": "ffn_down_shexp",
    "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
    "linear_attn.in_proj_qkv": "attn_qkv", "linear_attn.in_proj_z": "attn_gate",
    "linear_attn.in_proj_b": "ssm_beta", "linear_attn.in_proj_a": "ssm_alpha",
    "linear_attn.in_proj_ba": "ssm_ba", "linear_attn.conv1d": "ssm_conv1d",
    "linear_attn.norm": "ssm_norm", "linear_attn.out_proj": "ssm_out",
}


def tiled(array, text, axis, rows):
    """Value heads grouped by key head -> [member of the group, key head]."""
    groups = text["linear_num_key_heads"]
    members = text["linear_num_value_heads"] // groups
    array = np.moveaxis(array, axis, 0)
    shape = array.shape
    array = array.reshape(groups, members, rows, -1).swapaxes(0, 1)
    return np.moveaxis(array.reshape(shape), 0, axis)


def split_qkvz(array, text):
    """qwen3_next's rows [q, k, v, z] of each key head -> (qkv, z)."""
    groups = text["linear_num_key_heads"]
    k = text["linear_key_head_dim"]
    v = (text["linear_num_value_heads"] // groups
         * text["linear_value_head_dim"])
    heads = array.reshape(groups, 2 * k + 2 * v, -1)
    parts = np.split(heads, [k, 2 * k, 2 * k + v], axis=1)
    q, k, v, z = (p.reshape(-1, array.shape[1]) for p in parts)
    return np.concatenate([q, k, v]), z


def delta_tensors(path, part, array, text, arch):
    """The converter's transforms of linear_attn: [(GGUF name, array)]."""
    regroup = arch != "qwen3next"
    dim = text["linear_value_head_dim"]
    keys = 2 * text["linear_num_key_heads"] * text["linear_key_head_dim"]
    if path.endswith("A_log") or path.endswith("dt_bias"):
        array = tiled(array, text, 0, 1) if regroup else array
        if path.endswith("A_log"):
            return [("ssm_a", -np.exp(array))]
        return [("ssm_dt.bias", array)]
    if path.endswith("in_proj_qkvz"):
        qkv, z = split_qkvz(array, text)
        return [("attn_qkv.weight", qkv), ("attn_gate.weight", z)]
    if path.endswith("conv1d"):
        array = array.squeeze(-1)
    if regroup:
        if path.endswith(("conv1d", "in_proj_qkv")):
            array = np.concatenate(
                [array[:keys], tiled(array[keys:], text, 0, dim)])
        elif path.endswith("in_proj_z"):
            array = tiled(array, text, 0, dim)
        elif path.endswith(("in_proj_a", "in_proj_b")):
            array = tiled(array, text, 0, 1)
        elif path.endswith("out_proj"):
            array = tiled(array, text, 1, dim)
    return [(f"{NAMES[path]}.{part}", array)]


def gguf_tensors(weights, text, arch):
    for name, array in weights.items():
        name = name.removeprefix("language_model.").removeprefix("model.")
        block = ""
        if name.startswith("layers."):
            _, layer, name = name.split(".", 2)
            block = f"blk.{layer}."
        path, _, part = name.rpartition(".")
        if path == "linear_attn" or path.startswith("linear_attn."):
            full = path if part in ("weight", "bias") else name
            for new, value in delta_tensors(full, part, array, text, arch):
                yield block + new, value
        elif path == "norm":
            yield "output_norm.weight", array
        elif path == "post_attention_layernorm" and arch in DELTA:
            yield f"{block}post_attention_norm.weight", array
        else:
            yield f"{block}{NAMES[path]}.{part}", array


def add_keys(writer, config, arch):
    writer.add_type("model")
    writer.add_name(f"Tiny random {arch}")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    if "intermediate_size" in config:
        writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    rope = config.get("rope_parameters", config)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    dim = config.get("head_dim",
                     config["hidden_size"] // config["num_attention_heads"])
    if "head_dim" in config:
        writer.add_key_length(dim)
        writer.add_value_length(dim)
    if "num_experts" in config:
        writer.add_expert_count(config["num_experts"])
        writer.add_expert_used_count(config["num_experts_per_tok"])
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    if shared := config.get("shared_expert_intermediate_size"):
        writer.add_expert_shared_feed_forward_length(shared)
    if arch in DELTA:
        value_heads = config["linear_num_value_heads"]
        writer.add_ssm_conv_kernel(config["linear_conv_kernel_dim"])
        writer.add_ssm_state_size(config["linear_key_head_dim"])
        writer.add_ssm_group_count(config["linear_num_key_heads"])
        writer.add_ssm_time_step_rank(value_heads)
        writer.add_ssm_inner_size(
            config["linear_value_head_dim"] * value_heads)
        writer.add_uint32(f"{arch}.full_attention_interval",
                          config["full_attention_interval"])
        factor = rope.get("partial_rotary_factor", 0.25)
        writer.add_rope_dimension_count(int(dim * factor))
    if arch in ("qwen35", "qwen35moe"):
        writer.add_rope_dimension_sections([*rope["mrope_section"], 0])


def write(path, config, weights, kind):
    arch = ARCHITECTURES[config["model_type"]]
    text = config.get("text_config", config)
    writer = gguf.GGUFWriter(path, arch)
    add_keys(writer, text, arch)
    tiny_tokenizer.add_to_gguf(writer, adds_bos=False)
    for name, array in gguf_tensors(weights, text, arch):
        # Small and sensitive tensors stay float32, as the converter has it.
        exact = array.ndim == 1 or "conv1d" in name or "ffn_gate_inp" in name
        quantized = gguf.GGMLQuantizationType[
            "F32" if exact else kind.upper()]
        array = np.ascontiguousarray(array, dtype=np.float32)
        writer.add_tensor(name, gguf.quantize(array, quantized),
                          raw_dtype=quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
