# SPDX-License-Identifier: MIT
# mlx-lm as the framework: environments, flags, exit codes, and no process left
# behind. The environments are folders with a shell script for mlx_lm.generate.
. "$(dirname "$0")/harness.sh"
guide=$here/../../examples/inference_config.yaml
XDG_DATA_HOME=$dir/data
export XDG_DATA_HOME
envs=$XDG_DATA_HOME/bantam/environments
calm=$dir/calm
printf '{"t_s": 0, "pressure": "green", "total_bytes": 17179869184, "available_bytes": 9000000000, "swap_used_bytes": 0, "apps": []}\n' \
  >"$calm"

# environment VERSION: reads the commands for a run from stdin.
env=$envs/mlx-lm-0.32.2
environment() {
  rm -rf "$env"
  mkdir -p "$env/bin" "$env/lib/python3.11/site-packages/mlx_lm-$1.dist-info"
  printf '#!/bin/sh\n' >"$env/bin/python"
  printf 'mlx-lm==%s --hash=sha256:00\n' "$1" >"$env/requirements.lock"
  printf '{"format": 1, "mlx_lm": "%s", "pin": "", "python": "3.11.7",
    "packages": 1, "lock_sha256": "%s"}\n' "$1" \
    "$(sha256sum "$env/requirements.lock" | cut -d' ' -f1)" \
    >"$env/environment.json"
  cat >"$env/bin/mlx_lm.generate" <<'SCRIPT'
#!/bin/sh
here=$(dirname "$0")/..
if [ "$1" = --help ]; then
  [ -e "$here/fail-help" ] && { echo 'ImportError: it has moved' >&2; exit 1; }
  echo 'usage: mlx_lm.generate [-h] [--model MODEL] [--prompt PROMPT]'
  echo '    [--max-tokens N] [--temp T] [--top-p P] [--seed S] [--top-k K]'
  [ -e "$here/no-kv" ] || echo '    [--max-kv-size N]'
  exit 0
fi
echo "$*" >"$here/arguments"
echo $$ >"$here/pid"
SCRIPT
  cat >>"$env/bin/mlx_lm.generate"
  chmod +x "$env/bin/python" "$env/bin/mlx_lm.generate"
}

# gone ENV: no process of its last run is there.
gone() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "-$(cat "$1/pid")" 2>/dev/null || return 0
    sleep 0.5
  done
  complain "a process is left behind"
}

answers='printf "==========\nYou said: "; cat; printf "\n==========\n"
echo "Prompt: 12 tokens, 24.000 tokens-per-sec"
echo "Generation: 5 tokens, 10.000 tokens-per-sec"
echo "Peak memory: 0.100 GB"'
asked="--framework mlx-lm --memory-source replay:$calm"

# The guide's own pin contradicts the guide's own budget.
refuses 2 '0\.15\.0 to 0\.15\.3.*--max-kv-size came with 0\.17\.0.*>=0\.21' \
  run --config "$guide" --model smollm2 --framework mlx-lm 'What is gravity?'
# A family that came later than the pin allows.
mkdir "$dir/qwen"
printf '{"model_type": "qwen3_5"}' >"$dir/qwen/config.json"
refuses 2 'qwen3_5 came with 0\.30\.7' run $asked --model "$dir/qwen" \
  --version-pin '>=0.20,<0.30' hi
# Releases whose output cannot be told from the prompt.
printf '%s\n' "$answers" | environment 0.32.2
refuses 2 '0\.20\.6.*>=0\.21\.0' run $asked "$folder" hi --version-pin '<0.21'

