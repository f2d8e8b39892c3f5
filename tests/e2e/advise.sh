# SPDX-License-Identifier: MIT
# bantam advise: the decision matrix. The golden texts were read by eye; with
# RECORD_GOLDEN=1 they are written anew, to be read again.
. "$(dirname "$0")/harness.sh"

golden=$here/advise

# same_advice GOLDEN: the advice has every word and number of the golden text, but
# sizes may be off by a fiftieth or 64 MiB: a plan's constants are measured again
# now and then.
same_advice() {
  reason=$(python3 - "$dir/out" "$1" 2>&1 <<'PYTHON'
import re
import sys
UNITS = {"MB": 1e6, "MiB": 2**20, "GiB": 2**30}
SIZE = re.compile(r"([0-9.]+) (GiB|MB)\b|(?<=wired_limit_mb=)([0-9]+)")


def size(match):
    return float(match[1] or match[3]) * UNITS[match[2] or "MiB"]


lines, golden = (open(path, encoding="utf-8").read().splitlines()
                 for path in sys.argv[1:])
if len(lines) != len(golden):
    sys.exit(f"{len(lines)} lines, the golden text has {len(golden)}")
for line, wanted in zip(lines, golden):
    pairs = list(zip(map(size, SIZE.finditer(line)),
                     map(size, SIZE.finditer(wanted))))
    if SIZE.sub("SIZE", line) != SIZE.sub("SIZE", wanted) or any(
            abs(a - b) > max(b / 50, 64 * 2**20) for a, b in pairs):
        sys.exit(f"{line!r}\n  golden: {wanted!r}")
PYTHON
  ) || complain "$reason"
}

for case in daily_8GiB daily_16GiB daily_24GiB daily_64GiB reasoning_16GiB \
  documents_16GiB batch_16GiB creative_16GiB; do
  run 0 advise --task "${case%_*}" --ram "${case#*_}"
  silent err
  if [ -n "${RECORD_GOLDEN:-}" ]; then
    cp "$dir/out" "$golden/$case.txt"
  fi
  same_advice "$golden/$case.txt"
done

run 0 advise --ram 16GiB --json
silent err
check 'out["task"] == "daily" and out["machine"]["ram_bytes"] == 16 << 30
       and out["machine"]["bandwidth_bytes_per_second"] == 120e9'
check 'out["approaches"][0]["kind"] == "local"
       and out["approaches"][0]["local"]["quantization"] == "MLX 3-bit g64"
       and 26e9 < out["approaches"][0]["local"]["parameters"] < 28e9
       and out["approaches"][0]["local"]["active_parameters"]
           == out["approaches"][0]["local"]["parameters"]'
check 'out["approaches"][0]["local"]["total_bytes"]
       <= out["machine"]["budget_bytes"]
       and "iogpu.wired_limit_mb" in
           out["approaches"][0]["local"]["gpu_limit_command"]
       and out["approaches"][0]["local"]["embedding_on_cpu"]'
check 'all(r["source"] for a in out["approaches"] for r in a["rules"])
       and all(a["command"].startswith("bantam ") for a in out["approaches"])'
check '[a["kind"] for a in out["approaches"]][-1] == "cloud"
       and out["refused"][0]["reason"]'
# The configuration it prints is one that bantam reads.
field 'out["approaches"][0]["configuration"]' >"$dir/advised.yaml"
run 0,3,4 run --config "$dir/advised.yaml" --model "$tiny" --max-kv-size 64 \
  --max-tokens 4 hello --json
case $code in
  0) check 'out["applied"]["temp"]["value"] == 0.1' ;;
esac

run 0 advise --ram 24GiB --json
check 'out["approaches"][0]["local"]["quantization"] == "MLX 4-bit g64"'
run 0 advise --task documents --ram 16GiB --json
check 'out["approaches"][0]["kind"] == "retrieval"'
run 0 advise --task batch --ram 16GiB --json
check 'out["approaches"][0]["kind"] == "cloud"
       and out["approaches"][0]["cloud"]["dollars_per_million_tokens"] > 0'

# Twice the bandwidth is twice the speed.
run 0 advise --ram 16GiB --bandwidth 100 --json
slow=$(field 'out["approaches"][0]["local"]["tokens_per_second"]')
run 0 advise --ram 16GiB --bandwidth 200GB --json
check 'abs(out["approaches"][0]["local"]["tokens_per_second"]
           / float(arg[0]) - 2) < 1e-6' "$slow"

# Models at hand, and this machine, whose bandwidth is measured.
run 0 advise --model smollm2 --model "$tiny" --json
check '{a["local"]["model"] for a in out["approaches"] if a["local"]}
       == {"smollm2", "model"}
       and out["machine"]["bandwidth_bytes_per_second"] > 1e8'
run 0 advise --model Qwen3.5-9B --ram 16GiB --json
check 'out["approaches"][0]["local"]["model"] == "Qwen3.5-9B"'
run 0 advise --ram 16GiB --explain
says out 'rule three-bits-on-16:'
says out 'source: .*exo issue 1672'

refuses 2 'sleeping.*daily' advise --task sleeping --ram 16GiB
refuses 2 'ram' advise --ram lots
refuses 2 'ram' advise --ram 0
refuses 2 'bandwidth' advise --ram 16GiB --bandwidth fast
refuses 3 'nowhere' advise --ram 16GiB --model nowhere.gguf

finish
