# SPDX-License-Identifier: MIT
"""Writes tests/text/templates/*.json: what jinja2 makes of our templates and
of several hundred small ones. Needs jinja2 >= 3.1.6:

    python3 -m venv v && v/bin/pip install jinja2 && \
        v/bin/python tools/make_template_golden.py

With --trl FOLDER (an unpacked trl wheel) it also records a digest of every
rendering of that package's templates, which tools/check_templates.py compares;
the templates themselves are not kept in this tree.
"""

import argparse
import hashlib
import json
import pathlib
import warnings

import template_cases
import template_conversations
import template_oracle

FOLDER = pathlib.Path(__file__).parent.parent / "tests/text/templates"

# Python gives these a value that bantam refuses to make: an error there.
REFUSED = {
    "{{ s.encode('utf-8') }}",
    "{{ huge * huge }}",
    "{{ nums|random }}",
    "{{ s|urlize }}",
    "{{ 1 .bit_length() }}",
    "{{ 'abc'['a':] }}",
    "{{ '\\N{BULLET}' }}",
    "{{ neg ** half }}",
}
# Better than Python (a surrogate pair is one character), or an accident of
# how jinja2 compiles.
LEFT_OUT = {
    "{{ '\\ud83d\\ude42' }}",
    "{{ self }}",
    "{% set m = namespace() %}{% for i in [1, 2] %}{% macro q() %}{{ i }}"
    "{% endmacro %}{% set m.q = q %}{% endfor %}{{ m.q() }}",
}


def digest(result):
    if "output" in result:
        words = result["output"]
    elif result["raised"]:
        words = result["error"].split(": ", 1)[1]
    else:
        return "error"
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def small_cases():
    yield from (f"{{{{ {line} }}}}" for line in template_cases.EXPRESSIONS)
    yield from template_cases.STATEMENTS
    yield from template_cases.MULTILINE
    yield from (f"{{{{ {line} }}}}" for line in template_cases.operator_table())


def record(env, template, variables):
    """The output, {"raises": message} or null for any other error."""
    if template in REFUSED:
        return None
    result = template_oracle.render(env, template, variables)
    if "output" in result:
        return result["output"]
    if result["raised"]:
        return {"raises": result["error"].split(": ", 1)[1]}
    return None


def write_rows(path, head, rows):
    """JSON with one row a line, so that a change shows as a line."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    body = ",\n".join(lines)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(f"{head[:-1]}, \"cases\": [\n{body}\n]}}\n")


def make_small(env):
    rows = []
    for template in small_cases():
        if template in LEFT_OUT:
            continue
        result = record(env, template, template_cases.VARIABLES)
        if isinstance(result, str) and " at 0x" in result:
            continue  # an address
        rows.append([template, result])
    head = json.dumps({"variables": template_cases.VARIABLES}, ensure_ascii=False)
    write_rows(FOLDER / "small.json", head, rows)


def make_conversations(env):
    conversations = dict(template_conversations.conversations())
    rows = []
    for path in sorted(FOLDER.glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        for name, variables in conversations.items():
            rows.append([path.name, name, record(env, template, variables)])
    head = json.dumps({"conversations": conversations}, ensure_ascii=False)
    write_rows(FOLDER / "conversations.json", head, rows)


def make_trl(env, folder):
    conversations = dict(template_conversations.conversations())
    package = pathlib.Path(folder)
    metadata = next(package.glob("trl-*.dist-info/METADATA")).read_text()
    version = next(
        line.split(": ")[1] for line in metadata.splitlines() if line.startswith("Version")
    )
    rows = []
    for path in sorted(package.rglob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        sha256 = hashlib.sha256(template.encode()).hexdigest()
        renders = [
            digest(template_oracle.render(env, template, variables))
            for variables in conversations.values()
        ]
        rows.append([path.name, sha256, " ".join(renders)])
    head = json.dumps({"package": f"trl=={version}", "conversations": list(conversations)})
    write_rows(FOLDER / "trl.json", head, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trl", help="an unpacked trl wheel")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    env = template_oracle.make_environment()
    make_small(env)
    make_conversations(env)
    if options.trl:
        make_trl(env, options.trl)


if __name__ == "__main__":
    main()
