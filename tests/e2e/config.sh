# SPDX-License-Identifier: MIT
# Settings from a file, the environment and flags: which wins, what `applied`
# says, and what is refused, with its place.
. "$(dirname "$0")/harness.sh"
guide=$here/../../examples/inference_config.yaml

# The guide's file as it stands.
run 0 run --config "$guide" --model smollm2 --framework bantam --json \
  --max-tokens 8 'What is gravity?'
check 'out["text"] and out["usage"]["completion_tokens"] <= 8'
check 'out["applied"]["temp"] == {"value": 0.1, "from": arg[0] + ":9"}' "$guide"
check 'out["applied"]["max_kv_size"] == {"value": 1024, "from": arg[0] + ":11"}' \
  "$guide"
check 'out["applied"]["max_tokens"] == {"value": 8, "from": "flag"}'
check 'out["applied"]["framework"] == {"value": "bantam", "from": "flag"}'
check 'out["applied"]["model"] == {"value": "smollm2", "from": "flag"}'
check 'out["applied"]["abort_on_swap"]["value"] is True'
check 'out["applied"]["version_pin"]["set_aside"]["value"] == ">=0.15.0,<0.16.0"'
check 'any("set aside" in note for note in out["notes"])'
run 0 run --config "$guide" --model smollm2 --framework bantam --max-tokens 8 \
  'What is gravity?'
says err 'note: .*>=0.15.0,<0.16.0.*mlx-lm.*set aside'
# Its own framework is mlx-lm, of a version without --max-kv-size.
refuses 2 'yaml:7: .*>=0.15.0,<0.16.0.*--max-kv-size came with 0.17.0.*>=0.21' \
  run --config "$guide" 'What is gravity?'
refuses 2 '0.17.0' run --config "$guide" --framework mlx-lm 'What is gravity?'
run 3 run --config "$guide" --version-pin '>=0.32,<0.33' hi
# Its model is on no machine of ours: both names are in the message.
run 3 run --config "$guide" --framework bantam 'What is gravity?'
says err '/models/qwen3.6-27b-mlx-3bit.*Qwen/Qwen3.6-27B-MLX-3bit'

# Default < file < environment < flag.
cat >"$dir/c.yaml" <<YAML
# a comment
model:
  local_path: "$tiny"
  repository: "nobody/nothing"
sampling:
  max_tokens: 3
  top_k: 5
  seed: 7
  temperature: 0.5
output:
  json: true
YAML
run 0 run --config "$dir/c.yaml" hi
check 'len(out["token_ids"]) <= 3'
check 'out["applied"]["model"] == {"value": arg[0], "from": arg[1] + ":3"}' \
  "$tiny" "$dir/c.yaml"
check 'out["applied"]["seed"] == {"value": 7, "from": arg[0] + ":8"}' \
  "$dir/c.yaml"
check 'out["applied"]["min_p"] == {"value": 0.0, "from": "default"}'
BANTAM_SAMPLING_MAX_TOKENS=2 BANTAM_SAMPLING_TOP_K=6
export BANTAM_SAMPLING_MAX_TOKENS BANTAM_SAMPLING_TOP_K
run 0 run --config "$dir/c.yaml" hi --top-k 9
check 'len(out["token_ids"]) <= 2'
check 'out["applied"]["max_tokens"] ==
       {"value": 2, "from": "env BANTAM_SAMPLING_MAX_TOKENS"}'
check 'out["applied"]["top_k"] == {"value": 9, "from": "flag"}'
run 0 generate --config "$dir/c.yaml" -p hi -m 1
check 'out["applied"]["max_tokens"] == {"value": 1, "from": "flag"}'
unset BANTAM_SAMPLING_MAX_TOKENS BANTAM_SAMPLING_TOP_K
run 0 run --config "$dir/c.yaml" "$folder" hi
check 'out["applied"]["model"] == {"value": arg[0], "from": "argument"}' \
  "$folder"
BANTAM_CONFIG=$dir/c.yaml
export BANTAM_CONFIG
run 0 run hi
check 'out["applied"]["seed"]["value"] == 7'
unset BANTAM_CONFIG
run 0 debug logits --config "$dir/c.yaml" "$tiny" --ids 1,2 --out "$dir/x.npy"
# A pipe will do.
printf 'sampling: {max_tokens: 1}\n' >"$dir/prompt"
run_with "$dir/prompt" 0 run --config /dev/stdin "$tiny" hi --json
check 'len(out["token_ids"]) == 1'

