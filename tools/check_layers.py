#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the tree to src/LAYERS and to the rules a compiler cannot check.

  check_layers.py [ROOT]

1. A folder of src/ includes and links only what its line in src/LAYERS allows;
   the lines form no cycle; include/bantam includes nothing of src/.
2. `mlx` is spelled only in folders with a star.
3. No model family is named outside src/models (see FAMILY_EXCEPTIONS).
4. Only src/nn/eval.cpp evaluates arrays.
5. Files stay below 800 lines (a warning from 500) and start with their licence.

Prints file:line and the rule for each breach; exit status 1 if there is one.
"""

import re
import sys
from fnmatch import fnmatch
from pathlib import Path

FAMILIES = (
    "llama qwen gemma mistral mixtral phi deepseek smollm falcon olmo granite "
    "starcoder cohere chatglm internlm minicpm exaone nemotron"
).split()

# Where a family's name is not knowledge about its architecture: a pattern of
# files, the names allowed there, and the reason.
FAMILY_EXCEPTIONS = [
    ("src/text/*", "*", "names of pre-tokenizers and vocabulary kinds in files"),
    ("src/*", "smollm2*", "the built-in model's name, which a user types"),
    ("include/bantam/*", "smollm2*", "the same"),
    ("src/backends/mlx_lm_*", "*", "names of mlx-lm's own modules"),
    ("src/*", "llama.cpp", "the program, whose GGUF files are read"),
    ("src/machine/heavy_apps.cpp", "llama", "programs that may run beside us"),
]

# include/bantam is the public face. Its plain values (errors, requests) are
# everybody's; these headers are for the folders that implement or use them.
FACE_SERVICES = {"bantam/engine.h", "bantam/backend.h"}
FACE_USERS = {"engine", "cli", "server", "backends", "retrieval"}

EVALUATOR = "src/nn/eval.cpp"
EVALUATION = re.compile(
    r"\b(?:mx|mlx::core|core)::(?:eval|async_eval|synchronize)\s*\("
    r"|(?:\.|->)eval\s*\(\s*\)"
)

# Longer than MAX_LINES, with the reason.
LONG_FILES = {"tools/template_cases.py": "a table of test cases, no code"}

WARN_LINES = 500
MAX_LINES = 800
CODE_FOLDERS = "src include tests tools scripts benchmarks fuzz examples".split()
CODE_SUFFIXES = {".h", ".cpp", ".py", ".sh"}
SPDX = "SPDX-License-Identifier: MIT"

TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)"
    r'|(?P<raw>R"(?P<mark>[^()\\ \n]{0,16})\(.*?\)(?P=mark)")'
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')",
    re.DOTALL,
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def blank(text):
    """As many lines as text has, with nothing on them."""
    return "\n" * text.count("\n") or " "


def without_comments(source):
    return TOKEN.sub(
        lambda m: blank(m[0]) if m["comment"] else m[0], source
    )


def without_strings(code):
    return TOKEN.sub(lambda m: '""' + blank(m[0]).strip(" "), code)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Tree:
    def __init__(self, root):
        self.root = root
        self.breaches = []
        self.warnings = []
        self.allowed = {}
        self.starred = set()
        self.read_layers()

    def breach(self, path, line, message):
        self.breaches.append(f"{path}:{line}: {message}")

    def read_layers(self):
        name = "src/LAYERS"
        for number, line in enumerate(
            (self.root / name).read_text().splitlines(), 1
        ):
            line = line.split("#")[0].strip()
            if not line:
                continue
            folder, colon, rest = line.partition(":")
            if not colon:
                self.breach(name, number, "expected `folder: folder ...`")
                continue
            if folder.endswith("*"):
                folder = folder[:-1]
                self.starred.add(folder)
            if folder in self.allowed:
                self.breach(name, number, f"{folder} stands here twice")
            self.allowed[folder] = rest.split()
            for target in rest.split():
                # Each folder stands below what it includes: so, no cycles.
                if target not in self.allowed or target == folder:
                    self.breach(
                        name,
                        number,
                        f"{folder} may include {target}, which must stand on "
                        "a line above (no cycles)",
                    )

    def sources(self, *folders, suffixes=(".h", ".cpp")):
        for folder in folders:
            top = self.root / folder
            for path in sorted(top.rglob("*")) if top.is_dir() else []:
                if path.suffix in suffixes and path.is_file():
                    yield path.relative_to(self.root).as_posix()

    def check_folder_list(self):
        for path in sorted((self.root / "src").iterdir()):
            if path.is_dir() and any(path.iterdir()):
                if path.name not in self.allowed:
                    self.breach("src/LAYERS", 1, f"no line for {path.name}")

    def check_source(self, path):
        source = (self.root / path).read_text(encoding="utf-8")
        code = without_comments(source)
        bare = without_strings(code)
        folder = path.split("/")[1] if path.startswith("src/") else None
        self.check_includes(path, folder, code)
        if folder not in self.starred:
            self.check_mlx(path, folder, bare)
        if path != EVALUATOR:
            for match in EVALUATION.finditer(bare):
                self.breach(
                    path,
                    line_of(bare, match.start()),
                    f"{match[0].strip()}: only {EVALUATOR} evaluates arrays",
                )
        if folder != "models":
            self.check_families(path, code)

    def check_includes(self, path, folder, code):
        for match in INCLUDE.finditer(code):
            target = match[2].split("/")[0] if "/" in match[2] else ""
            line = line_of(code, match.start(1))
            if target == "mlx" and folder not in self.starred:
                self.breach(path, line, f"includes {match[2]}; "
                            f"src/LAYERS gives {folder or path} no star")
            if folder is None:
                if target in self.allowed:
                    self.breach(
                        path,
                        line,
                        f"the public face includes {match[2]} of src/",
                    )
            elif target == "bantam":
                if match[2] in FACE_SERVICES and folder not in FACE_USERS:
                    self.breach(
                        path, line, f"{folder} may not include {match[2]}"
                    )
            elif target in self.allowed and target != folder:
                if target not in self.allowed.get(folder, []):
                    self.breach(
                        path,
                        line,
                        f"includes {match[2]}; src/LAYERS does not let "
                        f"{folder} include {target}",
                    )

    def check_mlx(self, path, folder, bare):
        spelled = r"\b(?:mlx|mx)\s*::|\bnamespace\s+(?:mlx|mx)\b"
        for match in re.finditer(spelled, bare):
            self.breach(
                path,
                line_of(bare, match.start()),
                f"spells {match[0]}; src/LAYERS gives "
                f"{folder or 'include/'} no star",
            )

    def check_families(self, path, code):
        pattern = r"(?:%s)[A-Za-z0-9_.]*" % "|".join(FAMILIES)
        for match in re.finditer(
            r"(?<![a-z])" + pattern, code, re.IGNORECASE
        ):
            word = match[0].rstrip(".").lower()
            # `phi` is also an angle: it counts only with a version.
            if word.startswith("phi") and not re.match(r"phi[-_]?\d", word):
                continue
            if not self.excepted(path, word):
                self.breach(
                    path,
                    line_of(code, match.start()),
                    f"names the model family in `{match[0]}`; only "
                    "src/models may (tools/check_layers.py lists exceptions)",
                )

    def excepted(self, path, word):
        return any(
            fnmatch(path, files) and fnmatch(word, names)
            for files, names, _ in FAMILY_EXCEPTIONS
        )

    def check_links(self, folder):
        path = f"src/{folder}/CMakeLists.txt"
        if not (self.root / path).exists():
            return
        text = re.sub(r"#[^\n]*", "", (self.root / path).read_text())
        for match in re.finditer(r"\bbantam_([a-z]+)\b", text):
            name = match[1]
            line = line_of(text, match.start())
            if name == "mlx" and folder not in self.starred:
                self.breach(path, line, f"{folder} may not link MLX")
            if name in self.allowed and name != folder:
                if name not in self.allowed[folder]:
                    self.breach(
                        path,
                        line,
                        f"links bantam_{name}; src/LAYERS does not let "
                        f"{folder} include {name}",
                    )

    def check_file(self, path):
        lines = (self.root / path).read_text(encoding="utf-8").splitlines()
        if path in LONG_FILES:
            pass
        elif len(lines) > MAX_LINES:
            self.breach(
                path, MAX_LINES, f"{len(lines)} lines: split it by concept"
            )
        elif len(lines) > WARN_LINES:
            self.warnings.append(
                f"{path}: {len(lines)} lines; talk about splitting it"
            )
        first = 2 if lines and lines[0].startswith("#!") else 1
        if not any(SPDX in line for line in lines[:first]):
            self.breach(path, first, f"the line `{SPDX}` is missing")

    def check(self):
        self.check_folder_list()
        for path in self.sources("src", "include"):
            self.check_source(path)
        for folder in self.allowed:
            self.check_links(folder)
        for path in self.sources(*CODE_FOLDERS, suffixes=CODE_SUFFIXES):
            self.check_file(path)


def main():
    default = Path(__file__).resolve().parent.parent
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    tree = Tree(root)
    tree.check()
    for warning in tree.warnings:
        print(f"warning: {warning}")
    for breach in tree.breaches:
        print(breach)
    if tree.breaches:
        sys.exit(f"check-layers: {len(tree.breaches)} breaches")
    print("check-layers: ok")


if __name__ == "__main__":
    main()
