# SPDX-License-Identifier: MIT
# bantam ask: the prompt holds what fits, the answer says where it is from.
. "$(dirname "$0")/harness.sh"
export BANTAM_MINILM="$here/../../build/models/minilm"
export XDG_DATA_HOME="$dir/data"
export HOME="$dir"
docs=$dir/docs
mkdir -p "$docs"
printf 'The harbour of Lorient opens at six. Ships wait outside.\n' >"$docs/harbour.txt"
printf '# Cheese\n\nThe dairy in Grenoble makes forty wheels a day.\n' >"$docs/cheese.md"
i=0
while [ $i -lt 8 ]; do
  printf 'Note %s is about the number %s and about nothing else at all, %s\n' \
    $i $i 'though it goes on for a while, to take its place in the prompt.'
  i=$((i + 1))
done >"$docs/numbers.txt"
head -n 4 "$docs/numbers.txt" >"$dir/four.txt"
ask() {
  codes=$1
  shift
  run "$codes" ask "$@" --temp 0 --threads 1 --max-tokens 16 --max-kv-size 280
}

refuses 3 'cannot be opened' ask "When?" --index "$dir/none.db"
ask 0 smollm2 "When does the harbour open?" --docs "$docs" --json
check 'out["sources"][0]["path"].endswith("harbour.txt")'
check 'out["sources"][0]["lines"] == [1, 1] and out["sources"][0]["bytes"] == [0, 56]'
check '[s["number"] for s in out["sources"]] == list(range(1, 1 + len(out["sources"])))'
check 'out["text"] and out["claims"] and out["question"].startswith("When")'
check 'out["claims_without_source"] == sum(not c["supported"] for c in out["claims"])'
check 'out["usage"]["prompt_tokens"] + 16 <= out["memory"]["kv_budget_tokens"]'
field 'out["text"]' >"$dir/text"
# A small context: fewer sources, never more tokens than there are.
check '0 < len(out["sources"]) < 3 and out["hits_left_out"] > 0'
check 'out["usage"]["prompt_tokens"] <= 264 and out["memory"]["kv_dropped_tokens"] == 0'
# The default index was made and is used.
ask 0 "When does the harbour open?"
# What was printed is the answer, sentences without a source marked.
python3 - "$dir/text" "$dir/out" <<'PYTHON' || complain "the printed answer differs"
import sys
text, out = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
shown = out.split("\n\n[")[0]
for mark in (" [no source]", " [no such source]"):
    shown = shown.replace(mark, "")
sys.exit(shown.strip() != text.strip())
PYTHON

refuses 2 'too few' ask "When?" --max-kv-size 100 --max-tokens 80
refuses 2 'no room' ask "When?" --max-kv-size 100 --max-tokens 200
refuses 2 'question is empty' ask " "
refuses 2 'exclude' ask "x" --docs "$docs" --whole "$docs/numbers.txt"
refuses 3 'no such file' ask "x" --docs "$dir/none"

# A whole document, interrupted: what was done is not done again.
whole() {
  codes=$1
  shift
  run "$codes" ask "Which numbers?" --whole "$dir/four.txt" --temp 0 \
    --threads 1 --max-tokens 8 --max-kv-size 220 --progress-file "$dir/p.jsonl" "$@"
}
"$bantam" ask "Which numbers?" --whole "$dir/four.txt" --temp 0 \
  --threads 1 --max-tokens 8 --max-kv-size 220 --progress-file "$dir/p.jsonl" \
  >/dev/null 2>&1 &
pid=$!
tries=0
while [ "$(cat "$dir/p.jsonl" 2>/dev/null | wc -l)" -lt 2 ] &&
  [ $tries -lt 3000 ]; do
  sleep 0.02
  tries=$((tries + 1))
done
kill -9 $pid
wait $pid 2>/dev/null
printf '{"step": "part 9", "te' >>"$dir/p.jsonl" # as a crash leaves it
whole 0 --json
check 'out["whole"]["taken_up"] >= 1'
check 'out["whole"]["steps"] > out["whole"]["taken_up"]'
check 'out["sources"][0]["lines"][0] == 1 and out["sources"][-1]["lines"][1] == 4'
field 'out["text"]' >"$dir/resumed"
[ ! -e "$dir/p.jsonl" ] || complain "the progress file is still there"
whole 0 --json
check 'out["whole"]["taken_up"] == 0'
field 'out["text"]' >"$dir/straight"
same "$dir/resumed" "$dir/straight"
refuses 3 'binary' ask x --whole "$bantam"
finish
