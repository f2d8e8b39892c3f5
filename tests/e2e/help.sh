# SPDX-License-Identifier: MIT
# Help goes to stdout, ends with exit code 0 and names what there is.
. "$(dirname "$0")/harness.sh"

run 0 --help
silent err
for command in run generate inspect debug; do
  says out "(^|[^a-z])$command([^a-z]|\$)"
done

run 0 run --help
silent err
for flag in --json --max-tokens --temp --top-p --top-k --min-p \
  --repetition-penalty --presence-penalty --frequency-penalty --seed --stop \
  --system-prompt --max-kv-size --threads --prefill-chunk --kernels \
  --ignore-chat-template --chat-template-config; do
  says out "$flag([^a-z-]|\$)"
done

run 0 generate --help
silent err
for flag in --model --prompt --max-tokens --temp --top-p --min-p --top-k \
  --seed --max-kv-size --extra-eos-token --system-prompt --prefill-response \
  --ignore-chat-template --chat-template-config --verbose; do
  says out "$flag([^a-z-]|\$)"
done

run 0 inspect --help
says out '--json'
run 0 debug --help
for step in tokenize render logits; do
  says out "$step"
done
run 0 debug tokenize --help
says out '--no-special'
says out '--decode'
run 0 debug render --help
says out '--template'
says out '--kwargs'
says out '--no-generation-prompt'
run 0 debug logits --help
says out '--ids'
says out '--chunk'
says out '--out'

finish
