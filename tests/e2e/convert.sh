# SPDX-License-Identifier: MIT
# bantam convert: a GGUF file as a folder in MLX format.
. "$(dirname "$0")/harness.sh"

run 0 convert "$tiny" "$dir/mlx"
silent err
says out 'the same values'
run 0 convert "$tiny" "$dir/again/" --json
silent err
check 'out["files"] == 1 and out["output_bytes"] > out["input_bytes"]
       and out["quantization"]["bits"] == 4
       and out["quantization"]["group_size"] == 32'
for file in model.safetensors config.json tokenizer.json \
  tokenizer_config.json generation_config.json README.md; do
  same "$dir/mlx/$file" "$dir/again/$file"
done
cat "$dir/mlx/config.json" >"$dir/out"
check 'out["quantization"] == out["quantization_config"]
       and out["model_type"] == "llama" and out["rms_norm_eps"] == 1e-05'

# The folder answers like the file.
for model in "$tiny" "$dir/mlx"; do
  run 0 run "$model" 'abc def' --json --temp 0 --max-tokens 24
  field 'out["token_ids"]' >>"$dir/ids"
  echo >>"$dir/ids"
done
[ "$(sort -u "$dir/ids" | wc -l | tr -d ' ')" = 1 ] ||
  complain "the answers differ: $(cat "$dir/ids")"
run 0 convert smollm2 "$dir/smollm2" --json
check 'out["quantization"]["model.embed_tokens"]["bits"] == 8'
for model in smollm2 "$dir/smollm2"; do
  run 0 run "$model" 'What is gravity?' --json --temp 0 --max-tokens 32
  field 'out["token_ids"]' >>"$dir/real"
  echo >>"$dir/real"
done
[ "$(sort -u "$dir/real" | wc -l | tr -d ' ')" = 1 ] ||
  complain "the answers differ: $(cat "$dir/real")"
run 0 inspect "$dir/smollm2" --json
check 'out["supported"] and out["problems"] == []
       and out["parameters"] == 134515008'

# Refusals, before anything is written.
mkdir "$dir/empty"
refuses 2 'mlx: exists already' convert "$tiny" "$dir/mlx"
refuses 2 'exists already' convert "$tiny" "$dir/empty"
refuses 2 'nowhere does not exist' convert "$tiny" "$dir/nowhere/x"
refuses 2 'already.*\.gguf' convert "$folder" "$dir/x"
refuses 3 'nowhere' convert nowhere.gguf "$dir/x"
run 2 convert "$tiny"
# IQ4_NL has blocks of the same size as Q4_0, and no affine equivalent.
python3 - "$tiny" "$dir/iq4.gguf" "$dir/pre.gguf" <<'PYTHON'
import pathlib
import sys
blob = pathlib.Path(sys.argv[1]).read_bytes()
name = b"blk.1.ffn_down.weight"
at = blob.index(name) + len(name) + 4 + 2 * 8
assert blob[at:at + 4] == (2).to_bytes(4, "little")
pathlib.Path(sys.argv[2]).write_bytes(
    blob[:at] + (20).to_bytes(4, "little") + blob[at + 4:])
key = b"tokenizer.ggml.pre"
at = blob.index(key) + len(key) + 4 + 8
pathlib.Path(sys.argv[3]).write_bytes(blob[:at] + b"x" + blob[at + 1:])
PYTHON
refuses 3 "blk.1.ffn_down.weight.*IQ4_NL.*no exact equivalent" \
  convert "$dir/iq4.gguf" "$dir/x"
refuses 3 'pre-tokenizer' convert "$dir/pre.gguf" "$dir/x"
head -c 3000 "$tiny" >"$dir/cut.gguf"
refuses 3 'cut' convert "$dir/cut.gguf" "$dir/x"
[ ! -e "$dir/x" ] || complain "a refused conversion left a folder"
case $(ls "$dir") in *partial*) complain "a passing folder is left" ;; esac

finish
