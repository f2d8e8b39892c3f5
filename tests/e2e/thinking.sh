# SPDX-License-Identifier: MIT
# --thinking and --thinking-budget: reasoning is a field of its own in --json,
# goes to stderr otherwise, and never into the answer.
. "$(dirname "$0")/harness.sh"

model=$dir/model
cp -r "$models/qwen3_5_mlx_mixed/model" "$model"
cat >"$model/chat_template.jinja" <<'END'
{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}
{%- endfor %}
{{- '<|im_start|>assistant\n' }}
{%- if enable_thinking %}{{- '<think>\n' }}
{%- else %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
END

run 0 run "$model" 'hello' --max-tokens 30 --temp 0 --json
check 'out["reasoning"] == "" and out["text"]'
check 'out["usage"]["reasoning_tokens"] == 0'
check 'out["applied"]["thinking"]["value"] is False'

run 0 run "$model" 'hello' --max-tokens 30 --temp 0 --json --thinking \
  --thinking-budget 6
silent err
check 'out["reasoning"] and out["text"]'
check '"think>" not in out["reasoning"] + out["text"]'
check 'out["usage"]["reasoning_tokens"] == 6'
check 'len(out["token_ids"]) <= 30'
field 'out["text"]' >"$dir/text"
field 'out["reasoning"]' >"$dir/reasoning"

run 0 run "$model" 'hello' --max-tokens 30 --temp 0 --thinking \
  --thinking-budget 6
echo >>"$dir/text"
same "$dir/out" "$dir/text"
python3 - "$dir/reasoning" "$dir/err" <<'PYTHON' || complain "no reasoning"
import sys
reasoning, err = (open(name, "rb").read() for name in sys.argv[1:])
sys.exit(reasoning not in err)
PYTHON

# A receipt holds the budget.
run 0 run "$model" 'hello' --max-tokens 30 --temp 0 --thinking \
  --thinking-budget 6 --receipt "$dir/receipt.json" --json
run 0 replay "$dir/receipt.json"
says out '^identical'

run 0 run "$model" 'hello' --max-tokens 5 --temp 0 --thinking
says err 'there is no answer'
refuses 2 '--thinking-budget' run "$model" 'x' --thinking-budget -2
refuses 2 '--thinking-budget' run "$model" 'x' --ignore-chat-template \
  --thinking-budget 3
finish
