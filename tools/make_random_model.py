#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a model of random weights, of any size and format: speed does not need
real ones. Tensors go straight to the disk, so the model may be larger than the
memory. Needs gguf and numpy (tools/oracle-requirements.txt).

  make_random_model.py OUT.gguf --type Q3_K [--embedding-type Q6_K]
  make_random_model.py OUT_FOLDER --bits 3 --group 64 [--mode mxfp4]

The default shape is that of a 27-billion-parameter model's matrices in a dense
family (hidden 5120, FFN 17408, 24 query and 4 key heads of 256), cut to 8
layers and a small vocabulary.
"""

import argparse
import json
import pathlib

import gguf
import numpy as np

import tiny_tokenizer

# Where in a block its float16 scales lie. (MXFP4, NVFP4 and IQ1_M have none.)
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2],
    "Q6_K": [208], "TQ1_0": [52], "TQ2_0": [64], "IQ1_S": [0],
    "IQ2_XXS": [0], "IQ2_XS": [0], "IQ2_S": [0], "IQ3_XXS": [0], "IQ3_S": [0],
    "IQ4_NL": [0], "IQ4_XS": [0],
}
# About the largest integer times scale of a block: weights stay near 0.02.
LARGEST = {"Q2_K": 45, "Q3_K": 128, "Q4_K": 945, "Q5_K": 1953, "Q6_K": 4096,
           "IQ4_XS": 4064, "IQ4_NL": 127, "Q8_0": 127, "IQ3_S": 465,
           "IQ3_XXS": 480, "IQ2_XXS": 160, "IQ2_XS": 160, "IQ2_S": 160}
CHUNK_BLOCKS = 1 << 15


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--type", default="Q3_K", help="of a GGUF's matrices")
    parser.add_argument("--embedding-type", help="default: as the matrices")
    parser.add_argument("--mode", default="affine", help="of an MLX folder")
    parser.add_argument("--bits", type=int, default=3)
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=5120)
    parser.add_argument("--ffn", type=int, default=17408)
    parser.add_argument("--heads", type=int, default=24)
    parser.add_argument("--kv-heads", type=int, default=4)
    parser.add_argument("--head-dim", type=int, default=256)
    parser.add_argument("--vocabulary", type=int, default=1024)
    parser.add_argument("--context", type=int, default=32768)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def matrices(shape):
    """(path, rows, columns) in the order of the file."""
    q = shape.heads * shape.head_dim
    kv = shape.kv_heads * shape.head_dim
    yield "model.embed_tokens", shape.vocabulary, shape.hidden
    for i in range(shape.layers):
        path = f"model.layers.{i}."
        yield path + "self_attn.q_proj", q, shape.hidden
        yield path + "self_attn.k_proj", kv, shape.hidden
        yield path + "self_attn.v_proj", kv, shape.hidden
        yield path + "self_attn.o_proj", shape.hidden, q
        yield path + "mlp.gate_proj", shape.ffn, shape.hidden
        yield path + "mlp.up_proj", shape.ffn, shape.hidden
        yield path + "mlp.down_proj", shape.hidden, shape.ffn
    yield "lm_head", shape.vocabulary, shape.hidden


def norms(shape):
    for i in range(shape.layers):
        yield f"model.layers.{i}.input_layernorm"
        yield f"model.layers.{i}.post_attention_layernorm"
    yield "model.norm"


def repeated(pattern, size):
    """`size` bytes of `pattern` over and over, in pieces."""
    while size > 0:
        piece = pattern[:size]
        yield piece
        size -= len(piece)


# --- GGUF --------------------------------------------------------------------

GGUF_PATHS = {
    "model.embed_tokens": "token_embd", "lm_head": "output",
    "model.norm": "output_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}


def gguf_name(path):
    block = ""
    if path.startswith("model.layers."):
        _, _, layer, path = path.split(".", 3)
        block = f"blk.{layer}."
    return f"{block}{GGUF_PATHS[path]}.weight"


def random_blocks(name, rng):
    """Some thousand blocks of a type, as bytes."""
    values, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    if values == 1:
        floats = rng.standard_normal(CHUNK_BLOCKS * 32).astype(np.float32)
        kind = {"F32": np.float32, "F16": np.float16}[name]
        return (0.02 * floats).astype(kind).tobytes()
    blocks = rng.integers(0, 256, (CHUNK_BLOCKS, size), dtype=np.uint8)
    for at in SCALES.get(name, []):
        scales = rng.uniform(0.03, 0.06, CHUNK_BLOCKS) / LARGEST.get(name, 16)
        scales *= rng.choice((-1, 1), CHUNK_BLOCKS)
        blocks[:, at:at + 2] = scales.astype("<f2").view(np.uint8).reshape(
            -1, 2)
    if name == "MXFP4":
        blocks[:, 0] = 119
    elif name == "NVFP4":
        blocks[:, :4] = blocks[:, :4] & 15
    elif name == "IQ1_M":
        blocks[:, 49::2] &= 15
        blocks[:, 55] |= 0x20
    return blocks.tobytes()


def write_gguf(shape, rng):
    writer = gguf.GGUFWriter(shape.out, "llama")
    writer.add_name("Random weights")
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(shape.vocabulary)
    tiny_tokenizer.add_to_gguf(
        writer, adds_bos=False, size=shape.vocabulary)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    types = {}
    for path, rows, columns in matrices(shape):
        name = shape.type
        if path in ("model.embed_tokens", "lm_head") and shape.embedding_type:
            name = shape.embedding_type
        kind = gguf.GGMLQuantizationType[name]
        values, size = gguf.GGML_QUANT_SIZES[kind]
        bytes_shape = (rows, columns // values * size)
        types[gguf_name(path)] = (name, int(np.prod(bytes_shape)))
        writer.add_tensor_info(
            gguf_name(path), bytes_shape, np.dtype(np.uint8),
            int(np.prod(bytes_shape)), raw_dtype=kind)
    for path in norms(shape):
        types[gguf_name(path)] = ("ones", 4 * shape.hidden)
        writer.add_tensor_info(
            gguf_name(path), (shape.hidden,), np.dtype(np.float32),
            4 * shape.hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    patterns = {"ones": np.ones(shape.hidden, np.float32).tobytes()}
    out = writer.fout[0]
    writer.write_padding(out, out.tell())
    for name, size in types.values():
        if name not in patterns:
            patterns[name] = random_blocks(name, rng)
        for piece in repeated(patterns[name], size):
            out.write(piece)
        writer.write_padding(out, size)
    writer.close()


# --- MLX folder ----------------------------------------------------------------


def mlx_tensors(shape):
    """(name, type, shape, kind of bytes)"""
    for path, rows, columns in matrices(shape):
        groups = (rows, columns // shape.group)
        yield (path + ".weight", "U32", (rows, columns * shape.bits // 32),
               "random")
        if shape.mode == "affine":
            yield path + ".scales", "BF16", groups, "scales"
            yield path + ".biases", "BF16", groups, "scales"
        else:
            yield path + ".scales", "U8", groups, "exponents"
    for path in norms(shape):
        yield path + ".weight", "BF16", (shape.hidden,), "ones"


def bf16_bytes(floats):
    return (floats.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def write_folder(shape, rng):
    shape.out.mkdir(parents=True, exist_ok=True)
    quantization = {"group_size": shape.group, "bits": shape.bits,
                    "mode": shape.mode}
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"],
        "hidden_size": shape.hidden, "intermediate_size": shape.ffn,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads, "head_dim": shape.head_dim,
        "vocab_size": shape.vocabulary, "rms_norm_eps": 1e-6,
        "rope_theta": 1e6, "max_position_embeddings": shape.context,
        "tie_word_embeddings": False, "hidden_act": "silu",
        "quantization": quantization,
    }
    (shape.out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tiny_tokenizer.write_json(
        shape.out, adds_bos=False, size=shape.vocabulary)
    sizes = {"U32": 4, "BF16": 2, "U8": 1}
    header, position = {}, 0
    for name, kind, extents, _ in mlx_tensors(shape):
        size = int(np.prod(extents)) * sizes[kind]
        header[name] = {"dtype": kind, "shape": extents,
                        "data_offsets": [position, position + size]}
        position += size
    small = rng.uniform(0.005, 0.01, 1 << 20) * rng.choice((-1, 1), 1 << 20)
    patterns = {
        "random": rng.bytes(1 << 22),
        "scales": bf16_bytes(small),
        "exponents": bytes([119] if shape.mode != "nvfp4" else [8]) * (1 << 16),
        "ones": bf16_bytes(np.ones(shape.hidden)),
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(shape.out / "model.safetensors", "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for name, _, _, kind in mlx_tensors(shape):
            begin, end = header[name]["data_offsets"]
            for piece in repeated(patterns[kind], end - begin):
                out.write(piece)


def main():
    shape = parse_arguments()
    rng = np.random.default_rng(shape.seed)
    if shape.out.suffix == ".gguf":
        write_gguf(shape, rng)
    else:
        write_folder(shape, rng)


if __name__ == "__main__":
    main()
