#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Model files with true headers and holes for weights, as large as real ones
and empty on disk: for commands that read headers alone.

  sparse_models.py FOLDER

makes FOLDER/{mlx3,mixed36,moe3,gptq,q3km.gguf,iq3.gguf,odd.gguf}.
"""

import json
import pathlib
import struct
import sys

DTYPE_BYTES = {"U32": 4, "BF16": 2, "F16": 2, "F32": 4, "I32": 4}


def write_safetensors(path, tensors):
    header, begin = {}, 0
    for name, dtype, shape in tensors:
        size = DTYPE_BYTES[dtype]
        for extent in shape:
            size *= extent
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + begin)


def layer_matrices(config, i):
    """(path, rows, cols) of layer i of the hybrid text model."""
    h, d = config["hidden_size"], config["head_dim"]
    at = f"layers.{i}."
    if (i + 1) % 4 == 0:
        q, kv = config["num_attention_heads"], config["num_key_value_heads"]
        yield at + "self_attn.q_proj", 2 * q * d, h
        yield at + "self_attn.k_proj", kv * d, h
        yield at + "self_attn.v_proj", kv * d, h
        yield at + "self_attn.o_proj", h, q * d
    else:
        dk = config["linear_key_head_dim"] * config["linear_num_key_heads"]
        nv = config["linear_num_value_heads"]
        dv = config["linear_value_head_dim"] * nv
        yield at + "linear_attn.in_proj_qkv", 2 * dk + dv, h
        yield at + "linear_attn.in_proj_z", dv, h
        yield at + "linear_attn.in_proj_a", nv, h
        yield at + "linear_attn.in_proj_b", nv, h
        yield at + "linear_attn.out_proj", h, dv
    if "num_experts" in config:
        e, m = config["num_experts"], config["moe_intermediate_size"]
        s = config["shared_expert_intermediate_size"]
        yield at + "mlp.gate", e, h
        for name, rows, cols in (("gate", m, h), ("up", m, h), ("down", h, m)):
            yield at + f"mlp.switch_mlp.{name}_proj", [e, rows], cols
        yield at + "mlp.shared_expert_gate", 1, h
        inner, prefix = s, "mlp.shared_expert."
    else:
        inner, prefix = config["intermediate_size"], "mlp."
    yield at + prefix + "gate_proj", inner, h
    yield at + prefix + "up_proj", inner, h
    yield at + prefix + "down_proj", h, inner


def vectors(config, i):
    h = config["hidden_size"]
    yield f"layers.{i}.input_layernorm.weight", [h]
    yield f"layers.{i}.post_attention_layernorm.weight", [h]
    if (i + 1) % 4 == 0:
        for name in ("q_norm", "k_norm"):
            yield f"layers.{i}.self_attn.{name}.weight", [config["head_dim"]]
    else:
        nv = config["linear_num_value_heads"]
        dk = config["linear_key_head_dim"] * config["linear_num_key_heads"]
        dv = config["linear_value_head_dim"] * nv
        at = f"layers.{i}.linear_attn."
        yield at + "A_log", [nv]
        yield at + "dt_bias", [nv]
        yield at + "norm.weight", [config["linear_value_head_dim"]]
        yield at + "conv1d.weight", [2 * dk + dv, 4, 1]


def mlx_folder(folder, config, model_type, bits_of, readme):
    folder.mkdir()
    root, tensors = "language_model.model.", []
    quantization = {"group_size": 64, "bits": bits_of("")}
    matrices = [("embed_tokens", config["vocab_size"], config["hidden_size"])]
    for i in range(config["num_hidden_layers"]):
        matrices += layer_matrices(config, i)
        tensors += [(root + name, "BF16", shape)
                    for name, shape in vectors(config, i)]
    tensors.append((root + "norm.weight", "BF16", [config["hidden_size"]]))
    matrices.append(("lm_head", config["vocab_size"], config["hidden_size"]))
    for path, rows, cols in matrices:
        bits = bits_of(path)
        rows = rows if isinstance(rows, list) else [rows]
        prefix = "language_model." if path == "lm_head" else root
        if bits != quantization["bits"]:
            quantization[prefix + path] = {"group_size": 64, "bits": bits}
        tensors += [
            (prefix + path + ".weight", "U32", rows + [cols * bits // 32]),
            (prefix + path + ".scales", "BF16", rows + [cols // 64]),
            (prefix + path + ".biases", "BF16", rows + [cols // 64])]
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps({
        "model_type": model_type, "text_config": config,
        "quantization": quantization, "quantization_config": quantization}))
    (folder / "README.md").write_text(readme)
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "chat_template": "{% if enable_thinking %}<think>{% endif %}"
                         "{% if tools %}<tool_call>\n<function=f>{% endif %}"}))


HYBRID = dict(
    vocab_size=248320, head_dim=256, linear_key_head_dim=128,
    linear_value_head_dim=128, linear_num_key_heads=16,
    linear_conv_kernel_dim=4, full_attention_interval=4,
    max_position_embeddings=262144, rms_norm_eps=1e-6,
    partial_rotary_factor=0.25, tie_word_embeddings=False,
    hidden_act="silu")
DENSE = dict(HYBRID, hidden_size=5120, num_hidden_layers=64,
             intermediate_size=17408, num_attention_heads=24,
             num_key_value_heads=4, linear_num_value_heads=48,
             model_type="qwen3_5_text")
SPARSE = dict(HYBRID, hidden_size=2048, num_hidden_layers=40,
              num_experts=256, num_experts_per_tok=8,
              moe_intermediate_size=512, shared_expert_intermediate_size=512,
              num_attention_heads=16, num_key_value_heads=2,
              linear_num_value_heads=32, model_type="qwen3_5_moe_text")


def mixed_3_6(path):
    """As mlx_lm/convert.py chooses, for 64 layers."""
    if "lm_head" in path:
        return 6
    if "v_proj" not in path and "down_proj" not in path:
        return 3
    i = int(path.split(".")[1])
    return 6 if i < 8 or i >= 56 or (i - 8) % 3 == 2 else 3


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(path, metadata, tensors):
    """metadata: (key, str or int); tensors: (name, extents, type, bytes)."""
    head = b""
    for key, value in metadata:
        head += text(key) + (
            struct.pack("<I", 8) + text(value) if isinstance(value, str)
            else struct.pack("<II", 4, value))
    offset = 0
    for name, extents, kind, size in tensors:
        head += text(name) + struct.pack("<I", len(extents))
        head += b"".join(struct.pack("<Q", extent) for extent in extents)
        head += struct.pack("<IQ", kind, offset)
        offset += (size + 31) // 32 * 32
    head = (b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
            + head)
    start = (len(head) + 31) // 32 * 32
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(start + offset)


BLOCK = {8: (32, 34), 11: (256, 110), 12: (256, 144), 13: (256, 176),
         14: (256, 210), 18: (256, 98), 21: (256, 110), 0: (1, 4)}


def gguf_tensor(name, rows, cols, kind):
    values, size = BLOCK[kind]
    return name, [cols, rows], kind, rows * cols // values * size


def gguf_mix(path, architecture, main, other, file_type, licence):
    tensors = [gguf_tensor("token_embd.weight", 32000, 4096, main)]
    for i in range(32):
        at = f"blk.{i}."
        for name, rows in (("attn_q", 4096), ("attn_k", 1024),
                           ("attn_output", 4096), ("ffn_gate", 14336),
                           ("ffn_up", 14336)):
            tensors.append(gguf_tensor(f"{at}{name}.weight", rows, 4096, main))
        tensors.append(gguf_tensor(at + "attn_v.weight", 1024, 4096, other))
        tensors.append(gguf_tensor(at + "ffn_down.weight", 4096, 14336, main))
        tensors.append((at + "attn_norm.weight", [4096], 0, 4 * 4096))
    tensors.append(gguf_tensor("output.weight", 32000, 4096, 14))
    metadata = [("general.architecture", architecture),
                ("general.license", licence),
                (architecture + ".block_count", 32),
                (architecture + ".context_length", 32768),
                (architecture + ".embedding_length", 4096),
                (architecture + ".attention.head_count", 32),
                (architecture + ".attention.head_count_kv", 8)]
    if file_type is not None:
        metadata.append(("general.file_type", file_type))
    gguf(path, metadata, tensors)


def main():
    folder = pathlib.Path(sys.argv[1])
    apache = "---\nlibrary_name: mlx\nlicense: apache-2.0\n---\n"
    mlx_folder(folder / "mlx3", DENSE, "qwen3_5", lambda path: 3, apache)
    mlx_folder(folder / "mixed36", DENSE, "qwen3_5", mixed_3_6,
               "---\nlicense: other\nlicense_name: qwen-research\n---\n")
    mlx_folder(folder / "moe3", SPARSE, "qwen3_5_moe",
               lambda path: 8 if path.endswith(("mlp.gate", "expert_gate"))
               else 3, apache)
    gptq = folder / "gptq"
    gptq.mkdir()
    write_safetensors(gptq / "model.safetensors", [
        ("model.embed_tokens.weight", "F16", [32000, 512]),
        ("model.layers.0.mlp.up_proj.qweight", "I32", [64, 1024]),
        ("model.layers.0.mlp.up_proj.qzeros", "I32", [4, 128]),
        ("model.layers.0.mlp.up_proj.scales", "F16", [4, 1024]),
        ("model.layers.0.mlp.up_proj.g_idx", "I32", [512])])
    (gptq / "config.json").write_text(json.dumps({
        "model_type": "llama", "quantization_config": {
            "quant_method": "gptq", "bits": 4, "group_size": 128}}))
    gguf_mix(folder / "q3km.gguf", "unheard_of", 11, 13, 12, "llama3.1")
    gguf_mix(folder / "iq3.gguf", "llama", 18, 21, 23, "mit")
    gguf_mix(folder / "odd.gguf", "llama", 12, 14, 2, "none-such-1.0")


if __name__ == "__main__":
    main()
