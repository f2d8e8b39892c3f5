# SPDX-License-Identifier: MIT
# Wrong usage: exit code 2, nothing on stdout, the flag and the nearest valid
# one named.
. "$(dirname "$0")/harness.sh"

# misspelt WRONG RIGHT ARGS...
misspelt() {
  wrong=$1
  right=$2
  shift 2
  run 2 "$@"
  silent out
  says err "$wrong"
  says err "$right"
}

misspelt --max-tokns --max-tokens run "$tiny" hi --max-tokns 5
misspelt --temprature --temp run "$tiny" hi --temprature 0.5
misspelt --topp --top-p run "$tiny" hi --topp=0.5
misspelt --jsn --json run "$tiny" hi --jsn
misspelt --max-kv-sise --max-kv-size generate --model "$tiny" --prompt hi \
  --max-kv-sise 64
misspelt --chunks --chunk debug logits "$tiny" --ids 1 --out "$dir/x.npy" \
  --chunks 2
misspelt inspcet inspect inspcet "$tiny"
misspelt genrate generate genrate --model "$tiny"
misspelt tokenise tokenize debug tokenise "$tiny" hi

# wrong_value FLAG VALUE
wrong_value() {
  run 2 run "$tiny" hi --max-tokens 2 "$1" "$2"
  silent out
  says err "$1"
}

wrong_value --temp warm
wrong_value --temp -1
wrong_value --temp nan
wrong_value --temp 0.5x
wrong_value --top-p 1.5
wrong_value --top-p -0.1
wrong_value --top-k -1
wrong_value --top-k 2.5
wrong_value --min-p 2
wrong_value --repetition-penalty -1
wrong_value --seed abc
wrong_value --max-tokens many
wrong_value --max-tokens -3
wrong_value --max-tokens 99999999999999999999
wrong_value --max-kv-size 2
wrong_value --max-kv-size -1
wrong_value --prefill-chunk 0
wrong_value --prefill-chunk -7
wrong_value --threads -2
wrong_value --threads two
wrong_value --kernels fast
wrong_value --device tpu
wrong_value --chat-template-config '{"a":'
wrong_value --chat-template-config '[1]'

# A flag without its value, one argument too many, none at all.
run 2 run "$tiny" hi --max-tokens
silent out
says err --max-tokens
run 2 run "$tiny" hi there
silent out
run 2 run
silent out
run 2 debug logits "$tiny" --out "$dir/x.npy"
silent out
says err --ids
run 2 generate --model "$tiny" --prompt
silent out
says err --prompt

finish