# It answers, and says who did.
run 0 run $asked "$folder" 'What is "gravity"? \n' --json --seed 7
check 'out["text"] == "You said: What is \"gravity\"? \\n"'
check 'out["finish_reason"] == "stop" and out["token_ids"] == []'
check 'out["usage"]["prompt_tokens"] == 12'
check 'out["usage"]["completion_tokens"] == 5'
check 'abs(out["timing"]["decode_tps"] - 10) < 1e-6'
check 'out["applied"]["framework"] == {"value": "mlx-lm", "from": "flag"}'
check 'out["applied"]["environment"]["value"] == "mlx-lm-0.32.2"'
check 'out["applied"]["seed"] == {"value": 7, "from": "flag"}'
check 'out["memory"]["planned_bytes"] > 0'
grep -q -- '--seed 7 --max-kv-size 1024' "$env/arguments" ||
  complain 'the flags did not arrive'
# Of Llama models mlx-lm takes the budget and ignores it.
check 'any("ignores it for llama" in note for note in out["notes"])'
run 0 run $asked "$folder" hi --version-pin '>=0.32,<0.33'
says out '^You said: hi$'
run 0 generate $asked --model "$folder" -p hi --max-tokens 5 --json
check 'out["finish_reason"] == "length"'

# What it cannot do is refused or said.
refuses 2 '--repetition-penalty' run $asked "$folder" hi --repetition-penalty 2
refuses 2 '--receipt' run $asked "$folder" hi --receipt "$dir/r.json"
refuses 2 '--kv-bits' run $asked "$folder" hi --kv-bits 8
refuses 2 '--framework.*needs bantam itself' chat $asked "$folder"
refuses 2 '--framework.*needs bantam itself' serve --framework mlx-lm "$folder"
refuses 2 'bantam convert' run $asked "$tiny" hi
refuses 3 'nowhere' run $asked "$dir/nowhere" hi
run 0 run $asked "$folder" hi --threads 2 --json
check 'any("--threads has no effect" in note for note in out["notes"])'
refuses 4 'mlx-lm with .* takes about' run $asked "$folder" hi --budget 1MiB

# Environments that do not work are found at the start, with a way out.
touch "$env/no-kv" "$env/bin/mlx_lm.generate"
rm -f "$env/help.json"
refuses 7 'does not know --max-kv-size.*--version-pin' run $asked "$folder" hi
rm -f "$env/help.json"
touch "$env/fail-help"
refuses 7 'ImportError: it has moved.*bantam env create --pin' \
  run $asked "$folder" hi
run 4 doctor $asked "$folder" --probe-seconds 0 --json
check '[f["status"] for f in out["findings"] if f["id"] == "flags"] == ["red"]'
rm "$env/no-kv" "$env/fail-help"
run 0 doctor $asked "$folder" --probe-seconds 0 --json
check '[f["status"] for f in out["findings"] if f["id"] in ("pins", "flags")]
       == ["green", "green"]'
check '[f["status"] for f in out["findings"] if f["id"] == "cache"]
       == ["yellow"]'
run 4 doctor $asked "$folder" --probe-seconds 0 --version-pin '<0.16'
says out '^red +pins .*0\.17\.0'
run 4 doctor --config "$guide" --memory-source "replay:$calm" --probe-seconds 0
says out '^red +pins .*>=0\.15\.0,<0\.16\.0.*0\.17\.0'
run 0 doctor $asked "$folder" --probe-seconds 0 --version-pin '>=0.33'
says out '^yellow +pins .*there: mlx-lm 0\.32\.2'
says out 'bantam env create --pin ">=0\.33"'

run 4 doctor $asked "$folder" --probe-seconds 0 --repetition-penalty 2
says out '^red +runner +--repetition-penalty'

# Children that do not behave.
echo 'echo "ValueError: no such model" >&2; exit 1' | environment 0.32.2
refuses 7 'exit code 1: ValueError: no such model' run $asked "$folder" hi
echo 'head -c 9999 /dev/urandom' | environment 0.32.2
refuses 7 'without an answer' run $asked "$folder" hi
echo 'echo ==========; printf begun; sleep 1000' | environment 0.32.2
run 7 run $asked "$folder" hi --runner-silence 1
says out begun
says err 'silent for 1 s'
gone "$env"
stubborn='trap "" TERM INT HUP; echo ==========; printf begun
while :; do sleep 0.1; done'
printf '%s\n' "$stubborn" | environment 0.32.2
cat >"$dir/red" <<END
{"t_s": 0, "pressure": "green", "total_bytes": 17179869184, "available_bytes": 9000000000, "apps": []}
{"t_s": 1, "pressure": "red"}
END
run 5 run --framework mlx-lm --memory-source "replay:$dir/red" "$folder" hi \
  --json
