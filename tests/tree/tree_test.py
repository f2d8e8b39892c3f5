#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the tree's own tools: each rule of check_layers, fetch.py's refusal
of a wrong checksum, macho_symbols' reading of a symbol table."""

import hashlib
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "scripts")]

import check_layers  # noqa: E402
import fetch  # noqa: E402
import macho_symbols  # noqa: E402

HEAD = "// SPDX-License-Identifier: MIT\n"
LAYERS = "base:\ntext: base\nnn*: base\nmodels*: base nn\ncli: base text\n"


class LayersTest(unittest.TestCase):
    def breaches(self, files, layers=LAYERS):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in {"src/LAYERS": layers, **files}.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            tree = check_layers.Tree(root)
            tree.check()
            return tree.breaches

    def refuses(self, name, body, place, word, layers=LAYERS):
        found = self.breaches({name: HEAD + body}, layers)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(place), found)
        self.assertIn(word, found[0])

    def accepts(self, name, body):
        self.assertEqual(self.breaches({name: HEAD + body}), [])

    def test_includes(self):
        self.accepts("src/text/a.h", '#include "base/b.h"\n')
        self.refuses(
            "src/text/a.h", '\n#include "cli/b.h"\n', "src/text/a.h:3:", "cli"
        )
        self.accepts("src/base/a.h", '// #include "cli/b.h"\n')
        self.accepts("src/base/a.h", "#include <fmt/core.h>\n#include <memory>\n")
        self.refuses("include/bantam/a.h", '#include "base/b.h"\n',
                     "include/bantam/a.h:2:", "base/b.h")
        self.refuses("src/text/a.h", '#include "bantam/engine.h"\n',
                     "src/text/a.h:2:", "bantam/engine.h")

    def test_cycles(self):
        found = self.breaches({}, "base: text\ntext: base\n")
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith("src/LAYERS:1:"), found)

    def test_folders_are_listed(self):
        self.assertIn("misc", self.breaches({"src/misc/a.h": HEAD})[0])

    def test_links(self):
        found = self.breaches(
            {"src/text/CMakeLists.txt": "bantam_library(text\nLINKS bantam_nn)"}
        )
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith("src/text/CMakeLists.txt:2:"))

    def test_mlx(self):
        self.accepts("src/nn/a.cpp", "#include <mlx/mlx.h>\nmlx::core::array a;")
        self.refuses("src/text/a.cpp", "#include <mlx/mlx.h>\n",
                     "src/text/a.cpp:2:", "no star")
        self.refuses("src/text/a.cpp", "\nmx::array a;", "src/text/a.cpp:3:", "mx")
        self.accepts("src/text/a.cpp", 'auto a = "mx::array";  // mlx::core\n')
        self.accepts("src/cli/a.cpp", "auto k = KernelChoice::mlx;\n")

    def test_evaluation(self):
        self.accepts("src/nn/eval.cpp", "mx::eval(a);")
        self.refuses("src/nn/a.cpp", "mx::eval(a);", "src/nn/a.cpp:2:", "eval")
        self.refuses("src/models/a.cpp", "mx::async_eval (a);",
                     "src/models/a.cpp:2:", "async_eval")
        self.refuses("src/nn/a.cpp", "a.eval();", "src/nn/a.cpp:2:", "eval")

    def test_families(self):
        self.accepts("src/models/a.cpp", "make_llama();")
        self.refuses("src/nn/a.cpp", "\n\nmake_llama();", "src/nn/a.cpp:4:", "llama")
        self.refuses("src/cli/a.cpp", 'f("Qwen3");', "src/cli/a.cpp:2:", "Qwen3")
        self.accepts("src/nn/a.cpp", "// as in Llama\nfloat phi;\n")
        self.accepts("src/text/a.cpp", 'f("llama-bpe");')
        self.accepts("src/cli/a.cpp", 'f("smollm2");')

    def test_strings_and_comments_hide_nothing(self):
        body = "auto a = R\"x(\n)\" // )x\";\nint b = 1'000;\nmx::eval(c);\n"
        self.refuses("src/models/a.cpp", body, "src/models/a.cpp:5:", "eval")

    def test_files(self):
        self.assertIn(
            "SPDX", self.breaches({"tests/a_test.cpp": "int a;\n"})[0]
        )
        long = self.breaches({"src/base/a.cpp": HEAD + "\n" * 800})
        self.assertIn("801 lines", long[0])
        self.assertEqual(self.breaches({"src/base/a.cpp": HEAD + "\n" * 600}), [])


class FetchTest(unittest.TestCase):
    def test_a_wrong_checksum_is_refused_and_named(self):
        pin = fetch.Pin("thing", "1.0", "any", "thing-1.0.whl", "0" * 64)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / pin.file
            path.write_bytes(b"damaged")
            with self.assertRaises(SystemExit) as stopped:
                fetch.check(path, pin)
            self.assertFalse(path.exists())
        message = str(stopped.exception)
        self.assertIn(pin.file, message)
        self.assertIn(pin.sha256, message)
        self.assertIn(hashlib.sha256(b"damaged").hexdigest(), message)

    def test_the_pin_fits_the_machine(self):
        def chosen(name, system, machine, macos=""):
            with mock.patch("platform.system", return_value=system), \
                    mock.patch("platform.machine", return_value=machine), \
                    mock.patch("platform.mac_ver",
                               return_value=(macos, ("", "", ""), "")):
                return fetch.choose(name).platform

        self.assertEqual(
            chosen("mlx-cpu", "Linux", "x86_64"), "manylinux_2_35_x86_64")
        self.assertEqual(
            chosen("mlx-cpu", "Linux", "aarch64"), "manylinux_2_35_aarch64")
        for version, tag in [("14.5", "macosx_14_0_arm64"),
                             ("15.1", "macosx_15_0_arm64"),
                             ("16.0", "macosx_15_0_arm64"),
                             ("26.2", "macosx_26_0_arm64"),
                             ("27.0", "macosx_26_0_arm64")]:
            self.assertEqual(
                chosen("mlx-metal", "Darwin", "arm64", version), tag)
        for wrong in [("mlx-metal", "Darwin", "arm64", "13.6"),
                      ("mlx-metal", "Darwin", "x86_64", "14.0"),
                      ("mlx-cpu", "Linux", "riscv64")]:
            with self.assertRaises(SystemExit):
                chosen(*wrong)


class MachOTest(unittest.TestCase):
    def test_undefined_symbols(self):
        names = b"\0_defined\0_ours\0_theirs\0"
        symbols = b""
        for name, kind, ordinal in [
            (b"_defined", 0x0F, 0), (b"_ours", 0x01, 0xFE), (b"_theirs", 0x01, 2)
        ]:
            symbols += struct.pack(
                "<IBBHQ", names.index(name), kind, 0, ordinal << 8, 0)
        at = 32 + 24
        header = struct.pack("<8I", macho_symbols.MH_MAGIC_64, 0, 0,
                             macho_symbols.MH_EXECUTE, 1, 24, 0, 0)
        command = struct.pack("<6I", macho_symbols.LC_SYMTAB, 24, at, 3,
                              at + len(symbols), len(names))
        image = header + command + symbols + names
        self.assertTrue(macho_symbols.is_linked_image(image))
        self.assertEqual(
            list(macho_symbols.undefined_symbols(image)),
            [("_ours", 0xFE), ("_theirs", 2)])


if __name__ == "__main__":
    unittest.main()
