# SPDX-License-Identifier: MIT
"""Writes tests/config/versions.json: what the PyPI package `packaging` makes of
versions and specifiers, hand-picked ones and random ones (fixed seed).

    python3 tools/make_version_golden.py > tests/config/versions.json

versions: [text, normal form or null]. ranked: normal forms in order, equal ones
in one list. pins: [specifier set, null if invalid, else the indices of the
`ranked` groups' members (flattened) that it contains], pre-releases counted.
"""

import itertools
import json
import random

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

VERSIONS = """
0 1 1.0 1.0.0 1.1 1.10 1.2 01.002 2024.1 1!0.1 1!1.0 2!0 0!1.0
0.15.0 0.15.1 0.15.2 0.16.0 0.16.0rc1 0.17.0 0.32.2 0.32.2+cpu 0.33.0.dev2
1.0a 1.0a0 1.0.a1 1.0-alpha-1 1.0_beta.2 1.0b2 1.0c1 1.0rc1 1.0RC1 1.0pre1
1.0-preview_3 1.0.dev 1.0dev1 1.0.dev01 1.0a1.dev2 1.0.post 1.0.post1 1.0-1
1.0-r4 1.0rev 1.0.post1.dev3 1.0a1.post2 1.0a1.post2.dev3 v1.0 V1.0.1
1.0+abc 1.0+abc.1 1.0+abc.10 1.0+1 1.0+10 1.0+2.a 1.0+ABC_1-2 1.0+0a 1.0+001
1.0.post1+local 1.0.dev1+local 1.0a. 1.0a.-1 1.0.post. 1.0.dev- 1.0a.post1
1.0a--1 1.0-a-1 99999999999999999999999.1 1.99999999999999999999999
1.0ar1 1.0alpha.rev-2_dev_3+x-y
""".split()

NO_VERSIONS = [
    "", " ", "a", "1.", ".1", "1..0", "1.0.", "1.0+", "1.0++a", "1.0+a..b",
    "1.0+a.", "1.0+_a", "1.0x", "1.0 1", "1,0", "1.0--1", "1.0-", "1.0*",
    "1.*", "!1", "1!", "1!!2", "vv1", "v", "-1", "+1", "1.0a1a2", "1.0dev1a1",
    "1.0.dev1.post1", "1.0post1post2", "1.0alph", "1.0+é", "latest", "==1.0",
]

PINS = [
    "", " ", ",", ">=0.15.0,<0.16.0", ">=0.15.0, <0.16.0", " >= 0.15 ", ">=0.15,",
    ",>=0.15", "~=0.15", "~=0.15.0", "~=1.0a1", "~=1.0.post1", "~=1!1.0",
    "~=1.0.dev1", "==0.15.*", "==1.*", "==1.0.*", "!=1.0.*", "==1!1.*",
    "==1.0.0.0.*", "==v1.*", "==1.0", "==1", "==1.0+abc", "==1.0+ABC-1", "!=1.0",
    "!=1.0+abc", "==1.0a1", "==1.0.post1", "==1.0-1", "<1.0", "<1.0rc1", "<1.0.post1",
    "<1.0.dev1", "<=1.0", "<=1.0a1", ">1.0", ">1.0a1", ">1.0.post1", ">1.0.dev1",
    ">=1.0", ">=1.0rc1", "<1!0", ">=1!0", "===1.0", "===1.0+abc", "===1.0+ABC",
    "=== 1.0", "===1.0a0", "===1.0A0", ">0,<2,!=1.0.*,!=1.1", ">=0.32,<0.33",
    # None of these is a range.
    "1.0", "=1.0", "=>1.0", ">=", "==", "~=1", "~=1.0.*", "~=1.0+abc", ">=1.0.*",
    "<1.0+abc", ">1.0+abc", "<=1.0+abc", ">=1.0+abc", "==1.0a1.*", "==1.0.post1.*",
    "==1.0.dev1.*", "==1.0+abc.*", "==.*", "==*", "== 1.0 .*", ">=1.0 <2.0",
    ">=1.0;<2", "><1", "!1.0", ">=latest", "^1.0", "~1.0", "==1.0 # x", ">=1.0 0",
    "=== 1 0", "==1.*.0", "~=", "===1;0",
]


def random_version(rng):
    text = rng.choice(["", "", "", "1!", "v"])
    text += ".".join(str(rng.choice([0, 1, 2, 10])) for _ in range(rng.randint(1, 3)))
    if rng.random() < 0.4:
        text += rng.choice(["a", "b", "rc", ".a", "-alpha", "_c", "pre"])
        text += rng.choice(["", "1", "2", ".3", "-0"])
    if rng.random() < 0.3:
        text += rng.choice(["-1", ".post", ".post2", "post3", "-r1", ".rev-2"])
    if rng.random() < 0.3:
        text += rng.choice([".dev", ".dev1", "dev2", "-dev.3"])
    if rng.random() < 0.3:
        text += rng.choice(["+a", "+1", "+a.1", "+b-2", "+10", "+2_x"])
    return text


def random_pin(rng):
    clauses = []
    for _ in range(rng.randint(1, 3)):
        operator = rng.choice(["~=", "==", "!=", "<=", ">=", "<", ">", "==="])
        text = random_version(rng)
        if rng.random() < 0.2:
            text += ".*"
        clauses.append(operator + rng.choice(["", " "]) + text)
    return ",".join(clauses)


def normal_form(text):
    try:
        return str(Version(text))
    except InvalidVersion:
        return None


def main():
    rng = random.Random(20240817)
    texts = VERSIONS + NO_VERSIONS + [random_version(rng) for _ in range(150)]
    versions = [[text, normal_form(text)] for text in dict.fromkeys(texts)]
    forms = dict.fromkeys(form for _, form in versions if form is not None)
    ordered = sorted(forms, key=Version)
    ranked = [list(group) for _, group in itertools.groupby(ordered, key=Version)]
    flat = [form for group in ranked for form in group]
    pins = []
    for text in dict.fromkeys(PINS + [random_pin(rng) for _ in range(150)]):
        try:
            pin = SpecifierSet(text)
        except InvalidSpecifier:
            pins.append([text, None])
            continue
        pins.append([text, [i for i, form in enumerate(flat)
                            if pin.contains(form, prereleases=True)]])
    lines = ['"%s": [\n%s\n]' % (name, ",\n".join(
        json.dumps(item, ensure_ascii=False) for item in items))
        for name, items in (("versions", versions), ("ranked", ranked),
                            ("pins", pins))]
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
