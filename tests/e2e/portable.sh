# SPDX-License-Identifier: MIT
# Kernels without an instruction set give the bits of the native ones, and a
# receipt says which were used.
. "$(dirname "$0")/harness.sh"

export XDG_CACHE_HOME=$dir/cache
kernels_of() {
  python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["environment"]["kernels"])' "$1"
}

ids=$(python3 -c 'print(*((i * 37) % 268 + 4 for i in range(40)), sep=",")')
for model in "$tiny" "$folder" "$models/llama_bf16/model" \
  "$models/qwen3_5_moe_gguf/model.gguf" "$models/gemma3_mlx_mixed/model" \
  "$models/qwen3_next_mlx/model"; do
  for kernels in native portable; do
    run 0 debug logits "$model" --ids "$ids" --kernels $kernels \
      --out "$dir/$kernels.npy"
  done
  same "$dir/native.npy" "$dir/portable.npy"
done

for kernels in native portable; do
  run 0 run smollm2 'Name three colours.' --kernels $kernels --max-tokens 8 \
    --seed 3 --temp 0.8 --receipt "$dir/$kernels.json" --json
  cp "$dir/out" "$dir/$kernels.out"
done
[ "$(kernels_of "$dir/portable.json")" = portable ] ||
  complain "the receipt does not say portable"
[ "$(kernels_of "$dir/native.json")" != portable ] ||
  complain "native kernels are the portable ones"
python3 - "$dir" <<'PYTHON' || complain "native and portable answers differ"
import json, sys
a, b = (json.load(open(f"{sys.argv[1]}/{k}.out")) for k in ("native", "portable"))
assert a["token_ids"] == b["token_ids"]
PYTHON
run 0 replay "$dir/portable.json" --json
check "out['identical'] and out['changes'] == []"
finish
