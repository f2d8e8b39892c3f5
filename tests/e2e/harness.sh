# SPDX-License-Identifier: MIT
# Sourced by every end-to-end test, which is called as
#   sh TEST.sh PROGRAM SCRATCH_FOLDER
# A failed expectation is printed with the command and its output; the test
# goes on and `finish` exits 1.
set -u
export PYTHONUTF8=1
bantam=$1
dir=$2
here=$(cd "$(dirname "$0")" && pwd)
models=$here/../models
rm -rf "$dir"
mkdir -p "$dir"
failures=0
command_line=

# Tiny random models: context 256, 272 tokens, no BOS in the first two.
tiny=$models/llama_gguf_q4_0/model.gguf
folder=$models/llama_mlx_3bit/model
adds_bos=$models/llama_mlx_4bit/model

complain() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n  command: %.300s\n' "$1" "$command_line"
  printf '  stdout: %s\n' "$(head -c 600 "$dir/out")"
  printf '  stderr: %s\n' "$(head -c 600 "$dir/err")"
}

# run CODES ARGS...: CODES is one exit code or several as 2,3.
run() { run_with /dev/null "$@"; }

# run_with FILE CODES ARGS...: the same with FILE as standard input.
run_with() {
  input=$1
  expected=$2
  shift 2
  command_line="bantam $*"
  "$bantam" "$@" <"$input" >"$dir/out" 2>"$dir/err"
  code=$?
  case ",$expected," in
    *",$code,"*) ;;
    *) complain "exit code $code, expected $expected" ;;
  esac
}

# says out|err REGEX: the stream has a line that matches (case ignored).
says() {
  grep -Eiq -e "$2" "$dir/$1" || complain "std$1 does not say '$2'"
}

silent() {
  [ ! -s "$dir/$1" ] || complain "std$1 is not empty"
}

one_line() {
  [ "$(wc -l <"$dir/$1" | tr -d ' ')" = 1 ] ||
    complain "std$1 is not one line"
}

# refuses CODES REGEX ARGS...: nothing on stdout, one line on stderr that
# matches REGEX.
refuses() {
  codes=$1
  regex=$2
  shift 2
  run "$codes" "$@"
  silent out
  one_line err
  says err "$regex"
}

same() {
  cmp -s "$1" "$2" || complain "$1 and $2 differ"
}

# check EXPRESSION: Python, over `out` (the one JSON object on stdout) and
# `arg` (further arguments).
check() {
  expression=$1
  shift
  reason=$(python3 - "$dir/out" "$expression" "$@" 2>&1 <<'PYTHON'
import json
import re
import sys
arg = sys.argv[3:]
with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
try:
    out = json.loads(text)
except ValueError as error:
    sys.exit(f"stdout is not one JSON value: {error}")
if not isinstance(out, dict):
    sys.exit("stdout is not a JSON object")
if not eval(f"({sys.argv[2]})"):
    sys.exit(f"not true: {sys.argv[2]}")
PYTHON
  ) || complain "$reason"
}

# field EXPRESSION: prints a part of the JSON object on stdout.
field() {
  python3 -c "import json, sys
out = json.load(open(sys.argv[1], encoding='utf-8'))
sys.stdout.write(str($1))" "$dir/out"
}

finish() {
  if [ "$failures" -gt 0 ]; then
    printf '%s expectations failed\n' "$failures"
    exit 1
  fi
  exit 0
}
