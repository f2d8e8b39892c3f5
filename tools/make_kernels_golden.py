#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what other implementations make of quantized bytes, into
tests/kernels: mlx_affine.json (rows that MLX quantized and dequantized, every
number of bits and group size), mlx_microscaled.json (every value byte of
MLX's float formats, and scales of all kinds) and gguf_blocks.json (random blocks that the gguf
package dequantized). Needs mlx, gguf and numpy (tools/oracle-requirements.txt).
"""
import importlib.metadata
import json
import pathlib

import mlx.core as mx
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

COLUMNS = 128
GGUF_TYPES = (
    "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL MXFP4 NVFP4 Q2_K Q3_K Q4_K Q5_K Q6_K "
    "TQ1_0 TQ2_0 IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S IQ4_XS"
).split()


def hex_of(array):
    return np.array(array).tobytes().hex()


def affine_rows():
    rng = np.random.default_rng(7)
    for bits in (2, 3, 4, 5, 6, 8):
        for group in (32, 64, 128):
            weights = rng.standard_normal((1, COLUMNS)).astype(np.float32)
            packed, scales, biases = mx.quantize(
                mx.array(weights), group_size=group, bits=bits)
            row = mx.dequantize(
                packed, scales, biases, group_size=group, bits=bits)
            yield {
                "bits": bits,
                "group": group,
                "packed": hex_of(packed),
                "scales": hex_of(scales),
                "biases": hex_of(biases),
                "dequantized": hex_of(row),
            }


def microscaled_rows():
    rng = np.random.default_rng(8)
    for mode, group, bits in (
        ("mxfp4", 32, 4), ("mxfp8", 32, 8), ("nvfp4", 16, 4)
    ):
        # Zero, subnormals, what lies around one, the largest, NaN; both signs.
        scales = np.array(
            [*range(10), *range(119, 138), 0x38, 0x7E, 0xB8, *range(252, 256)],
            dtype=np.uint8,
        ).reshape(1, -1)
        columns = scales.size * group
        packed = rng.integers(0, 256, columns * bits // 8, dtype=np.uint8)
        packed[-256:] = np.arange(256)
        row = mx.dequantize(
            mx.array(packed.view(np.uint32).reshape(1, -1)),
            mx.array(scales),
            group_size=group,
            bits=bits,
            mode=mode,
            dtype=mx.float32,
        )
        yield {
            "mode": mode,
            "columns": columns,
            "packed": hex_of(packed),
            "scales": hex_of(scales),
            "dequantized": hex_of(row),
        }


def gguf_rows():
    rng = np.random.default_rng(9)
    rows = {}
    for name in GGUF_TYPES:
        kind = GGMLQuantizationType[name]
        values, size = GGML_QUANT_SIZES[kind]
        count = max(1, 256 // values)
        packed = rng.integers(0, 256, (1, count * size), dtype=np.uint8)
        with np.errstate(all="ignore"):
            row = quants.dequantize(packed, kind).astype(np.float32)
        rows[name] = {
            "columns": count * values,
            "packed": hex_of(packed),
            "dequantized": hex_of(row),
        }
    return rows


def write(name, content):
    root = pathlib.Path(__file__).resolve().parent.parent
    path = root / "tests" / "kernels" / name
    path.write_text(json.dumps(content, indent=1) + "\n")


def main():
    mx.set_default_device(mx.cpu)
    write("mlx_affine.json", {
        "mlx": mx.__version__, "columns": COLUMNS, "rows": list(affine_rows())})
    write("mlx_microscaled.json", {
        "mlx": mx.__version__, "rows": list(microscaled_rows())})
    write("gguf_blocks.json", {
        "gguf": importlib.metadata.version("gguf"), "rows": gguf_rows()})


if __name__ == "__main__":
    main()
