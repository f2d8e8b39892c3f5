#!/bin/sh
# SPDX-License-Identifier: MIT
# The second test tier: bantam beside independent implementations from PyPI, in
# a Python environment of its own (build/oracle). Runs every tools/check_*.py.
set -eu
cd "$(dirname "$0")/.."

oracle=build/oracle
requirements=tools/oracle-requirements.txt
if ! cmp -s "$requirements" "$oracle/installed"; then
  rm -rf "$oracle"
  python3 -m venv "$oracle"
  "$oracle/bin/pip" install --disable-pip-version-check --progress-bar on \
    --requirement "$requirements"
  cp "$requirements" "$oracle/installed"
fi
python=$oracle/bin/python
model=build/models/smollm2.gguf
failed=

check() {
  echo "--- $*"
  PYTHONDONTWRITEBYTECODE=1 "$python" "$@" || failed="$failed $(basename "$1")"
}

ninja -C build/release
for tool in tools/check_*.py; do
  case $(basename "$tool") in
    check_layers.py) ;; # Part of make test.
    check_mlx_lm.py) ;; # make test-mlx-lm: fetches half a gigabyte.
    check_schema.py) check "$tool" build/bantam ;;
    check_embeddings.py) check "$tool" build/bantam build/models/minilm ;;
    check_index.py) check "$tool" build/bantam ;;
    check_logits.py | check_convert.py)
      check "$tool" $model build/bantam
      ;;
    check_server.py | check_page.py)
      check "$tool" build/bantam $model
      ;;
    check_tokenizer.py)
      for tokenizer in tests/text/golden/*.tokenizer.json; do
        check "$tool" build/release/tests/text/tokenize_main "$tokenizer" \
          --count 500
      done
      ;;
    check_templates.py)
      check "$tool" --render build/release/tests/text/render_main \
        --work build/oracle/templates
      ;;
    *) check "$tool" ;;
  esac
done
if [ -n "$failed" ]; then
  echo "test-oracle: FAILED:$failed" >&2
  exit 1
fi
echo "test-oracle: ok"
