# SPDX-License-Identifier: MIT
# Same input, same bytes: whatever the threads, the chunks and the run.
. "$(dirname "$0")/harness.sh"

story='Once upon a time a lighthouse keeper found a bottle on the beach. In it
was a letter, and the letter began: "Whoever reads this, be quick. The island
is smaller every morning, and the goats have started to complain. What should
we do first?" Answer the letter in two sentences.'

# agree MODEL ARGS...: all ways to run it give the ids of the first.
agree() {
  first=
  for way in '--threads 1' '--threads 2' '--threads 3' '--prefill-chunk 1' \
    '--prefill-chunk 7' '--prefill-chunk 512' \
    '--threads 2 --prefill-chunk 7' ''; do
    # shellcheck disable=SC2086 # words on purpose
    run 0 run "$@" $way --temp 0.8 --seed 7 --json
    ids=$(field 'out["token_ids"]')
    : "${first:=$ids}"
    [ "$ids" = "$first" ] ||
      complain "with '$way' the ids are $ids, before they were $first"
  done
}

agree smollm2 "$story" --max-tokens 24
# A prompt longer than the budget drops the same entries in every way.
agree smollm2 "$story" --max-tokens 12 --max-kv-size 24
agree "$tiny" 'Short words, then more.' --max-tokens 40 --max-kv-size 12
agree "$folder" 'Short words, then more.' --max-tokens 40
agree "$models/llama_mlx_mixed/model" 'Short words.' --max-tokens 40

# Logits, bit for bit. 90 tokens meet a chunk of 7 unevenly.
ids=$(python3 -c 'print(*((i * 37) % 268 + 4 for i in range(90)), sep=",")')
for model in "$tiny" "$folder" "$models/llama_bf16/model" \
  "$models/llama_gguf_q8_0/model.gguf"; do
  run 0 debug logits "$model" --ids "$ids" --chunk 512 --out "$dir/whole.npy"
  for chunk in 1 7 64; do
    run 0 debug logits "$model" --ids "$ids" --chunk $chunk \
      --out "$dir/part.npy"
    same "$dir/whole.npy" "$dir/part.npy"
  done
done

finish
