# SPDX-License-Identifier: MIT
# Receipts: a run proves that it can be run again.
. "$(dirname "$0")/harness.sh"

export XDG_CACHE_HOME=$dir/cache
run 0 run smollm2 "Name three colours." --temp 0.8 --seed 7 --max-tokens 24 \
  --stop zzz --logit-bias 5=-1 --receipt "$dir/receipt.json" --json
cp "$dir/out" "$dir/answer.json"
python3 - "$dir" <<'PYTHON' || complain "the receipt is wrong"
import hashlib, json, sys
answer = json.load(open(sys.argv[1] + "/answer.json"))
receipt = json.load(open(sys.argv[1] + "/receipt.json"))
assert receipt["token_ids"] == answer["token_ids"]
assert len(receipt["prompt_ids"]) == answer["usage"]["prompt_tokens"]
assert receipt["text_sha256"] == hashlib.sha256(answer["text"].encode()).hexdigest()
assert receipt["environment"]["model_sha256"] == answer["model"]["sha256"]
assert receipt["settings"]["seed"] == 7 and receipt["settings"]["temp"] == 0.8
assert receipt["memory"]["planned_bytes"] == answer["memory"]["planned_bytes"]
PYTHON
run 0 replay "$dir/receipt.json"
says out 'identical: [0-9]+ tokens'
run 0 replay "$dir/receipt.json" --json
check "out['identical'] and out['first_difference'] is None"
[ -s "$dir/cache/bantam/sha256.json" ] || complain "no digest was kept"

# The digest is of the real bytes.
cp "$tiny" "$dir/model.gguf"
run 0 run "$dir/model.gguf" abc --ignore-chat-template --max-tokens 4 \
  --receipt "$dir/tiny.json"
[ "$(sha256sum "$tiny" | cut -d ' ' -f 1)" = \
  "$(python3 -c "import json; print(json.load(open('$dir/tiny.json'))['environment']['model_sha256'])")" ] ||
  complain "the model's digest is not sha256sum's"

# Another model in its place: refused, named, and run when asked to.
cp "$models/llama_gguf_q8_0/model.gguf" "$dir/model.gguf"
refuses 3 'another model' replay "$dir/tiny.json"
run 0,3 replay "$dir/tiny.json" --anyway
says err 'model: [0-9a-f]{64} then, [0-9a-f]{64} now'

# A receipt of another answer: the first token that differs.
edit() {
  python3 - "$dir/receipt.json" "$dir/edited.json" "$1" <<'PYTHON'
import json, sys
receipt = json.load(open(sys.argv[1]))
exec(sys.argv[3])
json.dump(receipt, open(sys.argv[2], "w"))
PYTHON
}
edit 'receipt["token_ids"][3] += 1'
run 1 replay "$dir/edited.json" --json
check "not out['identical'] and out['first_difference'] == 3"
check "out['token_then'] == out['token_now'] + 1"
edit 'receipt["environment"]["bantam"] = "0.0.1"'
refuses 3 'bantam: 0.0.1 then' replay "$dir/edited.json"
run 0 replay "$dir/edited.json" --anyway

for change in 'del receipt["settings"]' 'del receipt["settings"]["seed"]' \
  'receipt["settings"]["temp"] = "hot"' 'receipt["settings"]["new"] = 1' \
  'receipt["format"] = 99' 'receipt["token_ids"] = [1, "x"]' \
  'receipt["settings"]["device"] = "tpu"'; do
  edit "$change"
  refuses 2 'edited.json' replay "$dir/edited.json"
done
printf '{"format": 1' >"$dir/edited.json"
refuses 2 'edited.json' replay "$dir/edited.json"
refuses 2,3 'nowhere.json' replay "$dir/nowhere.json"
refuses 2 'folder.json' run smollm2 hi --receipt "$dir/no/folder.json"
finish
