#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Second test tier: the real mlx-lm, from nothing to an answer. Needs the
network and half a gigabyte; takes minutes.

  check_mlx_lm.py PROGRAM MODEL.gguf

In an empty folder under build/: making the environment is interrupted and
found half-made; `run` with the guide's configuration, a pin of >=0.32,<0.33 and
a folder that `convert` wrote then finishes it, checks the flags and answers 8
tokens. What is installed is compared with the lock, a broken environment must be
seen, the guide's own pin come to its explained end, and all be removed.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GUIDE = ROOT / "examples" / "inference_config.yaml"
WORK = ROOT / "build" / "mlx-lm-test"
QUESTION = "What is gravity?"
GUIDES_PIN = ">=0.15.0,<0.16.0"


class Program:
    def __init__(self, path):
        self.path = str(pathlib.Path(path).resolve())
        self.environment = {**os.environ, "XDG_DATA_HOME": str(WORK / "data")}

    def run(self, code, *arguments):
        start = time.monotonic()
        done = subprocess.run(
            [self.path, *map(str, arguments)], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        seconds = time.monotonic() - start
        print(f"[{seconds:.1f} s, exit code {done.returncode}] bantam "
              + " ".join(map(str, arguments)), flush=True)
        if code is not None and done.returncode != code:
            sys.exit(f"FAILED: expected {code}\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, code, *arguments):
        return json.loads(self.run(code, *arguments).stdout)

    def interrupted(self, seconds, *arguments):
        child = subprocess.Popen(
            [self.path, *arguments], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        return child.wait(timeout=60)


def expect(truth, message):
    if not truth:
        sys.exit(f"FAILED: {message}")


def installed(folder):
    """{name: version} of an environment, by its own metadata."""
    found = {}
    for info in folder.glob("lib/python*/site-packages/*.dist-info"):
        text = (info / "METADATA").read_text(errors="replace")
        name = re.search(r"^Name: (.+)$", text, re.M)[1]
        version = re.search(r"^Version: (.+)$", text, re.M)[1]
        found[re.sub(r"[-_.]+", "-", name.strip()).lower()] = version.strip()
    return found


def check_lock(folder):
    locked = {}
    for line in (folder / "requirements.lock").read_text().splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line)
        if match:
            locked.setdefault(match[1], set()).add(match[2])
    packages = installed(folder)
    packages.pop("pip", None)
    packages.pop("setuptools", None)
    for name, version in packages.items():
        expect(version in locked.get(name, ()),
               f"{name} {version} is installed, but not locked")
    print(f"{len(packages)} packages installed, each as it is locked")


def check_broken(program, environment, model):
    """Loses its Python, then a package: each is seen, and mended by undoing."""
    def states():
        (row,) = program.json(0, "env", "list", "--json")["environments"]
        doctor = program.json(None, "doctor", model, "--framework", "mlx-lm",
                              "--probe-seconds", "0", "--json")
        health = {f["id"]: f["status"] for f in doctor["findings"]}
        return row["state"], health.get("pins"), health.get("flags")

    (site,) = environment.glob("lib/python*/site-packages")
    for part, expected in {
        environment / "bin" / "python": ("broken", "yellow", None),
        site / "mlx": ("complete", "green", "red"),
    }.items():
        away = part.with_name("taken-away")
        part.rename(away)
        seen = states()
        away.rename(part)
        expect(seen == expected, f"without {part.name} it is {seen}")
        print(f"without {part.name}: {seen}")
    expect(states() == ("complete", "green", "green"), "it is not whole again")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program = Program(sys.argv[1])
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    folder = WORK / "smollm2"
    program.run(0, "convert", sys.argv[2], folder)

    code = program.interrupted(10, "env", "create")
    expect(code == 130, f"an interrupted env create ends with {code}")
    (half,) = program.json(0, "env", "list", "--json")["environments"]
    expect(half["state"] == "half-made", f"interrupted, it is {half['state']}")
    print("interrupted after 10 s: half-made")

    ask = ["run", "--config", GUIDE, "--framework", "mlx-lm", "--model", folder,
           "--max-tokens", "8", "--temp", "0", "--json"]
    out = program.json(0, *ask, "--version-pin", ">=0.32,<0.33", QUESTION)
    print(json.dumps(out, ensure_ascii=False))
    usage = out["usage"]
    expect(out["text"].strip(), "there is no answer")
    expect(usage["completion_tokens"] == 8, "not 8 tokens")
    expect(out["finish_reason"] == "length", "it ended by itself")
    expect(out["applied"]["environment"]["mlx_lm"] == "0.32.2",
           "another mlx-lm answered")
    expect(out["applied"]["version_pin"] ==
           {"value": ">=0.32,<0.33", "from": "flag"}, "applied has no pin")
    memory = out["memory"]
    expect(memory["peak_bytes"] > 100e6, "its memory was not seen")
    print(f"memory: {memory['peak_bytes'] / 2**20:.0f} MiB at most, about "
          f"{memory['planned_bytes'] / 2**20:.0f} MiB were expected")

    own = program.json(0, "run", "--model", folder, "--max-tokens", "8",
                       "--temp", "0", "--json", QUESTION)
    print(f"bantam itself says {own['text']!r}")
    expect(own["usage"]["prompt_tokens"] == usage["prompt_tokens"],
           "they read another prompt")
    expect(own["text"].split()[:2] == out["text"].split()[:2],
           "they begin with other words")

    (made,) = program.json(0, "env", "list", "--json")["environments"]
    expect(made["state"] == "complete", f"it is {made}")
    check_lock(pathlib.Path(made["folder"]))
    rows = {row["id"]: row for row in program.json(
        0, "doctor", folder, "--framework", "mlx-lm", "--probe-seconds", "0",
        "--json")["findings"]}
    expect(rows["pins"]["status"] == rows["flags"]["status"] == "green",
           f"doctor says {rows}")
    print(rows["flags"]["text"])

    check_broken(program, pathlib.Path(made["folder"]), folder)

    done = program.run(7, "env", "create", "--pin", GUIDES_PIN)
    print(done.stderr.splitlines()[-1])
    expect("--help fails" in done.stderr and "--pin" in done.stderr,
           "the guide's own pin ends unexplained")

    for environment in program.json(0, "env", "list", "--json")["environments"]:
        program.run(0, "env", "remove", environment["name"])
    expect(not program.json(0, "env", "list", "--json")["environments"],
           "env remove leaves something")
    print("check_mlx_lm: ok")


if __name__ == "__main__":
    main()
