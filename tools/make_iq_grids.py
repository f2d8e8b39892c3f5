#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/kernels/iq_grid_codes.inc: the points of GGUF's look-up formats,
read from the PyPI package gguf (tools/oracle-requirements.txt)."""
import pathlib

import numpy as np
from gguf import quants

TABLES = [
    ("kIq2XxsCodes", quants.IQ2_XXS, 2),
    ("kIq2XsCodes", quants.IQ2_XS, 2),
    ("kIq2SCodes", quants.IQ2_S, 2),
    ("kIq3XxsCodes", quants.IQ3_XXS, 4),
    ("kIq3SCodes", quants.IQ3_S, 4),
    ("kIq1Codes", quants.IQ1_S, 2),
]


def codes_of(kind, bits):
    kind.init_grid()
    points = kind.grid.reshape(kind.grid_shape)
    values = np.array(kind.grid_map, dtype=points.dtype)
    indices = np.argmax(points[..., None] == values, axis=-1)
    shifts = bits * np.arange(points.shape[1])
    return (indices << shifts).sum(axis=1)


def main():
    lines = [
        "// SPDX-License-Identifier: MIT",
        "// Written by tools/make_iq_grids.py. Codes of one point each, the",
        "// first value lowest: two bits for IQ2 and IQ1, four for IQ3.",
    ]
    for name, kind, bits in TABLES:
        codes = codes_of(kind, bits)
        lines.append(
            f"constexpr std::array<uint16_t, {len(codes)}> {name}{{")
        for i in range(0, len(codes), 9):
            row = ", ".join(f"0x{code:04x}" for code in codes[i:i + 9])
            lines.append(f"    {row},")
        lines.append("};")
    root = pathlib.Path(__file__).resolve().parent.parent
    path = root / "src" / "kernels" / "iq_grid_codes.inc"
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
