# SPDX-License-Identifier: MIT
"""Writes the seeds of fuzz/corpus/template: our templates with a conversation
each, and groups of the small cases that jinja2 renders. One file: template,
zero byte, JSON. Needs jinja2, as make_template_golden.py."""

import json
import pathlib
import warnings

import template_cases
import template_conversations
import template_oracle

TREE = pathlib.Path(__file__).parent.parent
FOLDER = TREE / "fuzz/corpus/template"
GROUP = 14


def write(name, template, variables):
    words = template.encode() + b"\0" + json.dumps(variables).encode()
    (FOLDER / name).write_bytes(words)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    conversations = dict(template_conversations.conversations())
    for path in sorted((TREE / "tests/text/templates").glob("*.jinja")):
        variables = conversations["tools_parallel/1"]
        write(path.stem, path.read_text(encoding="utf-8"), variables)
    small = [f"{{{{ {line} }}}}" for line in template_cases.EXPRESSIONS]
    small += template_cases.STATEMENTS + template_cases.MULTILINE
    env = template_oracle.make_environment()
    warnings.simplefilter("ignore")
    small = [
        case
        for case in small
        if "output" in template_oracle.render(env, case, template_cases.VARIABLES)
    ]
    for start in range(0, len(small), GROUP):
        template = "\n".join(small[start : start + GROUP])
        write(f"small_{start // GROUP:02}", template, template_cases.VARIABLES)


if __name__ == "__main__":
    main()
