# SPDX-License-Identifier: MIT
# bantam plan, and refusing what does not fit before it is loaded.
. "$(dirname "$0")/harness.sh"

run 0 plan smollm2 --json --ram 16GiB
check "out['fits'] is True and out['context_tokens'] == 1024"
check "sum(out[k + '_bytes'] for k in
  ('weights', 'kv', 'state', 'activation', 'runtime')) == out['total_bytes']"
check "sum(p['bytes'] for p in out['parts']) == out['total_bytes']"
check "out['budget_bytes'] == 12 << 30 and out['reasons'] == []"
run 0 plan smollm2 --ram 16GiB
says out 'keys and values'
says out 'fits +yes'

# The edge is exact: it fits at max_context_tokens and not at one more.
for budget in 147MB 155MB 163MB; do
  run 4 plan smollm2 --json --budget $budget
  most=$(field "out['max_context_tokens']")
  [ "$most" -gt 0 ] || complain "no context fits $budget"
  run 0 plan smollm2 --json --budget $budget --max-kv-size "$most"
  check "out['fits'] and out['total_bytes'] <= out['budget_bytes']"
  run 4 plan smollm2 --json --budget $budget --max-kv-size $((most + 1))
  check "not out['fits'] and out['total_bytes'] > out['budget_bytes']"
done

# What would fit is named with its numbers, and fits when taken.
run 4 plan smollm2 --json --budget 155MB
check "any(o['option'] == 'smaller_context' for o in out['options'])"
check "out['reasons'] and '155.0 MB' in out['reasons'][0]"
for flags in $(python3 -c "import json
for o in json.load(open('$dir/out'))['options']:
  if o['command'] and o['command'].startswith('--'):
    print(o['command'].replace(' ', '='))"); do
  # shellcheck disable=SC2046
  run 0 plan smollm2 --json --budget 155MB $(echo "$flags" | tr '=' ' ')
done
run 4 plan smollm2 --budget 155MB
says out 'what would fit'
says out '--max-kv-size'

# A run is refused with the same numbers, in one line, before it is loaded.
refuses 4 'budget of 50.0 MB' run smollm2 hello --budget 50MB
refuses 4 'budget' run smollm2 hello --ram 100MiB
run 0 run smollm2 hello --budget 200MB --max-tokens 2 --json
check "out['memory']['budget_bytes'] == 200_000_000"
check "out['memory']['planned_bytes'] <= 200_000_000"

for size in 0 -1 abc 1XB 1e400 9999999999999999999 ''; do
  refuses 2 'budget' plan smollm2 "--budget=$size"
  refuses 2 'ram' plan smollm2 "--ram=$size"
done
refuses 3 'no-such-model' plan no-such-model.gguf
run 0,4 plan --json
check "out['model'] == 'smollm2'"
finish
