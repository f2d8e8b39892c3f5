# SPDX-License-Identifier: MIT
# bantam chat from a pipe: one message a line, the budget, the rules, commands,
# the guard, saving.
. "$(dirname "$0")/harness.sh"

# talk CODES FILE FLAGS...: the lines of FILE as messages.
talk() {
  codes=$1
  lines=$2
  shift 2
  run_with "$lines" "$codes" chat smollm2 --max-tokens 16 --temp 0 "$@"
}

# lines EXPRESSION: Python over `out`, the list of the objects on stdout.
lines() {
  reason=$(python3 - "$dir/out" "$1" 2>&1 <<'PYTHON'
import json
import sys
with open(sys.argv[1], encoding="utf-8") as file:
    out = [json.loads(line) for line in file]
if not eval(sys.argv[2]):
    sys.exit(f"not true: {sys.argv[2]}")
PYTHON
  ) || complain "$reason"
}

# Text: an answer a message, nothing but notes on stderr, no colours.
printf 'My name is Ada.\n\nWhat is the capital of France?\n' >"$dir/in"
talk 0 "$dir/in"
says out 'Paris'
silent err
if grep -q "$(printf '\033')" "$dir/out"; then
  complain "there are escape sequences in a pipe"
fi

# The last line need not end.
printf 'What is the capital of France?' >"$dir/in"
talk 0 "$dir/in"
says out 'Paris'

# JSON: a line an exchange; a later turn reads only what is new.
printf 'Name a colour.\nAnother one?\nAnd a third?\n' >"$dir/in"
talk 0 "$dir/in" --json
lines "len(out) == 3 and out[0]['usage']['cached_tokens'] == 0"
lines "all(b['usage']['cached_tokens'] == a['usage']['prompt_tokens'] +
  a['usage']['completion_tokens'] - 1 for a, b in zip(out, out[1:]))"
lines "[o['session']['exchanges'] for o in out] == [1, 2, 3]"
lines "out[0]['session']['history_limit'] == 10"
lines "out[0]['applied']['chat_history_limit']['from'] == 'default'"
lines "not any(o['session']['events'] for o in out)"

# The limit of exchanges, by the rules.
talk 0 "$dir/in" --json --chat-history-limit 1
lines "[len(o['session']['events']) for o in out] == [0, 1, 1]"
lines "out[2]['session']['exchanges'] == 1"
talk 0 "$dir/in" --json --chat-history-limit 1 --chat-history-rule reset
lines "out[1]['session']['events'][0]['rule'] == 'reset'"
lines "out[1]['session']['exchanges'] == 0"
talk 0 "$dir/in" --chat-history-limit 1 --chat-history-rule summarize
says err 'note: the conversation starts over.*summary'
talk 0 "$dir/in" --json --chat-history-limit 0
lines "all(o['session']['exchanges'] == 0 for o in out)"
lines "not any(o['session']['events'] for o in out)"

# The configuration file of a single-shot setup works as it stands.
cat >"$dir/config.yaml" <<'END'
execution:
  mode: single_shot
  chat_history_limit: 0
END
talk 0 "$dir/in" --json --config "$dir/config.yaml"
lines "out[0]['session']['history_limit'] == 0"
printf 'execution:\n  mode: chat\n' >"$dir/config.yaml"
talk 0 "$dir/in" --config "$dir/config.yaml"
refuses 2 'config.yaml:2.*bantam chat' run hello --config "$dir/config.yaml"
refuses 2 'history-rule.*forget' chat --chat-history-rule forget

# A message that cannot fit: its numbers, before any work; the rest goes on.
python3 -c "print('Hello.'); print('word ' * 300); print('Hello again.')" \
  >"$dir/long"
talk 2 "$dir/long" --json --max-kv-size 200
lines "len(out) == 3 and out[1]['error']['code'] == 'invalid_request'"
lines "'budget is 200' in out[1]['error']['message']"
lines "out[2]['session']['exchanges'] == 2"
printf 'Hello.\na\377b\n' >"$dir/bad"
talk 2 "$dir/bad"
says err 'error: .*UTF-8.*offset 1'

# Commands.
printf '/system Be brief.\nHello.\n/stats\n/nothing\n//help me\n/reset\n' \
  >"$dir/commands"
talk 2 "$dir/commands" --json
lines "out[0] == {'command': '/system', 'system_prompt': 'Be brief.'}"
lines "out[2]['total_exchanges'] == 1 and out[2]['exchanges'] == 1"
lines "'unknown command' in out[3]['error']['message']"
lines "out[4]['session']['exchanges'] == 2 and out[5]['command'] == '/reset'"

# Saved and taken up in another process: the same next answer, from the cache.
printf 'Name a colour.\nAnother one?\n/save %s\nAnd a third?\n' "$dir/s" \
  >"$dir/save"
talk 0 "$dir/save" --json
before=$(tail -1 "$dir/out" | python3 -c "import json, sys
o = json.load(sys.stdin)
print(o['token_ids'], o['usage']['cached_tokens'])")
printf '/load %s\nAnd a third?\n' "$dir/s" >"$dir/load"
talk 0 "$dir/load" --json
after=$(tail -1 "$dir/out" | python3 -c "import json, sys
o = json.load(sys.stdin)
print(o['token_ids'], o['usage']['cached_tokens'])")
[ "$after" = "$before" ] || complain "after /load: $after, not $before"
talk 2 "$dir/load" --max-kv-size 600
says err 'max_kv_size 1024.*600'
printf 'x' | dd of="$dir/s" bs=1 seek=100 conv=notrunc 2>/dev/null
talk 0 "$dir/load"
says err 'it is ignored'

# The last exchange's receipt replays.
talk 0 "$dir/in" --receipt "$dir/receipt.json"
run 0 replay "$dir/receipt.json"
says out 'identical'

# Stopped by the guard: the text is kept, the conversation goes on, and the
# exit code says it at the end.
cat >"$dir/red.jsonl" <<'END'
{"t_s": 0, "pressure": "green"}
{"t_s": 1, "pressure": "red"}
{"t_s": 1.4, "pressure": "green"}
END
cat >"$dir/in" <<'END'
Tell me a very long story about a dragon.
Name a colour.
END
run_with "$dir/in" 5 chat smollm2 --memory-source "replay:$dir/red.jsonl" \
  --json --max-tokens 800 --logit-bias 2=-100 --logit-bias 0=-100
lines "out[0]['finish_reason'] == 'memory' and out[0]['text']"
lines "len(out) == 2 and out[1]['session']['exchanges'] >= 1"

# A budget in the plan is refused like that of a run.
refuses 4 'not started' chat --budget 1MiB
finish
