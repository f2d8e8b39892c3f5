# SPDX-License-Identifier: MIT
"""Second test tier: renders every chat template of the PyPI package trl with
bantam and with jinja2, and compares both with the digests in
tests/text/templates/trl.json.

    python3 tools/check_templates.py --render build/tests/text/render_main

Makes a virtual environment under --work (default: build/check_templates) with
jinja2 and the package in the recorded version.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import venv

TREE = pathlib.Path(__file__).parent.parent
RECORDS = TREE / "tests/text/templates/trl.json"


def prepare(work, package):
    """The interpreter of the environment and the folder of the package."""
    python = work / "venv/bin/python"
    if not python.exists():
        venv.create(work / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "jinja2>=3.1.6"], check=True)
    folder = work / "package"
    if not list(folder.rglob("*.jinja")):
        pip = [python, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, package]
        subprocess.run(pip, check=True)
    return python, folder


class Renderer:
    """tests/text/render_main.cpp: one request a line, one answer a line."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def render(self, template, variables):
        now = {"strftime_now": "2024-07-26 09:05:03"}
        request = {"template": template, "variables": {**variables, **now}}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def agrees(got, want):
    if "output" in want:
        return got.get("output") == want["output"]
    if want["raised"]:
        return got.get("error") == want["error"].split(": ", 1)[1]
    return "error" in got


def compare(program, folder):
    import make_template_golden
    import template_conversations
    import template_oracle

    records = json.loads(RECORDS.read_text())
    conversations = dict(template_conversations.conversations())
    env = template_oracle.make_environment()
    renderer = Renderer(program)
    paths = {path.name: path for path in pathlib.Path(folder).rglob("*.jinja")}
    count, bad = 0, 0
    for name, sha256, renders in records["cases"]:
        template = paths[name].read_text(encoding="utf-8")
        if hashlib.sha256(template.encode()).hexdigest() != sha256:
            sys.exit(f"{name}: not the template that was recorded")
        for (title, variables), digest in zip(conversations.items(), renders.split()):
            count += 1
            want = template_oracle.render(env, template, variables)
            got = renderer.render(template, variables)
            recorded = make_template_golden.digest(want) == digest
            if not recorded or not agrees(got, want):
                bad += 1
                print(f"{name} {title}: recorded {recorded}\n  jinja2 {want}\n  bantam {got}")
    print(f"{count} renderings of {len(records['cases'])} templates, {bad} differ")
    return 1 if bad or not count else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--render", required=True, help="the program render_main")
    parser.add_argument("--work", default=str(TREE / "build/check_templates"))
    parser.add_argument("--folder", help=argparse.SUPPRESS)  # the second stage
    options = parser.parse_args()
    if options.folder:
        sys.exit(compare(options.render, options.folder))
    work = pathlib.Path(options.work)
    package = json.loads(RECORDS.read_text())["package"]
    python, folder = prepare(work, package)
    again = [python, __file__, "--render", options.render, "--folder", folder]
    sys.exit(subprocess.run(again).returncode)


if __name__ == "__main__":
    main()
