# SPDX-License-Identifier: MIT
# A short form of benchmarks/chat_200.py: flat memory, announced trims, the
# answers of fresh runs.
. "$(dirname "$0")/harness.sh"
command_line="benchmarks/chat_200.py"
: >"$dir/err"
python3 "$here/../../benchmarks/chat_200.py" "$bantam" --exchanges 24 \
  --budget 320 --points 2 --max-tokens 24 >"$dir/out" 2>"$dir/err" ||
  complain "a long conversation"
check "out['announcements'] > 5 and out['replayed_identical'] == 2"
finish
