# SPDX-License-Identifier: MIT
# What ends an answer: its length, stop strings, extra end tokens.
. "$(dirname "$0")/harness.sh"

ask() {
  run 0 run smollm2 'Name the four seasons of the year.' --temp 0 --json "$@"
}

ask --max-tokens 1
check 'out["finish_reason"] == "length" and len(out["token_ids"]) == 1'
ask --max-tokens 24
check 'len(out["token_ids"]) == 24 or out["finish_reason"] == "stop"'
check 'len(out["text"]) > 20'
cp "$dir/out" "$dir/whole"
# A stop string from the middle of the answer, cut across tokens.
stop=$(field 'out["text"][9:14]')

ask --max-tokens 24 --stop "$stop"
check 'out["finish_reason"] == "stop"'
check 'out["text"] == (lambda t: t[:t.index(arg[0])])(
       json.load(open(arg[1], encoding="utf-8"))["text"])' \
  "$stop" "$dir/whole"
field 'out["text"]' >"$dir/short"
run 0 run smollm2 'Name the four seasons of the year.' --temp 0 \
  --max-tokens 24 --stop "$stop"
echo >>"$dir/short"
same "$dir/out" "$dir/short"

# The first of several; one that never comes changes nothing.
ask --max-tokens 24 --stop 'never in there' --stop "$stop"
check 'out["finish_reason"] == "stop"'
check 'arg[0] not in out["text"]' "$stop"
ask --max-tokens 24 --stop 'never in there'
check 'out["text"] == json.load(open(arg[0], encoding="utf-8"))["text"]' \
  "$dir/whole"
# A stop string that is the whole beginning leaves nothing.
first=$(field 'out["text"][:3]')
ask --max-tokens 24 --stop "$first"
check 'out["text"] == "" and out["finish_reason"] == "stop"'

# The end of turn that the model declares is not part of the text.
run 0 run smollm2 'Reply with the single word: yes' --temp 0 --json \
  --max-tokens 200
check '"<|im_end|>" not in out["text"]'

# The seed decides a sampled answer; another seed, another answer.
run 0 run smollm2 'Tell me a story.' --temp 1.5 --seed 1 --max-tokens 24 --json
first=$(field 'out["token_ids"]')
run 0 run smollm2 'Tell me a story.' --temp 1.5 --seed 2 --max-tokens 24 --json
check 'str(out["token_ids"]) != arg[0]' "$first"
# top-k 1 is greedy at any temperature.
ask --max-tokens 24
greedy=$(field 'out["token_ids"]')
run 0 run smollm2 'Name the four seasons of the year.' --temp 1.5 --top-k 1 \
  --seed 5 --max-tokens 24 --json
check 'str(out["token_ids"]) == arg[0]' "$greedy"

finish
