# SPDX-License-Identifier: MIT
# bantam serve: starts on a free port, answers what docs/server.md shows, tells
# what is wrong, drains and stops.
. "$(dirname "$0")/harness.sh"
. "$(dirname "$0")/server_harness.sh"

docs=$here/../../docs/server.md
command -v curl >/dev/null || { echo "SKIPPED: no curl"; exit 77; }

start smollm2 --temp 0

# Every command of the documentation gives what it should.
python3 - "$docs" "$dir" <<'PYTHON'
import re
import sys
text = open(sys.argv[1], encoding="utf-8").read()
for i, command in enumerate(re.findall(r"```sh\n(.*?)```", text, re.S)):
    with open(f"{sys.argv[2]}/doc{i}.sh", "w", encoding="utf-8") as file:
        file.write(command)
PYTHON
example() {
  command_line="example $1 of docs/server.md"
  sh "$dir/doc$1.sh" >"$dir/out" 2>"$dir/err" || complain "exit code $?"
}
example 0
check 'out["choices"][0]["message"]["role"] == "assistant"'
check 'len(out["choices"][0]["message"]["content"]) > 20'
check 'out["choices"][0]["finish_reason"] in ("length", "stop")'
check '0 < out["usage"]["completion_tokens"] <= 20'
cp "$dir/out" "$dir/whole"
example 1
says out '^data: \[DONE\]$'
says out '"completion_tokens": ?[0-9]'
python3 - "$dir/whole" "$dir/out" <<'PYTHON' || complain "stream and whole differ"
import json
import sys
whole = json.load(open(sys.argv[1]))["choices"][0]["message"]["content"]
streamed = ""
for line in open(sys.argv[2]):
    if line.startswith("data: {"):
        for choice in json.loads(line[6:])["choices"]:
            streamed += choice["delta"].get("content") or ""
sys.exit(whole != streamed)
PYTHON
example 2
check 'list(json.loads(out["choices"][0]["message"]["content"])) == ["city", "known"]'
check 'len(json.loads(out["choices"][0]["message"]["content"])["city"]) <= 10'
check 'out["choices"][0]["finish_reason"] == "stop"'
example 3
check '"4, 5, 6" in out["choices"][0]["text"]'
example 4
check 'out["output"][0]["content"][0]["text"]'
example 5
check 'out["content"][0]["text"] and out["stop_reason"] == "max_tokens"'
example 6
check 'out["data"][0]["id"] == "smollm2"'
example 7
check 'out["status"] == "ok"'
example 8
says out '^bantam_answers_total'
example 9
check 'out["fits"] and out["total_bytes"] > 0'

# The same request, the same answer; logprobs belong to the likeliest token.
body='{"messages":[{"role":"user","content":"Hi"}],"max_tokens":5,
  "logprobs":true,"top_logprobs":2}'
ask /v1/chat/completions "$body"
[ "$status" = 200 ] || complain "status $status"
check 'len(out["choices"][0]["logprobs"]["content"]) in (4, 5)'
check 'all(t["token"] == t["top_logprobs"][0]["token"] and
  t["logprob"] == t["top_logprobs"][0]["logprob"] <= 0 and
  t["logprob"] >= t["top_logprobs"][1]["logprob"]
  for t in out["choices"][0]["logprobs"]["content"])'
check '"".join(t["token"] for t in out["choices"][0]["logprobs"]["content"])
  == out["choices"][0]["message"]["content"]'

# A bias decides; a stop string ends.
ask /v1/completions '{"prompt":"1, 2, 3,","max_tokens":3,"logit_bias":{"504":100}}'
[ "$status" = 200 ] || complain "status $status"
check 'len(set(out["choices"][0]["text"].split())) == 1'
ask /v1/completions '{"prompt":"1, 2, 3,","max_tokens":30,"stop":["6"]}'
check 'out["choices"][0]["text"].endswith("5, ")'
check 'out["choices"][0]["finish_reason"] == "stop"'

# Refused before any work, with the numbers.
ask /v1/chat/completions '{"messages":[{"role":"user","content":"Hi"}],"max_tokens":5000}'
[ "$status" = 400 ] || complain "status $status"
check '"5000" in out["error"]["message"] and "1024" in out["error"]["message"]'
check 'out["error"]["param"] == "max_tokens"'
ask /v1/chat/completions '{"messages":[{"role":"user","content":"Hi"}],
  "tools":[{"type":"function","function":{"name":"f"}}]}'
[ "$status" = 400 ] || complain "status $status"
ask /v1/chat/completions '{"messages": ['
[ "$status" = 400 ] || complain "status $status"

kill -TERM $server
stopped 0
says serve.err 'finishing'

# A port that is taken, an address that others reach, a file that is not there.
refuses 2 'API key' serve smollm2 --host 0.0.0.0
refuses 2 'api-key-file' serve smollm2 --api-key-file "$dir/none"
refuses 2 'parallel' serve smollm2 --parallel 0
refuses 3 'no such file' serve "$dir/none.gguf"

# The key opens, and is shown nowhere.
printf 'hunter2hunter2\n' >"$dir/key"
start "$tiny" --api-key-file "$dir/key"
status=$(curl -s -o "$dir/out" -w '%{http_code}' "$BASE/v1/models")
[ "$status" = 401 ] || complain "status $status without the key"
status=$(curl -s -o "$dir/out" -w '%{http_code}' "$BASE/v1/models" \
  -H 'Authorization: Bearer hunter2hunter2')
[ "$status" = 200 ] || complain "status $status with the key"
run 0 config --show --api-key hunter2hunter2
! grep -q hunter2 "$dir/out" "$dir/err" || complain "the key is shown"
! grep -q hunter2 "$dir/serve.out" "$dir/serve.err" || complain "the key is shown"

# Someone who hangs up does not keep the server from stopping.
curl -s -m 1 "$BASE/v1/completions" -H 'Authorization: Bearer hunter2hunter2' \
  -d '{"prompt":"a","max_tokens":200}' >/dev/null
kill -INT $server
stopped 0

finish
