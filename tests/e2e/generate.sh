# SPDX-License-Identifier: MIT
# `generate` takes the flags of mlx_lm.generate: each is honoured, or an error
# that names it.
. "$(dirname "$0")/harness.sh"

run 0 run "$tiny" 'hello there' --max-tokens 10 --temp 0
cp "$dir/out" "$dir/expected"
run 0 generate --model "$tiny" --prompt 'hello there' --max-tokens 10 \
  --temp 0 --verbose False
same "$dir/out" "$dir/expected"
# The short forms, and standard input.
run 0 generate --model "$tiny" -p 'hello there' -m 10 --temp 0 --verbose False
same "$dir/out" "$dir/expected"
printf 'hello there' >"$dir/prompt"
run_with "$dir/prompt" 0 generate --model "$tiny" --prompt - -m 10 --temp 0 \
  --verbose False
same "$dir/out" "$dir/expected"
# With more words around it, the answer is still on stdout.
run 0 generate --model "$tiny" --prompt 'hello there' --max-tokens 10 --temp 0
python3 - "$dir/expected" "$dir/out" <<'PYTHON' ||
import sys
expected, out = (open(name, "rb").read() for name in sys.argv[1:])
sys.exit(0 if expected.rstrip(b"\n") in out else 1)
PYTHON
  complain "the answer is not on stdout"

# Honoured flags.
honours() {
  run 0 generate --model "$tiny" --prompt 'hello there' -m 4 "$@"
  [ -s "$dir/out" ] || complain "no answer"
}
honours --temp 0.7 --top-p 0.9 --top-k 20 --min-p 0.05 --seed 3
honours --system-prompt 'Be brief.'
honours --max-kv-size 64
honours --ignore-chat-template
honours --chat-template-config '{"enable_thinking": false}'
honours --prefill-response 'Well, '
honours --extra-eos-token '<|endoftext|>'
honours --extra-eos-token '<|endoftext|>' '<|pad|>' --temp 0

# An end token of the caller's ends the answer before it.
run 0 run "$tiny" 'hello there' --max-tokens 10 --temp 0 --json
third=$(field 'out["token_ids"][2]')
before=$(field 'out["token_ids"].index(out["token_ids"][2])')
run 0 generate --model "$tiny" --prompt 'hello there' -m 10 --temp 0 --json \
  --extra-eos-token "$third"
check 'out["finish_reason"] == "stop"'
check 'int(arg[0]) <= len(out["token_ids"]) <= int(arg[0]) + 1' "$before"

# mlx_lm turns a written \n and \t into the characters.
printf 'one\ntwo\tthree' >"$dir/prompt"
run_with "$dir/prompt" 0 generate --model "$tiny" --prompt - -m 10 --temp 0
cp "$dir/out" "$dir/expected"
run_with "$dir/prompt" 0 generate --model "$tiny" --json --prompt - -m 10 \
  --temp 0
tokens=$(field 'out["usage"]["prompt_tokens"]')
run 0 generate --model "$tiny" --prompt 'one\ntwo\tthree' -m 10 --temp 0 --json
check 'out["usage"]["prompt_tokens"] == int(arg[0])' "$tokens"

# Done as asked, or refused by name: never ignored.
honoured_or_named() {
  flag=$1
  run 0,2,3 generate --model "$tiny" --prompt hi -m 2 "$@"
  if [ "$code" != 0 ]; then
    silent out
    says err "$flag"
  fi
}
honoured_or_named --adapter-path "$dir/nowhere"
[ "$code" != 0 ] || complain "--adapter-path of a missing folder was ignored"
honoured_or_named --draft-model "$dir/nowhere"
[ "$code" != 0 ] || complain "--draft-model of a missing model was ignored"
honoured_or_named --num-draft-tokens 3
honoured_or_named --kv-bits 4
honoured_or_named --kv-group-size 64
honoured_or_named --quantized-kv-start 10
honoured_or_named --xtc-probability 0.5
honoured_or_named --xtc-threshold 0.1
honoured_or_named --min-tokens-to-keep 2
honoured_or_named --prompt-cache-file "$dir/nowhere.safetensors"
[ "$code" != 0 ] || complain "a missing --prompt-cache-file was ignored"
honoured_or_named --quantize-activations
run 2 generate --model "$tiny" --prompt hi -m 2 -qa
silent out
says err '(-q|--quantize-activations)'
honoured_or_named --trust-remote-code
honoured_or_named --use-default-chat-template

finish
