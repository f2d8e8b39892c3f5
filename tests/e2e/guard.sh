# SPDX-License-Identifier: MIT
# The memory guard, driven by recorded traces: when a run stops, with which exit
# code, and that nothing is lost.
. "$(dirname "$0")/harness.sh"

traces=$here/../machine/traces
tokens=4000
story="Tell me a very long story about a dragon."

# guarded CODES TRACE FLAGS...: a run that would go on for minutes.
guarded() {
  codes=$1
  trace=$2
  shift 2
  run "$codes" run smollm2 "$story" --memory-source "replay:$trace" --json \
    --logit-bias 2=-100 --logit-bias 0=-100 --max-tokens $tokens "$@"
}

stopped() {
  check "out['finish_reason'] == '$1' and out['memory']['stop_reason']"
  check "len(out['token_ids']) > 0 and len(out['text']) > 0"
  check "0 <= out['memory']['stop_latency_s'] <= 1"
}

# Red: at once.
cat >"$dir/red.jsonl" <<'END'
{"t_s": 0, "pressure": "green"}
{"t_s": 0.7, "pressure": "red"}
END
guarded 5 "$dir/red.jsonl"
stopped memory
check "out['memory']['pressure_max'] == 'red'"
check "'red' in out['memory']['stop_reason']"

# Without --json the text stands on stdout and the reason on stderr.
run 5 run smollm2 "$story" --memory-source "replay:$dir/red.jsonl" \
  --max-tokens 4000 --logit-bias 2=-100 --logit-bias 0=-100
says out '[a-z]'
says err 'note: stopped because memory pressure is red'

# Red while a long prompt is being read is heard between two layers.
python3 -c "print('word ' * 3000)" >"$dir/long.txt"
run_with "$dir/long.txt" 5 run smollm2 - --ignore-chat-template --json \
  --memory-source "replay:$dir/red.jsonl" --threads 1
check "out['finish_reason'] == 'memory' and out['token_ids'] == []"
check "out['memory']['stop_latency_s'] <= 1"

# Swap of our own.
cat >"$dir/swap.jsonl" <<'END'
{"t_s": 0, "pressure": "green", "own_swap_bytes": 0, "swap_out_bytes": 0}
{"t_s": 0.7, "pressure": "green", "own_swap_bytes": 8388608, "swap_out_bytes": 8388608}
END
guarded 6 "$dir/swap.jsonl"
stopped swap
check "out['memory']['swap_growth_bytes'] >= 8388608"

# Somebody else's: goes on, and says so.
cat >"$dir/others.jsonl" <<'END'
{"t_s": 0, "pressure": "green", "own_swap_bytes": 0, "swap_out_bytes": 0, "own_footprint_bytes": 1000}
{"t_s": 0.3, "pressure": "green", "own_swap_bytes": 0, "swap_out_bytes": 40000000, "own_footprint_bytes": 1000}
{"t_s": 0.6, "pressure": "green", "own_swap_bytes": 0, "swap_out_bytes": 80000000, "own_footprint_bytes": 1000}
END
tokens=300
guarded 0 "$dir/others.jsonl"
check "out['finish_reason'] == 'length'"
cat >"$dir/config.yaml" <<'END'
environment:
  abort_on_swap: strict
END
tokens=4000
guarded 6 "$dir/others.jsonl" --config "$dir/config.yaml"
stopped swap
printf 'environment:\n  abort_on_swap: false\n' >"$dir/config.yaml"
tokens=300
guarded 0 "$dir/swap.jsonl" --config "$dir/config.yaml"
check "out['finish_reason'] == 'length'"

# Refused at the start: pressure, unknown, heavy applications.
for level in yellow red unknown; do
  printf '{"t_s": 0, "pressure": "%s"}\n' $level >"$dir/start.jsonl"
  refuses 4 "pressure.*--allow-dirty" run smollm2 hello \
    --memory-source "replay:$dir/start.jsonl"
done
printf '{"t_s": 0, "pressure": "yellow"}\n{"t_s": 0.1, "pressure": "green"}\n' \
  >"$dir/start.jsonl"
run 0 run smollm2 hello --memory-source "replay:$dir/start.jsonl" \
  --allow-dirty --max-tokens 4 --json
check "any('allow' in n or 'yellow' in n for n in out['notes'])"
cat >"$dir/apps.jsonl" <<'END'
{"t_s": 0, "pressure": "green", "available_bytes": 90000000, "total_bytes": 17179869184, "own_footprint_bytes": 10000000, "apps": [{"name": "Docker Desktop", "bytes": 3221225472}, {"name": "Chrome", "bytes": 2147483648}, {"name": "Slack"}]}
END
refuses 4 'Docker Desktop \(3.00 GiB\).*Chrome \(2.00 GiB\).*Slack \(size unknown\)' \
  run smollm2 hello --memory-source "replay:$dir/apps.jsonl"
says err 'gives back up to 5.00 GiB'
run 0 run smollm2 hello --memory-source "replay:$dir/apps.jsonl" \
  --allow-dirty --max-tokens 4 --json
check "any('--allow-dirty' in n and 'Docker Desktop' in n for n in out['notes'])"

# A trace that a run records replays.
run 0 run smollm2 hello --max-tokens 30 --record-memory "$dir/trace.jsonl" --json
check "out['memory']['pressure_max'] in ('green', 'yellow', 'red', 'unknown')"
[ -s "$dir/trace.jsonl" ] || complain "no trace was recorded"
run 0,4,5 run smollm2 hello --max-tokens 4 \
  --memory-source "replay:$dir/trace.jsonl"
refuses 2 'record' run smollm2 hello --record-memory "$dir/none/trace.jsonl"

# Damaged traces: the file and the line.
printf '{"t_s": 0}\n{"t_s": 1, "pressure": "pink"}\n' >"$dir/bad.jsonl"
refuses 2 'bad.jsonl:2' run smollm2 hello --memory-source "replay:$dir/bad.jsonl"
printf '{"t_s": 0}\n{"t_s": 1, "pre' >"$dir/bad.jsonl"
refuses 2 'bad.jsonl:2' run smollm2 hello --memory-source "replay:$dir/bad.jsonl"
: >"$dir/bad.jsonl"
refuses 2 'bad.jsonl' run smollm2 hello --memory-source "replay:$dir/bad.jsonl"
refuses 2,3 'nowhere.jsonl' run smollm2 hello \
  --memory-source "replay:$dir/nowhere.jsonl"
refuses 2 'live' run smollm2 hello --memory-source dead
[ -d "$traces" ] || complain "the traces of tests/machine are gone"
finish
