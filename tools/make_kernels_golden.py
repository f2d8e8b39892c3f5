#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/kernels/mlx_affine.json: rows that MLX itself quantized and
dequantized, for every number of bits and group size. Needs mlx and numpy
(tools/oracle-requirements.txt)."""
import json
import pathlib

import mlx.core as mx
import numpy as np

COLUMNS = 128


def hex_of(array):
    return np.array(array).tobytes().hex()


def cases():
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


def main():
    mx.set_default_device(mx.cpu)
    root = pathlib.Path(__file__).resolve().parent.parent
    out = {"mlx": mx.__version__, "columns": COLUMNS, "rows": list(cases())}
    path = root / "tests" / "kernels" / "mlx_affine.json"
    path.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
