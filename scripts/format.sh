#!/bin/sh
# SPDX-License-Identifier: MIT
# Formats the C++ files of the tree with the clang-format that pins.txt names
# (what a system brings formats differently): scripts/format.sh [--check]
set -eu
cd "$(dirname "$0")/.."

python3 scripts/fetch.py unpack clang-format build/tools/clang-format
formatter=build/tools/clang-format/clang_format/data/bin/clang-format
"$formatter" --version
mode=-i
[ "${1:-}" = --check ] && mode="--dry-run --Werror"
files=$(find src include tests tools fuzz benchmarks examples \
  -type f \( -name '*.h' -o -name '*.cpp' \) 2>/dev/null | sort)
# No file name in the tree holds a space.
# shellcheck disable=SC2086
if ! "$formatter" $mode --style=file $files; then
  echo "check-format: some files differ; run make format" >&2
  exit 1
fi
echo "check-format: $(echo "$files" | wc -l | tr -d ' ') files ok"
