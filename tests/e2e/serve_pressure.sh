# SPDX-License-Identifier: MIT
# bantam serve when a neighbour eats the memory of its cgroup: what runs is
# stopped with what it has, new requests are refused with the reason, and both
# end by themselves. A request over the budget costs no work at any time.
. "$(dirname "$0")/harness.sh"
. "$(dirname "$0")/server_harness.sh"

command -v curl >/dev/null || { echo "SKIPPED: no curl"; exit 77; }
. "$(dirname "$0")/cgroup_harness.sh"

run 0 plan "$model" --json --ram 64GiB --parallel 2
limit $(($(field "out['total_bytes']") + (64 << 20)))
within=$dir/grouped
start "$model" --parallel 2

# metric NAME: the value of a counter without labels.
metric() { curl -s "$BASE/metrics" | sed -n "s/^bantam_$1 //p"; }

# Over the budget: told so, with the numbers, before a token is read.
ask /v1/chat/completions '{"messages":[{"role":"user","content":"Hi"}],
  "max_tokens":5000}'
[ "$status" = 400 ] || complain "status $status over the budget"
check 'out["error"]["code"] == "context_length_exceeded"'
check '"5000" in out["error"]["message"] and "1024" in out["error"]["message"]'
[ "$(metric prompt_tokens_total)" = 0 ] || complain "the prompt was read"

# Two long answers, then the neighbour.
long='{"messages":[{"role":"user","content":"Tell me a very long story."}],
  "max_tokens":900,"logit_bias":{"0":-100,"2":-100}'
curl -sN "$BASE/v1/chat/completions" -d "$long, \"stream\": true}" \
  >"$dir/streamed" &
stream=$!
curl -s -w '\n%{http_code}' "$BASE/v1/chat/completions" -d "$long}" \
  >"$dir/whole" &
whole=$!
"$dir/grouped" python3 "$dir/eat.py" 60 0.005 &
eater=$!
wait $stream $whole
short='{"messages":[{"role":"user","content":"Hi"}],"max_tokens":3}'
ask /v1/chat/completions "$short"
kill $eater 2>/dev/null

[ "$status" = 503 ] || complain "status $status under pressure"
check 'out["error"]["code"] == "memory_pressure"'
check 're.search("red|yellow", out["error"]["message"])'
[ "$(tail -n 1 "$dir/whole")" = 200 ] || complain "status $(cat "$dir/whole")"
sed '$d' "$dir/whole" >"$dir/out"
check 'out["choices"][0]["finish_reason"] == "length"'
check '0 < out["usage"]["completion_tokens"] < 900'
check 'out["bantam"]["finish_reason"] == "memory"'
check '"red" in out["bantam"]["stop_reason"]'
echo "stopped: $(field "out['bantam']['stop_reason']")"
grep '^data: ' "$dir/streamed" | tail -n 1 | grep -q DONE ||
  complain "the stream does not end"
sed -n 's/^data: //p' "$dir/streamed" | tail -n 2 | head -n 1 >"$dir/out"
check 'out["choices"][0]["finish_reason"] == "length"'
check 'out["bantam"]["finish_reason"] == "memory"'
[ "$(grep -c '^data: ' "$dir/streamed")" -gt 5 ] || complain "nothing came"

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
