# SPDX-License-Identifier: MIT
# Keys and values in 8 and 4 bits: what they take, the same bytes whatever the
# threads and chunks, and what cannot be done.
. "$(dirname "$0")/harness.sh"

prompt='A lighthouse keeper found a bottle on the beach. In it was a letter that
began: "Whoever reads this, be quick." Answer the letter in two sentences.'

# 30 layers, 3 heads of 64, keys and values; a scale and an offset for 32.
run 0 plan smollm2 --json
check "out['kv_bytes'] == 1024 * 30 * 3 * 2 * 128"
run 0 plan smollm2 --json --kv-bits 8
check "out['kv_bytes'] == 1024 * 30 * 3 * 2 * (64 + 8)"
run 0 plan smollm2 --json --kv-bits 4
check "out['kv_bytes'] == 1024 * 30 * 3 * 2 * (32 + 8)"

# What plan offers is what run does, within the budget.
run 4 plan smollm2 --json --budget 153MB
check "[o['command'] for o in out['options']
        if o['option'] == 'quantized_kv'] == ['--kv-bits 4']"
run 0 run smollm2 "$prompt" --budget 153MB --kv-bits 4 --max-tokens 8 --json
check "out['memory']['planned_bytes'] <= 153_000_000
       and out['memory']['peak_bytes'] <= 153_000_000"
check "out['applied']['kv_bits']['value'] == 4"

# agree BITS ARGS...: all ways to run it give the ids of the first.
agree() {
  first=
  for way in '--threads 1' '--threads 2' '--prefill-chunk 1' \
    '--threads 3 --prefill-chunk 7'; do
    # shellcheck disable=SC2086 # words on purpose
    run 0 run smollm2 "$prompt" "$@" $way --temp 0.8 --seed 7 --json
    ids=$(field 'out["token_ids"]')
    : "${first:=$ids}"
    [ "$ids" = "$first" ] ||
      complain "with '$way' the ids are $ids, before they were $first"
  done
}
agree --kv-bits 8 --max-tokens 16
agree --kv-bits 4 --max-tokens 16
agree --kv-bits 8 --max-tokens 12 --max-kv-size 24
agree --kv-bits 4 --max-tokens 12 --max-kv-size 24

# Peak and plan of a full cache.
words=$(python3 -c 'print("word " * 1100)')
for bits in 16 8 4; do
  run 0 run smollm2 "$words" --ignore-chat-template --max-tokens 8 --json \
    --kv-bits $bits
  check "abs(out['memory']['peak_bytes'] / out['memory']['planned_bytes'] - 1)
         < 0.05"
done

# A receipt knows the bits; one from before they were there means 16.
export XDG_CACHE_HOME=$dir/cache
run 0 run smollm2 "$prompt" --kv-bits 4 --max-tokens 12 \
  --receipt "$dir/packed.json"
run 0 replay "$dir/packed.json" --json
check "out['identical']"
run 0 run smollm2 "$prompt" --max-tokens 12 --receipt "$dir/plain.json"
python3 - "$dir/plain.json" <<'PYTHON' || complain "no kv_bits in the receipt"
import json, sys
receipt = json.load(open(sys.argv[1]))
assert receipt["settings"].pop("kv_bits") == 16
json.dump(receipt, open(sys.argv[1], "w"))
PYTHON
run 0 replay "$dir/plain.json" --json
check "out['identical']"

# Stock MLX operations, a hybrid model too.
for model in "$models/llama_mlx_mixed/model" \
  "$models/qwen3_5_mlx_mixed/model"; do
  for bits in 8 4; do
    run 0 run "$model" 'Short words.' --kernels mlx --kv-bits $bits \
      --ignore-chat-template --max-tokens 8 --json
    check "len(out['token_ids']) == 8 or out['finish_reason'] == 'stop'"
  done
done

# Heads of 16 do not divide into groups.
refuses 3 '--kv-bits 8.*groups of 32.*heads of 16' run "$folder" hi --kv-bits 8
refuses 3 '--kv-bits 4' plan "$folder" --kv-bits 4
run 4 plan "$folder" --json --budget 1MB
check "all(o['option'] != 'quantized_kv' for o in out['options'])"
finish