# The environment.
BANTAM_SAMPLING_TEMPERATURE=warm
export BANTAM_SAMPLING_TEMPERATURE
refuses 2 'BANTAM_SAMPLING_TEMPERATURE.*warm' run "$tiny" hi
unset BANTAM_SAMPLING_TEMPERATURE
BANTAM_TEMP=1
export BANTAM_TEMP
refuses 2 'BANTAM_TEMP.*BANTAM_SAMPLING_TEMPERATURE' run "$tiny" hi
unset BANTAM_TEMP

# wrong PLACE REGEX YAML: exit 2 with file, line and column.
wrong() {
  printf '%b' "$3" >"$dir/wrong.yaml"
  refuses 2 "wrong.yaml:$1: .*$2" run --config "$dir/wrong.yaml" "$tiny" hi
}
wrong 2:3 'sampling.temprature.*sampling.temperature' \
  'sampling:\n  temprature: 1\n'
wrong 1:1 'smapling.*sampling' 'smapling:\n  temperature: 1\n'
wrong 3:3 'twice.*line 2' 'sampling:\n  seed: 1\n  seed: 2\n'
wrong 2:15 'whole number' 'sampling:\n  max_tokens: many\n'
wrong 2:15 'quotes' 'sampling:\n  max_tokens: "256"\n'
wrong 2:10 'between 0 and 1' 'sampling:\n  top_p: 7\n'
wrong 2:16 'nan' 'sampling:\n  temperature: .nan\n'
wrong 2:1 'tab' 'sampling:\n\tseed: 1\n'
wrong 2:9 'anchor' 'sampling:\n  stop: &a [*a, *a]\n'
wrong 1:1 'list' '- 1\n'
wrong 2 'bantam chat' 'execution:\n  mode: chat\n'
refuses 2 'nowhere.yaml' run --config "$dir/nowhere.yaml" "$tiny" hi
refuses 2 "$dir: " run --config "$dir" "$tiny" hi
printf '# nothing\n' >"$dir/empty.yaml"
run 0 run --config "$dir/empty.yaml" "$tiny" hi --max-tokens 2

# What a model cannot do says so.
refuses 3 '--kv-bits 4.*groups of 32.*heads of' run "$tiny" hi --kv-bits 4
refuses 3 '--kv-bits 8' plan "$tiny" --kv-bits 8
refuses 2 '--kv-bits.*16, 8, 4' run "$tiny" hi --kv-bits 5

# Pins: bantam's own version is what is here.
run 0 run "$tiny" hi --max-tokens 2 --version-pin '>=0.1,<99'
refuses 2 'this is bantam .*>=99.*--version-pin' run "$tiny" hi \
  --version-pin '>=99'
refuses 2 '--version-pin.*range of versions' run "$tiny" hi --version-pin '1.0'
printf 'runtime:\n  version_pin: "<0.1"\n' >"$dir/pin.yaml"
refuses 2 'pin.yaml:2: runtime.version_pin.*<0.1' run \
  --config "$dir/pin.yaml" "$tiny" hi

# config: what is in force, with its source; files that load again.
run 0 config --show --config "$guide" --temp 0.7 --framework bantam
silent err
says out 'temperature: 0.7 +# flag'
says out "max_kv_size: 1024 +# .*inference_config.yaml:11"
says out 'min_p: 0.0 +# default'
says out 'set aside: .*>=0.15.0,<0.16.0'
cp "$dir/out" "$dir/shown.yaml"
run 0 config --show --config "$dir/shown.yaml" --json
check 'out["sampling.temperature"]["value"] == 0.7'
run 0 config --init --model "$tiny"
says out '^# Model: .*llama'
cp "$dir/out" "$dir/init.yaml"
run 0 run --config "$dir/init.yaml" hi --max-tokens 2
run 0 config --show --config "$dir/init.yaml" --json
check 'out["model.name"]["value"] == arg[0]' "$tiny"
# The tiny model's context is shorter than the default budget.
check 'out["sampling.max_kv_size"]["value"] == 256'
check 'out["runtime.version_pin"]["value"].startswith(">=")'
run 0 config --schema
check 'out["properties"]["sampling"]["properties"]["top_p"]["maximum"] == 1'
run 0 config --docs
same "$dir/out" "$here/../../docs/configuration.md"
refuses 2 '--show' config
refuses 2 '--show' config --show --schema
refuses 3 'nowhere' config --init --model "$dir/nowhere"

# A prompt in brackets is one prompt.
printf '[a, b]' >"$dir/prompt"
run_with "$dir/prompt" 0 run "$tiny" - --max-tokens 2 --temp 0 --json
tokens=$(field 'out["usage"]["prompt_tokens"]')
run 0 run "$tiny" '[a, b]' --max-tokens 2 --temp 0 --json
check 'out["usage"]["prompt_tokens"] == int(arg[0])' "$tokens"

finish
