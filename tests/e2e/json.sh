# SPDX-License-Identifier: MIT
# `run`: plain text and --json as DESIGN fixes them, stdin, budgets.
. "$(dirname "$0")/harness.sh"

run 0 run "$tiny" 'hello there' --max-tokens 12 --temp 0 --json
silent err
check 'set(out) >= {"text", "token_ids", "finish_reason", "usage", "timing",
                    "memory", "applied", "model"}'
check 'set(out["usage"]) >= {"prompt_tokens", "completion_tokens"}'
check 'set(out["timing"]) >= {"load_s", "prefill_s", "decode_s",
       "prefill_tps", "decode_tps", "first_token_s"}'
check 'set(out["memory"]) >= {"planned_bytes", "peak_bytes", "budget_bytes",
       "kv_budget_tokens", "kv_dropped_tokens", "pressure_max",
       "swap_growth_bytes"}'
check 'set(out["model"]) >= {"name", "sha256", "family", "bits_per_weight"}'
check 'out["model"]["family"] == "llama"'
check '4.0 < out["model"]["bits_per_weight"] < 6.0'
check 'out["finish_reason"] in ("stop", "length")'
check 'out["usage"]["completion_tokens"] == len(out["token_ids"]) <= 12'
check 'all(0 <= i < 272 for i in out["token_ids"])'
check 'out["usage"]["prompt_tokens"] > 12'
check 'out["memory"]["kv_budget_tokens"] == 1024'
check 'out["memory"]["kv_dropped_tokens"] == 0'
check 'out["memory"]["planned_bytes"] > 0 < out["memory"]["peak_bytes"]'
check 'all(v >= 0 for v in out["timing"].values() if v is not None)'
field 'out["text"]' >"$dir/text"
ids=$(field 'out["token_ids"]')

# The same as plain text: the answer and a newline, nothing on stderr.
run 0 run "$tiny" 'hello there' --max-tokens 12 --temp 0
silent err
echo >>"$dir/text"
same "$dir/out" "$dir/text"

# The text is what the ids spell.
list=$(printf '%s' "$ids" | tr -d '[] ')
run 0 debug tokenize "$tiny" --decode "$list"
check 're.sub(r"<\|(endoftext|im_start|im_end|pad)\|>", "", out["text"])
       + "\n" == open(arg[0], encoding="utf-8", newline="").read()' "$dir/text"

# The prompt from standard input, with and without a newline at its end.
printf 'hello there' >"$dir/prompt"
run_with "$dir/prompt" 0 run "$tiny" - --max-tokens 12 --temp 0
same "$dir/out" "$dir/text"

# A hard budget: what was dropped is counted.
run 0 run "$tiny" 'a prompt of some length, more than the budget' \
  --max-tokens 20 --temp 0 --max-kv-size 16 --json
check 'out["memory"]["kv_budget_tokens"] == 16'
check 'out["memory"]["kv_dropped_tokens"] in
       [out["usage"]["prompt_tokens"] + len(out["token_ids"]) - 16 - n
        for n in (0, 1)]'

# Settings, and where each came from.
run 0 run "$tiny" hi --max-tokens 3 --temp 0.5 --seed 11 --json
check 'all(v in json.dumps(out["applied"]) for v in ("11", "0.5", "3"))'

# Every format of weights answers.
for fixture in "$models"/llama_*; do
  model=$fixture/model
  [ -d "$model" ] || model=$fixture/model.gguf
  run 0 run "$model" 'one two' --max-tokens 4 --temp 0 --json
  check '1 <= len(out["token_ids"]) <= 4'
done

run 0 inspect "$tiny"
says out 'llama'
says out 'Q4_0'
run 0 inspect "$tiny" --json
check '"llama" in json.dumps(out)'
run 0 inspect "$folder"
says out '3[- ]?bit|affine'

finish
