# SPDX-License-Identifier: MIT
"""Writes tests/weights/golden: small files made by other software.

Needs the PyPI packages gguf, safetensors, mlx[cpu] and numpy:
    python3 tools/make_weights_golden.py tests/weights/golden
The tests read the files with bantam and compare with golden.json.
"""

import json
import pathlib
import shutil
import sys

import gguf
import mlx.core as mx
import numpy as np
from safetensors.numpy import save_file

QUANTIZED = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
# The gguf package cannot quantize to these; their bytes are arbitrary.
RAW = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ2_XXS", "IQ3_XXS", "IQ3_S",
       "IQ4_NL", "IQ4_XS", "IQ1_S", "IQ1_M", "TQ1_0", "TQ2_0", "MXFP4",
       "NVFP4"]


def entry(name, type_name, shape, raw):
    return {"name": name, "type": type_name, "shape": [int(n) for n in shape],
            "hex": bytes(raw).hex()}


def write_gguf(folder, random):
    path = folder / "types.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_custom_alignment(64)
    values = {"u8": 250, "i8": -5, "u16": 65000, "i16": -30000,
              "u32": 4_000_000_000, "i32": -2_000_000_000,
              "u64": 2**63 - 1, "i64": -(2**62), "f32": 0.5, "f64": 1e300,
              "bool": True, "string": "naïve\n\t\"text\" 🥊"}
    writer.add_uint8("t.u8", values["u8"])
    writer.add_int8("t.i8", values["i8"])
    writer.add_uint16("t.u16", values["u16"])
    writer.add_int16("t.i16", values["i16"])
    writer.add_uint32("t.u32", values["u32"])
    writer.add_int32("t.i32", values["i32"])
    writer.add_uint64("t.u64", values["u64"])
    writer.add_int64("t.i64", values["i64"])
    writer.add_float32("t.f32", values["f32"])
    writer.add_float64("t.f64", values["f64"])
    writer.add_bool("t.bool", values["bool"])
    writer.add_string("t.string", values["string"])
    arrays = {"ints": [3, -1, 2_000_000_000], "floats": [0.5, -2.25],
              "bools": [True, False, True], "strings": ["", "a", "βγ", "x" * 40]}
    for key, value in arrays.items():
        writer.add_array("t." + key, value)
    tokens = ["<unk>", "<s>", "</s>", "Ġthe", "é", "<|end|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0, -1.0, -2.5, 0.25, 1.0, 3.0])
    writer.add_token_types([2, 3, 3, 1, 1, 3])
    writer.add_token_merges(["Ġ t", "Ġt he"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_eot_token_id(5)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template("{{ messages }}")

    tensors = []

    def add(name, array, kind=None):
        writer.add_tensor(name, array, raw_dtype=kind)

    vector = random.standard_normal(5).astype(np.float32)
    add("vector", vector)
    tensors.append(entry("vector", "F32", vector.shape, vector.tobytes()))
    cube = random.standard_normal((2, 3, 4)).astype(np.float32)
    add("cube", cube)
    tensors.append(entry("cube", "F32", cube.shape, cube.tobytes()))
    half = random.standard_normal((3, 7)).astype(np.float16)
    add("half", half)
    tensors.append(entry("half", "F16", half.shape, half.tobytes()))
    weight = random.standard_normal((3, 64)).astype(np.float32)
    for type_name in ["BF16"] + QUANTIZED:
        kind = gguf.GGMLQuantizationType[type_name]
        packed = gguf.quants.quantize(weight, kind)
        add(type_name, packed, kind)
        tensors.append(entry(type_name, type_name, weight.shape,
                             packed.tobytes()))
    for type_name in RAW:
        kind = gguf.GGMLQuantizationType[type_name]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        packed = random.integers(0, 256, (2, size), dtype=np.uint8)
        add(type_name, packed, kind)
        tensors.append(entry(type_name, type_name, (2, block),
                             packed.tobytes()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return {"values": values, "arrays": arrays, "tokens": tokens,
            "tensors": tensors}


def write_safetensors(folder, random):
    kinds = {"F64": np.float64, "F32": np.float32, "F16": np.float16,
             "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
             "U64": np.uint64, "U32": np.uint32, "U16": np.uint16,
             "U8": np.uint8, "BOOL": np.bool_}
    arrays = {f"x.{name}": random.integers(0, 2, (2, 3)).astype(kind)
              for name, kind in kinds.items()}
    arrays["scalar"] = np.array(1.5, dtype=np.float32)
    arrays["empty"] = np.zeros((0, 4), dtype=np.float32)
    arrays['odd "name"\né'] = np.arange(3, dtype=np.uint8)
    metadata = {"format": "np", "note": "é\n"}
    save_file(arrays, folder / "types.safetensors", metadata=metadata)
    types = {np.dtype(kind): name for name, kind in kinds.items()}
    return {"metadata": metadata,
            "tensors": [entry(name, types[array.dtype], array.shape,
                              array.tobytes())
                        for name, array in arrays.items()]}


def write_mlx(folder, random):
    """A folder as mlx-lm writes it, with an entry of its own per module."""
    folder.mkdir()
    arrays, modules, config = {}, [], {"group_size": 64, "bits": 4}
    cases = [(bits, group) for bits in (2, 3, 4, 5, 6, 8)
             for group in (32, 64, 128)]
    for number, (bits, group) in enumerate(cases):
        dtype = [mx.float32, mx.float16, mx.bfloat16][number % 3]
        weight = mx.array(random.standard_normal((2, 128)), dtype=dtype)
        packed, scales, biases = mx.quantize(weight, group, bits)
        path = f"model.layers.{number}.mlp.up_proj"
        arrays[path + ".weight"] = packed
        arrays[path + ".scales"] = scales
        arrays[path + ".biases"] = biases
        if (bits, group) != (4, 64):
            config[path] = {"group_size": group, "bits": bits}
        values = mx.dequantize(packed, scales, biases, group, bits)
        modules.append({
            "path": path, "bits": bits, "group": group, "rows": 2,
            "cols": 128,
            "hex": np.array(values.astype(mx.float32)).tobytes().hex()})
    for name, dtype in [("f16", mx.float16), ("bf16", mx.bfloat16),
                        ("f32", mx.float32)]:
        vector = mx.array([0.0, -0.0, 1.0, 1 / 3, -65504.0, 6e-8, 1e-4,
                           float("inf")], dtype=dtype)
        arrays["norm." + name] = vector
        modules.append({
            "path": "norm." + name,
            "hex": np.array(vector.astype(mx.float32)).tobytes().hex()})
    mx.save_safetensors(str(folder / "model.safetensors"), arrays,
                        metadata={"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(
        {"model_type": "llama", "quantization": config,
         "quantization_config": config}, indent=1))
    return {"modules": modules}


def main():
    folder = pathlib.Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    random = np.random.default_rng(7)
    golden = {"gguf": write_gguf(folder, random),
              "safetensors": write_safetensors(folder, random),
              "mlx": write_mlx(folder / "mlx", random)}
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
