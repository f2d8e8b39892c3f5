#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/backends/mlx_lm_models.h from the wheels of mlx-lm: which release
brought which model type, and since when the model makes its own cache, so that
--max-kv-size does nothing for it.

  list_mlx_lm_models.py FOLDER_OF_WHEELS

Fetch them with `pip download --no-deps --ignore-requires-python mlx-lm==...`.
"""

import ast
import re
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "backends" / "mlx_lm_models.h"
HELPERS = {"__init__", "base", "cache", "rope_utils", "switch_layers"}
# Older than any flag that bantam needs.
FIRST = (0, 15, 0)

HEAD = """\
// SPDX-License-Identifier: MIT
// The model types of mlx-lm {first} to {last}, read from its wheels.
// Written by tools/list_mlx_lm_models.py: do not edit.
#pragma once

#include <array>
#include <string_view>

namespace bantam {{

struct MlxLmModel {{
  std::string_view type;   // model_type of config.json
  std::string_view since;  // the first release that has it; "": all of these
  /// From here on it makes its own cache and --max-kv-size does nothing; "":
  /// never.
  std::string_view own_cache_since;
}};

inline constexpr std::array kMlxLmModels{{
"""


def text_of(version):
    return ".".join(map(str, version))


def own_cache(module, trees, seen=()):
    """Whether the class Model of a module has make_cache, inherited or not."""
    tree = trees.get(module)
    if tree is None or module in seen:
        return False
    imported = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        for alias in node.names
    }
    classes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}

    def has(name, depth=0):
        node = classes.get(name)
        if node is None:
            target = imported.get(name)
            return (
                target is not None
                and target[1] == "Model"
                and own_cache(target[0], trees, (*seen, module))
            )
        if any(
            isinstance(item, ast.FunctionDef) and item.name == "make_cache"
            for item in node.body
        ):
            return True
        return depth < 5 and any(
            isinstance(base, ast.Name) and has(base.id, depth + 1)
            for base in node.bases
        )

    return has("Model")


def models_of(path):
    """{model type: whether it makes its own cache} of a wheel."""
    with zipfile.ZipFile(path) as wheel:
        sources = {
            name.split("/")[-1][:-3]: wheel.read(name).decode()
            for name in wheel.namelist()
            if re.fullmatch(r"mlx_lm/models/\w+\.py", name)
        }
        utils = wheel.read("mlx_lm/utils.py").decode()
    trees = {name: ast.parse(source) for name, source in sources.items()}
    models = {
        name: own_cache(name, trees)
        for name, tree in trees.items()
        if name not in HELPERS
        and any(
            isinstance(n, ast.ClassDef) and n.name == "ModelArgs"
            or isinstance(n, ast.ImportFrom)
            and any(a.name == "ModelArgs" for a in n.names)
            for n in tree.body
        )
    }
    for node in ast.parse(utils).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "MODEL_REMAPPING"
            for t in node.targets
        ):
            for alias, module in ast.literal_eval(node.value).items():
                if module in models:
                    models.setdefault(alias, models[module])
    return models


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    releases = {}
    for path in Path(sys.argv[1]).glob("mlx_lm-*.whl"):
        version = tuple(map(int, path.name.split("-")[1].split(".")))
        if version >= FIRST:
            releases[version] = models_of(path)
    versions = sorted(releases)
    newest = releases[versions[-1]]
    rows = []
    for model in sorted(newest):
        since = own_since = None
        for version in reversed(versions):
            if model not in releases[version]:
                break
            since = version
        for version in reversed(versions):
            if not releases[version].get(model, False):
                break
            own_since = version
        # An own cache as old as the model is one for all its releases.
        since_text = "" if since == versions[0] else text_of(since)
        own_text = "" if own_since is None else text_of(own_since)
        rows.append(f'    MlxLmModel{{"{model}", "{since_text}", "{own_text}"}},')
    TARGET.write_text(
        HEAD.format(first=text_of(versions[0]), last=text_of(versions[-1]))
        + "\n".join(rows)
        + "\n};\n\n}  // namespace bantam\n"
    )
    print(f"{TARGET.relative_to(ROOT)}: {len(rows)} model types, "
          f"{len(versions)} releases")


if __name__ == "__main__":
    main()
