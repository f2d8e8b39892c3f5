# SPDX-License-Identifier: MIT
"""Writes a tiny Gemma 3 given as MLX weights in GGUF, with the names and keys
that llama.cpp's converter (conversion/gemma.py) gives it: norms plus one."""

import gguf
import numpy as np

import tiny_tokenizer
from tiny_qwen_gguf import NAMES, add_keys

NORMS = {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
    "norm": "output_norm",
}


def gguf_tensors(weights):
    for name, array in weights.items():
        name = name.removeprefix("language_model.").removeprefix("model.")
        block = ""
        if name.startswith("layers."):
            _, layer, name = name.split(".", 2)
            block = f"blk.{layer}."
        path, _, part = name.rpartition(".")
        if array.ndim == 1:
            array = array + 1
        yield f"{block}{(NAMES | NORMS)[path]}.{part}", array


def write(path, config, weights, kind):
    text = config.get("text_config", config)
    writer = gguf.GGUFWriter(path, "gemma3")
    add_keys(writer, text, "gemma3")
    writer.add_sliding_window(text["sliding_window"])
    tiny_tokenizer.add_to_gguf(writer, adds_bos=False)
    for name, array in gguf_tensors(weights):
        quantized = gguf.GGMLQuantizationType[
            "F32" if array.ndim == 1 else kind.upper()]
        array = np.ascontiguousarray(array, dtype=np.float32)
        writer.add_tensor(name, gguf.quantize(array, quantized),
                          raw_dtype=quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
