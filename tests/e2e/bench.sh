# SPDX-License-Identifier: MIT
# bantam bench: the numbers hang together, in every form.
. "$(dirname "$0")/harness.sh"

run 0 bench "$tiny" --context 32,0,32 --tokens 6 --rounds 2 --json \
  --threads 2 --svg "$dir/speed.svg"
check "[p['context_tokens'] for p in out['points']] == [0, 32]"
check "out['threads'] == 2 and out['rounds'] == 2
       and out['decoded_tokens'] == 6 and out['kv_bits'] == 16"
check "out['bus_bytes_per_second'] > 1e9"
check "all(len(p['decode_tps_rounds']) == 2 and p['decode_tps'] > 0
           and abs(p['bus_share'] - p['decode_tps'] * p['read_bytes_per_token']
                   / out['bus_bytes_per_second']) < 1e-6
           and p['peak_bytes'] > 0 and p['planned_bytes'] > 0
           for p in out['points'])"
check "out['points'][0]['prefill_tps'] is None
       and out['points'][1]['prefill_tps'] > 0"
# 2 layers, 2 heads of 16: the cache is in what a token reads.
check "out['points'][1]['read_bytes_per_token']
       > out['points'][0]['read_bytes_per_token']"
python3 - "$dir/speed.svg" <<'PYTHON' || complain "the plot is not SVG"
import sys
import xml.etree.ElementTree as xml
root = xml.parse(sys.argv[1]).getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg"
text = " ".join(root.itertext())
assert "tokens of context" in text and "prefers-color-scheme:dark" in text
paths = [e for e in root.iter() if e.get("class") == "line"]
assert len(paths) == 6, len(paths)
assert "http" not in text
PYTHON

run 0 bench "$tiny" --context 8 --tokens 4 --rounds 1 --csv --kernels portable
python3 - "$dir/out" <<'PYTHON' || complain "not CSV"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 1 and rows[0]["context_tokens"] == "8"
assert float(rows[0]["decode_tps"]) > 0 and float(rows[0]["prefill_tps"]) > 0
PYTHON
run 0 bench --model "$tiny" --context 0 --tokens 4 --rounds 1
says out 'decode tok/s'
says out 'memory bus [0-9.]+ GB/s'

# Fewer bits, fewer bytes for a token.
run 0 bench smollm2 --context 64 --tokens 4 --rounds 1 --json
wide=$(field "out['points'][0]['read_bytes_per_token']")
run 0 bench smollm2 --context 64 --tokens 4 --rounds 1 --json --kv-bits 8
check "int(arg[0]) - out['points'][0]['read_bytes_per_token']
       == 66 * 30 * 3 * 2 * (128 - 72)" "$wide"

refuses 2 '--context 300.*holds 256' bench "$tiny" --context 300
refuses 2 '--rounds' bench "$tiny" --rounds 0
refuses 2 '--tokens' bench "$tiny" --tokens 0
refuses 2 '--context' bench "$tiny" --context -1
refuses 2 'nowhere' bench "$tiny" --context 0 --tokens 2 --rounds 1 \
  --svg "$dir/nowhere/speed.svg"
refuses 3 'no-such-model' bench no-such-model.gguf
refuses 4 'budget' bench smollm2 --budget 20MB --context 0

run 0 debug graph smollm2 --json
check "out['layers'] == 30 and sum(out['by_name'].values()) == out['primitives']
       and 0 < out['build_us'] < out['token_us']"
# A handful for each layer.
check "out['primitives'] <= 30 * 8 + 10"
run 0 debug graph "$tiny"
says out 'operations for a token in 2 layers'
finish
