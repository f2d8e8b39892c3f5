# SPDX-License-Identifier: MIT
# The ten seconds of yellow, in real time: 9.9 s pass, 10.1 s stop the run.
. "$(dirname "$0")/harness.sh"

story="Tell me a very long story about a dragon."
endless="--logit-bias 2=-100 --logit-bias 0=-100"

# shellcheck disable=SC2086
run 0 run smollm2 "$story" --json --max-tokens 64 $endless
tokens=$(field "int(15 * out['timing']['decode_tps'])")

# yellow SECONDS: a trace that is yellow for so long.
yellow() {
  python3 - "$1" >"$dir/yellow.jsonl" <<'PYTHON'
import json, sys
for t, level in ((0, "green"), (0.5, "yellow"), (0.5 + float(sys.argv[1]), "green")):
    print(json.dumps({"t_s": t, "pressure": level}))
PYTHON
}

for seconds in 9.9 10.1; do
  yellow $seconds
  # shellcheck disable=SC2086
  run 0,5 run smollm2 "$story" --json --max-tokens "$tokens" $endless \
    --memory-source "replay:$dir/yellow.jsonl"
  check "out['memory']['pressure_max'] == 'yellow'"
  if [ $seconds = 9.9 ]; then
    check "out['finish_reason'] == 'length'"
  else
    check "out['finish_reason'] == 'memory' and out['text']"
    check "'yellow for 10' in out['memory']['stop_reason']"
    check "out['memory']['stop_latency_s'] <= 1"
  fi
done
finish
