# SPDX-License-Identifier: MIT
# bantam inspect: what models are, also those that bantam cannot run.
. "$(dirname "$0")/harness.sh"

python3 "$here/sparse_models.py" "$dir" || complain "no models to inspect"

# The 27B model of a 16 GB machine: 64 layers, 16 of them with keys and values.
run 0 inspect "$dir/mlx3" --json
silent err
check 'out["quantization"] == "MLX 3-bit g64" and out["size_class"] == "27B"
       and abs(out["parameters"] - 26.896e9) < 2e7
       and out["active_parameters"] == out["parameters"]
       and abs(out["bits_per_weight"] - 3.5) < 0.01'
check 'out["layers"] == 64 and out["layer_kinds"]["full_attention"] == 16
       and out["layer_kinds"]["recurrent"] == 48
       and out["kv_bytes_per_token"] == 65536
       and out["context_tokens"] == 262144 and out["vocabulary"] == 248320'
check 'out["size_band"] == {"ram_bytes": 16 << 30, "low_bytes": 10 * 10**9,
       "high_bytes": 12 * 10**9, "verdict": "inside"}'
check 'out["licence"] == "apache-2.0" and out["commercial_use"] == "allowed"
       and out["licence_source"] == "README.md"'
check 'out["thinking"] == {"supported": True, "switch": "enable_thinking"}
       and out["tool_calls"] == "XML in <tool_call>"'
check 'sum(c["bytes"] for c in out["bits_by_class"]) == out["weight_bytes"]'
run 0 inspect "$dir/mlx3" --ram 8GiB --json
check 'out["size_band"]["verdict"] == "above"'

run 0 inspect "$dir/mixed36" --json
check 'out["quantization"] == "MLX mixed_3_6 g64"
       and abs(out["bits_per_weight"] - 3.97) < 0.01
       and out["size_band"]["verdict"] == "above"
       and out["licence"] == "qwen-research"
       and out["commercial_use"] == "forbidden"'
# 2.95 billion and the input embedding.
run 0 inspect "$dir/moe3" --json
check 'out["quantization"] == "MLX 3-bit g64" and out["experts"] == 256
       and out["active_experts"] == 8 and out["size_class"] == "35B-A3B"
       and abs(out["parameters"] - 34.661e9) < 2e7
       and abs(out["active_parameters"] - 3.46e9) < 2e7
       and out["bytes_per_token"] < 1.4e9
       and out["layer_kinds"]["recurrent"] == 30'

run 0 inspect "$dir/gptq" --json
check 'out["quantization"] == "GPTQ 4-bit g128" and not out["supported"]
       and out["parameters"] == 32000 * 512 + 512 * 1024
       and out["problems"] and out["licence"] is None'
run 0 inspect "$dir/q3km.gguf" --json
check 'out["quantization"] == "Q3_K_M" and not out["supported"]
       and out["architecture"] == "unheard_of" and out["layers"] == 32
       and out["kv_bytes_per_token"] == 32 * 2 * 8 * 128 * 2
       and out["licence"] == "llama3.1"
       and out["commercial_use"] == "conditional"
       and "unheard_of" in out["problems"][0]'
run 0 inspect "$dir/iq3.gguf" --json
check 'out["quantization"] == "IQ3_XXS" and out["commercial_use"] == "allowed"
       and 3.0 < out["bits_per_weight"] < 3.4'
# The metadata and the tensors disagree.
run 0 inspect "$dir/odd.gguf" --json
check 'out["quantization"] == "Q4_K_M" and "Q4_0" in out["notes"][0]
       and out["commercial_use"] == "unknown"'

run 0 inspect "$dir/mlx3" "$dir/moe3" "$tiny"
says out '^quantization +MLX 3-bit g64 +MLX 3-bit g64 +Q4_0'
says out '^parameters +26\.90 B +34\.66 B, 3\.45 B active'
says out 'inside the band of 10 GB to 12 GB for 27B on 16\.00 GiB'
run 0 inspect "$tiny" "$folder" --json
check '[m["format"] for m in out["models"]] == ["GGUF", "safetensors"]'
# Numbers that no model has: reported, never computed with.
mkdir "$dir/absurd"
cp "$dir/gptq/model.safetensors" "$dir/absurd"
cat >"$dir/absurd/config.json" <<'JSON'
{"model_type": "strange", "num_hidden_layers": 60000000,
 "num_key_value_heads": 60000000, "head_dim": 60000000, "hidden_size": -3,
 "num_experts": 18446744073709551615, "num_experts_per_tok": 0,
 "vocab_size": 1e300, "max_position_embeddings": "long", "layer_types": {}}
JSON
run 0 inspect "$dir/absurd" --json
check 'out["kv_bytes_per_token"] is None and out["context_tokens"] is None
       and not out["supported"] and out["experts"] == 0'
run 0 inspect "$dir/absurd"
run 0 advise --ram 16GiB --model "$dir/absurd" --json
check 'out["approaches"]'
# One of several that cannot be read does not hide the others.
head -c 3000 "$tiny" >"$dir/cut.gguf"
run 3 inspect "$tiny" "$dir/cut.gguf" nowhere.gguf
says out '^quantization +Q4_0$'
says err 'cut\.gguf: .*cut off'
says err 'nowhere'
run 3 inspect "$tiny" nowhere.gguf --json
check '["error" in m for m in out["models"]] == [False, True]'
refuses 3 'nowhere' inspect nowhere.gguf
refuses 2 'ram' inspect "$tiny" --ram lots
run 2 inspect

finish
