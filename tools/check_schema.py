#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Second test tier: the schema of the configuration, by a validator that is not
ours (PyPI jsonschema).

  check_schema.py PROGRAM

`config --schema` must be a schema; the example, `config --show` and `config
--init` must satisfy it; and of some thousand files with one value each, right
or wrong, every one that bantam accepts must satisfy it too.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
VALUES = [
    True, False, 0, 1, 5, 16, 256, -1, 0.5, 1.5, 2, 1e6, 10**12, 2**63, 2**64,
    "", "yes", "16GiB", "10GB", "1.5 GB", "bantam", "mlx-lm", "yellow", "red",
    "strict", "true", "cpu", "gpu", "native", "mlx", "single_shot", "chat",
    ">=0.32,<0.33", "~=1.0", "live", "a\nb", "\u20ac", [], ["a"], ["a", "b"],
    [1], {}, {"a": 1}, 4, 8,
]


def output(program, *arguments):
    return subprocess.run(
        [program, *arguments], check=True, stdout=subprocess.PIPE
    ).stdout.decode()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    schema = json.loads(output(program, "config", "--schema"))
    kind = jsonschema.validators.validator_for(schema)
    if kind is not jsonschema.Draft202012Validator:
        sys.exit(f"FAILED: the schema names no known draft: {kind}")
    kind.check_schema(schema)
    validator = kind(schema)

    guide = ROOT / "examples" / "inference_config.yaml"
    for name, text in {
        "example": guide.read_text(),
        "--show": output(program, "config", "--show", "--config", guide,
                         "--framework", "bantam"),
        "--init": output(program, "config", "--init", "--model", "smollm2"),
    }.items():
        errors = list(validator.iter_errors(yaml.safe_load(text)))
        if errors:
            sys.exit(f"FAILED: {name}: {errors[0].message}")
        print(f"{name}: valid")

    accepted = refused = both = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "one.yaml"
        for section, part in schema["properties"].items():
            for key in [*part["properties"], "no_such_key"]:
                for value in VALUES:
                    document = {section: {key: value}}
                    # JSON is YAML.
                    path.write_text(json.dumps(document))
                    run = subprocess.run(
                        [program, "config", "--show", "--config", path],
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                    if run.returncode not in (0, 2):
                        sys.exit(f"FAILED: exit code {run.returncode} for "
                                 f"{document}: {run.stderr.decode()}")
                    valid = validator.is_valid(document)
                    if run.returncode == 0 and not valid:
                        sys.exit(f"FAILED: bantam accepts {document}, which "
                                 "its schema forbids")
                    accepted += run.returncode == 0
                    refused += not valid
                    both += run.returncode != 0 and valid
    if accepted < 100 or refused < 500:
        sys.exit("FAILED: the values try nothing")
    print(f"{accepted} files accepted, all valid; {refused} invalid, all "
          f"refused; {both} valid but refused for more than a schema can say")


if __name__ == "__main__":
    main()