check 'out["text"] == "begun" and out["finish_reason"] == "memory"'
check 'out["usage"]["completion_tokens"] is None'
check 'out["memory"]["stop_latency_s"] < 5'
gone "$env"
cat >"$dir/swap" <<END
{"t_s": 0, "pressure": "green", "total_bytes": 17179869184, "available_bytes": 9000000000, "own_swap_bytes": 0, "swap_out_bytes": 0, "apps": []}
{"t_s": 1, "pressure": "green", "available_bytes": 9000000000, "own_swap_bytes": 8388608, "swap_out_bytes": 8388608}
END
run 6 run --framework mlx-lm --memory-source "replay:$dir/swap" "$folder" hi \
  --json
check 'out["text"] == "begun" and out["finish_reason"] == "swap"'
gone "$env"

# interrupt COUNT SIGNAL: Ctrl-C, once or twice; what came so far is kept.
interrupt() {
  command_line="bantam run, signal $2 $1 times"
  rm -f "$env/pid"
  python3 - "$bantam" "$dir" "$env" "$1" "$2" $asked "$folder" hi <<'PYTHON'
import os
import subprocess
import sys
import time
program, folder, env, count, number, *arguments = sys.argv[1:]
with open(f"{folder}/out", "wb") as out, open(f"{folder}/err", "wb") as err:
    child = subprocess.Popen([program, "run", *arguments], stdout=out,
                             stderr=err, stdin=subprocess.DEVNULL)
    for _ in range(200):
        if os.path.exists(f"{env}/pid"):
            break
        time.sleep(0.1)
    time.sleep(0.5)
    for _ in range(int(count)):
        child.send_signal(int(number))
        time.sleep(0.1)
    code = child.wait(timeout=60)
sys.exit(0 if code == 130 else f"exit code {code}")
PYTHON
  [ $? -eq 0 ] || complain "did not end with 130"
  says out '^begun'
  gone "$env"
}
interrupt 1 2
interrupt 2 2
interrupt 1 15
interrupt 1 1

# bantam env.
run 0 env list
says out '^complete +mlx-lm-0\.32\.2 +mlx-lm 0\.32\.2, Python 3\.11\.7'
mkdir "$envs/mlx-lm-half"
rm "$env/bin/python"
run 0 env list --json
check '[(e["name"], e["state"]) for e in out["environments"]]
       == [("mlx-lm-0.32.2", "broken"), ("mlx-lm-half", "half-made")]'
run 0 env list
says out '^broken +mlx-lm-0\.32\.2 +its Python'
run 0 env remove mlx-lm-half
refuses 2 'no name' env remove ../environments
refuses 3 'it has: mlx-lm-0\.32\.2' env remove mlx-lm-half
run 0 env remove mlx-lm-0.32.2
run 0 env list
says out 'No environments'
refuses 2 'range of versions' env create --pin 0.32
run 7 env create --python "$dir/no-python"
says err 'no-python.*--python PROGRAM'
# A run makes what it needs, or says why it cannot.
command_line='run without Python'
PATH=/nowhere "$bantam" run $asked "$folder" hi >"$dir/out" 2>"$dir/err"
[ $? -eq 7 ] || complain 'exit code is not 7'
says err 'no environment has mlx-lm .none is there.: making one'
says err 'needs Python 3\.11'
# Elsewhere.
run 0 env list --environments "$dir/other"
says out "$dir/other"
BANTAM_RUNTIME_ENVIRONMENTS=$dir/third
export BANTAM_RUNTIME_ENVIRONMENTS
run 0 env list
says out "$dir/third"
unset BANTAM_RUNTIME_ENVIRONMENTS

finish
