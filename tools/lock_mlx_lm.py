#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/mlx-lm.lock: mlx-lm and everything it needs, each package with
its version and the sha256 of its files, for Linux and macOS and every Python
that mlx-lm takes. `bantam env create` installs exactly this.

  lock_mlx_lm.py VERSION      such as 0.32.2

Resolved by the PyPI package uv, in an environment of its own under build/.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "data" / "mlx-lm.lock"
TOOLS = ROOT / "build" / "lock-tools"
UV = "uv==0.13.9"
OLDEST_PYTHON = "3.11"
HEAD = """\
# mlx-lm {version} and all it needs, by version and sha256, for Linux and macOS.
# Compiled into bantam; `bantam env create` installs exactly this. Written by
# tools/lock_mlx_lm.py {version}: do not edit.
"""


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    version = sys.argv[1]
    if not (TOOLS / "bin" / "uv").exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
        subprocess.run([TOOLS / "bin" / "pip", "install", UV], check=True)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        # On Linux mlx-lm leaves the choice of MLX to an extra.
        wanted.write_text(
            f'mlx-lm[cpu]=={version} ; sys_platform == "linux"\n'
            f'mlx-lm=={version} ; sys_platform == "darwin"\n'
        )
        locked = subprocess.run(
            [TOOLS / "bin" / "uv", "pip", "compile", "--quiet", "--universal"]
            + ["--python-version", OLDEST_PYTHON, "--generate-hashes"]
            + ["--no-annotate", "--no-header", wanted],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    if "://" in locked:
        sys.exit("the lock names an address: use the usual index")
    LOCK.write_text(HEAD.format(version=version) + locked)
    packages = sum(line[:1].isalnum() for line in locked.splitlines())
    print(f"{LOCK.relative_to(ROOT)}: {packages} packages")


if __name__ == "__main__":
    main()
