# SPDX-License-Identifier: MIT
# Prompts that cannot be answered: exit code 2 and why.
. "$(dirname "$0")/harness.sh"

# Invalid UTF-8 is named with its byte offset, wherever it comes from.
invalid=$(printf 'ab\303\251\377cd')
refuses 2 'utf-?8.*(byte|offset)[^0-9]*4([^0-9]|$)' run "$tiny" "$invalid"
refuses 2 'utf-?8.*(byte|offset)[^0-9]*4([^0-9]|$)' \
  generate --model "$tiny" --prompt "$invalid"
refuses 2 'utf-?8.*(byte|offset)[^0-9]*4([^0-9]|$)' \
  run "$tiny" hi --system-prompt "$invalid"
refuses 2 'utf-?8.*(byte|offset)[^0-9]*4([^0-9]|$)' \
  debug tokenize "$tiny" "$invalid"
printf 'good line\n\355\240\200' >"$dir/surrogate"
run_with "$dir/surrogate" 2 run "$tiny" -
silent out
says err 'utf-?8.*(byte|offset)[^0-9]*10([^0-9]|$)'
printf 'cut off: \342\202' >"$dir/cut"
run_with "$dir/cut" 2 run "$tiny" -
silent out
says err 'utf-?8.*(byte|offset)[^0-9]*9([^0-9]|$)'

# Longer than the context of 256: both numbers. No merge joins "z".
long=$(head -c 300 /dev/zero | tr '\0' z)
refuses 2 '300.*256|256.*300' run "$tiny" "$long" --ignore-chat-template
refuses 2 '300.*256|256.*300' run "$folder" "$long" --ignore-chat-template
refuses 2 '256' run "$tiny" "$long"
refuses 2 '256' generate --model "$tiny" --prompt "$long"
# A KV budget smaller than the prompt is no reason to refuse.
short=$(head -c 100 /dev/zero | tr '\0' z)
run 0 run "$tiny" "$short" --ignore-chat-template --max-kv-size 16 \
  --max-tokens 2 --temp 0

# Nothing to read at all: no template, no BOS.
refuses 2 'empty|no token|nothing' run "$tiny" '' --ignore-chat-template
run_with /dev/null 2 run "$tiny" - --ignore-chat-template
silent out
run_with /dev/null 2 run "$tiny" -
silent out
says err 'empty'

finish
