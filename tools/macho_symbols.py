#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks at the undefined symbols of the Mach-O programs in a folder.

  macho_symbols.py FOLDER

A symbol that no linked library provides was left to run-time lookup. That is
right only for the third-party libraries whose headers alone are there when we
cross-compile, which ALLOWED lists; anything else would fail on a Mac.
Format: Mach-O as in Apple's <mach-o/loader.h> and <mach-o/nlist.h>.
"""

import struct
import sys
from pathlib import Path

# Prefixes of symbols, as in the file (a leading underscore is the platform's).
ALLOWED = {
    "_pcre2_": "PCRE2",
    "_utf8proc_": "utf8proc",
    "_curl_": "libcurl",
    "_EVP_": "OpenSSL",
    "_sqlite3_": "SQLite",
    "__ZN4YAML": "yaml-cpp",
    "__ZNK4YAML": "yaml-cpp",
    "__ZTIN4YAML": "yaml-cpp",
    "__ZTVN4YAML": "yaml-cpp",
    "__ZN3hwy": "Highway",
    "__ZNK3hwy": "Highway",
}

MH_MAGIC_64 = 0xFEEDFACF
LC_SYMTAB = 0x2
N_STAB = 0xE0
N_TYPE = 0x0E
N_UNDF = 0x0
# Library ordinals that name no linked library.
SELF, DYNAMIC_LOOKUP = 0x00, 0xFE
MH_EXECUTE, MH_DYLIB, MH_BUNDLE = 2, 6, 8


def undefined_symbols(data):
    """(name, library ordinal) of each undefined symbol of a linked image."""
    commands, = struct.unpack_from("<I", data, 16)
    at = 32
    for _ in range(commands):
        command, size = struct.unpack_from("<II", data, at)
        if command == LC_SYMTAB:
            symbols, count, strings, _ = struct.unpack_from("<4I", data, at + 8)
            for i in range(count):
                entry = struct.unpack_from("<IBBHQ", data, symbols + 16 * i)
                name_at, kind, _, description, _ = entry
                if kind & N_STAB or kind & N_TYPE != N_UNDF:
                    continue
                start = strings + name_at
                name = data[start : data.index(b"\0", start)].decode()
                yield name, description >> 8
        at += size


def is_linked_image(data):
    if len(data) < 32:
        return False
    magic, _, _, kind = struct.unpack_from("<4I", data)
    return magic == MH_MAGIC_64 and kind in (MH_EXECUTE, MH_DYLIB, MH_BUNDLE)


def main():
    folder = Path(sys.argv[1])
    images = bad = 0
    unprovided = set()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or "CMakeFiles" in path.parts:
            continue
        data = path.read_bytes()
        if not is_linked_image(data):
            continue
        images += 1
        for name, ordinal in undefined_symbols(data):
            if ordinal not in (SELF, DYNAMIC_LOOKUP):
                continue
            unprovided.add(name)
            if not name.startswith(tuple(ALLOWED)):
                print(f"{path}: {name} is provided by no library")
                bad += 1
    if images == 0:
        sys.exit(f"check-macos: no linked Mach-O program in {folder}")
    if bad:
        sys.exit(
            f"check-macos: {bad} undefined symbols that the allow-list of "
            "tools/macho_symbols.py does not name"
        )
    print(
        f"check-macos: ok, {images} programs linked; {len(unprovided)} symbols "
        "left to third-party libraries"
    )


if __name__ == "__main__":
    main()
