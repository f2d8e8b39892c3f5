# SPDX-License-Identifier: MIT
# The inner steps: tokenize, render, logits.
. "$(dirname "$0")/harness.sh"

# Ids as the PyPI package `tokenizers` gives them for these vocabularies.
text="The then and 123 thing's  héllo"
run 0 debug tokenize "$folder" "$text"
silent err
check 'out["ids"] == [55, 261, 263, 81, 224, 269, 224, 20, 21, 22, 260, 75,
                      271, 10, 86, 224, 224, 75, 131, 106, 79, 79, 82]'
cp "$dir/out" "$dir/ids"
printf '%s' "$text" >"$dir/text"
run 0 debug tokenize "$folder" --file "$dir/text"
same "$dir/out" "$dir/ids"
run 0 debug tokenize "$tiny" "$text"
same "$dir/out" "$dir/ids"
run 0 debug tokenize "$adds_bos" "$text"
check 'out["ids"][0] == 0 and 0 not in out["ids"][1:]'
run 0 debug tokenize "$adds_bos" ''
check 'out["ids"] == [0]'
run 0 debug tokenize "$folder" ''
check 'out["ids"] == []'

# A special token's spelling is that token, unless told otherwise.
run 0 debug tokenize "$folder" 'a<|im_end|>b'
check 'out["ids"] == [68, 2, 69]'
run 0 debug tokenize "$folder" 'a<|im_end|>b' --no-special
check 'len(out["ids"]) == 12 and not set(out["ids"]) & {0, 1, 2, 3}'

# Every character comes back.
sample=$here/../data/sample_text.txt
for model in "$folder" "$tiny" smollm2; do
  run 0 debug tokenize "$model" --file "$sample"
  list=$(field '",".join(map(str, out["ids"]))')
  run 0 debug tokenize "$model" --decode "$list"
  check 'out["text"] == open(arg[0], encoding="utf-8").read()' "$sample"
done
refuses 2 '272' debug tokenize "$folder" --decode 5,272
refuses 2 '-1' debug tokenize "$folder" --decode=-1
refuses 2 'x' debug tokenize "$folder" --decode 5,x
refuses 2,3 'nowhere' debug tokenize "$folder" --file "$dir/nowhere"

# Rendering: the text as it is, no newline added.
cat >"$dir/messages.json" <<'JSON'
[{"role": "system", "content": "Be brief."},
 {"role": "user", "content": "Hé <|im_end|>"}]
JSON
printf '%s\n' '<|im_start|>system' 'Be brief.<|im_end|>' '<|im_start|>user' \
  'Hé <|im_end|><|im_end|>' >"$dir/rendered"
run 0 debug render "$folder" "$dir/messages.json" --no-generation-prompt
same "$dir/out" "$dir/rendered"
printf '%s\n' '<|im_start|>assistant' >>"$dir/rendered"
run 0 debug render "$folder" "$dir/messages.json"
same "$dir/out" "$dir/rendered"
run 0 debug render "$tiny" "$dir/messages.json"
same "$dir/out" "$dir/rendered"

printf '%s' '{{ a }}-{{ messages|length }}-{{ b.c[1] }}' >"$dir/t.jinja"
run 0 debug render "$folder" "$dir/messages.json" --template "$dir/t.jinja" \
  --kwargs '{"a": "x", "b": {"c": [1, 2]}}'
printf 'x-2-2' >"$dir/rendered"
same "$dir/out" "$dir/rendered"
printf '%s' 'ok{{ raise_exception("roles must alternate") }}' >"$dir/t.jinja"
refuses 2 'roles must alternate' debug render "$folder" \
  "$dir/messages.json" --template "$dir/t.jinja"
printf 'one\ntwo {%% nosuchtag %%}' >"$dir/t.jinja"
run 2,3 debug render "$folder" "$dir/messages.json" --template "$dir/t.jinja"
silent out
says err '(line 2|2:[0-9])'
refuses 2 'kwargs|JSON' debug render "$folder" "$dir/messages.json" \
  --kwargs '{"a":'
echo '{"role": 1' >"$dir/broken.json"
refuses 2,3 'broken.json' debug render "$folder" "$dir/broken.json"
echo '{"role": "user", "content": "no list"}' >"$dir/object.json"
refuses 2,3 'object.json|list|array' debug render "$folder" "$dir/object.json"

# Logits: float32 [tokens, vocabulary], equal to the golden ones.
for fixture in llama_gguf_q4_0 llama_mlx_4bit llama_f16; do
  model=$models/$fixture/model
  [ -d "$model" ] || model=$models/$fixture/model.gguf
  ids=$(python3 -c 'import json, sys
print(*json.load(open(sys.argv[1]))["cases"][0]["ids"], sep=",")' \
    "$models/$fixture/golden.json")
  run 0 debug logits "$model" --ids "$ids" --out "$dir/logits.npy"
  reason=$(python3 - "$models/$fixture" "$dir/logits.npy" 2>&1 <<'PYTHON'
import array
import ast
import json
import pathlib
import sys


def read(path):
    blob = pathlib.Path(path).read_bytes()
    if blob[:6] != b"\x93NUMPY":
        sys.exit("not an .npy file")
    wide = blob[6] >= 2
    begin = 12 if wide else 10
    end = begin + int.from_bytes(blob[8:begin], "little")
    header = ast.literal_eval(blob[begin:end].decode().strip())
    if header["descr"] != "<f4" or header["fortran_order"]:
        sys.exit(f"not row-major float32: {header}")
    return header["shape"], array.array("f", blob[end:])


fixture = pathlib.Path(sys.argv[1])
golden = json.loads((fixture / "golden.json").read_text())
shape, expected = read(fixture / golden["cases"][0]["logits"])
found_shape, found = read(sys.argv[2])
if found_shape != shape or len(found) != len(expected):
    sys.exit(f"shape {found_shape}, expected {shape}")
largest = max(map(abs, expected))
worst = max(abs(a - b) for a, b in zip(found, expected)) / largest
if not worst <= golden["tolerance"]:
    sys.exit(f"{worst:.2g} off, {golden['tolerance']} allowed")
PYTHON
  ) || complain "$fixture: $reason"
done

refuses 2 '272' debug logits "$tiny" --ids 5,272 --out "$dir/x.npy"
refuses 2 '-4' debug logits "$tiny" --ids=5,-4 --out "$dir/x.npy"
refuses 2 'x' debug logits "$tiny" --ids 5,x --out "$dir/x.npy"
refuses 2 'chunk' debug logits "$tiny" --ids 5 --chunk 0 --out "$dir/x.npy"
run 2 debug logits "$tiny" --ids '' --out "$dir/x.npy"
[ ! -e "$dir/x.npy" ] || complain "wrong ids left a file behind"
refuses 2,3 'nowhere' debug logits "$tiny" --ids 5 --out "$dir/nowhere/x.npy"

finish
