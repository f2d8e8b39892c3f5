# SPDX-License-Identifier: MIT
# bantam serve under memory pressure, from a recorded trace: what runs is
# stopped with what it has, new requests are refused with the reason, and both
# end by themselves. Several at the same time fare alike.
. "$(dirname "$0")/harness.sh"
. "$(dirname "$0")/server_harness.sh"

command -v curl >/dev/null || { echo "SKIPPED: no curl"; exit 77; }

cat >"$dir/trace.jsonl" <<'END'
{"t_s": 0, "pressure": "green"}
{"t_s": 4, "pressure": "red"}
{"t_s": 6, "pressure": "green"}
END
start smollm2 --memory-source "replay:$dir/trace.jsonl" --parallel 2

long='{"messages":[{"role":"user","content":"Tell me a very long story."}],
  "max_tokens":900,"logit_bias":{"0":-100,"2":-100}'
curl -sN "$BASE/v1/chat/completions" -d "$long, \"stream\": true}" \
  >"$dir/streamed" &
stream=$!
curl -s -w '\n%{http_code}' "$BASE/v1/chat/completions" -d "$long}" \
  >"$dir/whole" &
whole=$!
wait $stream $whole

# Both were stopped in the middle of their answers.
[ "$(tail -n 1 "$dir/whole")" = 200 ] || complain "status $(cat "$dir/whole")"
sed '$d' "$dir/whole" >"$dir/out"
check 'out["choices"][0]["finish_reason"] == "length"'
check '0 < out["usage"]["completion_tokens"] < 900'
check 'out["bantam"]["finish_reason"] == "memory"'
check '"red" in out["bantam"]["stop_reason"]'
python3 - "$dir/streamed" <<'PYTHON' || complain "the stream is not stopped so"
import json
import sys
lines = [line[6:] for line in open(sys.argv[1]) if line.startswith("data: ")]
assert lines[-1].strip() == "[DONE]", lines[-1]
last = json.loads(lines[-2])
assert last["choices"][0]["finish_reason"] == "length", last
assert last["bantam"]["finish_reason"] == "memory", last
assert "red" in last["bantam"]["stop_reason"], last
assert len(lines) > 5
PYTHON

# While it lasts: refused, with the reason.
short='{"messages":[{"role":"user","content":"Hi"}],"max_tokens":3}'
ask /v1/chat/completions "$short"
[ "$status" = 503 ] || complain "status $status under pressure"
check 'out["error"]["code"] == "memory_pressure"'
check '"red" in out["error"]["message"]'
ask /v1/messages '{"max_tokens":3,"messages":[{"role":"user","content":"Hi"}]}'
[ "$status" = 503 ] || complain "status $status under pressure"
check 'out["error"]["type"] == "overloaded_error"'
status=$(curl -s -o "$dir/out" -w '%{http_code}' "$BASE/health")
[ "$status" = 503 ] || complain "status $status of /health"

# It ends by itself.
tries=0
until ask /v1/chat/completions "$short" && [ "$status" = 200 ]; do
  tries=$((tries + 1))
  if [ $tries -gt 100 ]; then
    complain "status $status after the pressure"
    break
  fi
  sleep 0.1
done
check 'out["usage"]["completion_tokens"] >= 1'
check '"finish_reason" not in out.get("bantam", {})'
curl -s "$BASE/metrics" >"$dir/out"
says out 'bantam_refused_total\{reason="pressure"\} [1-9]'

kill -TERM $server
stopped 0
finish
