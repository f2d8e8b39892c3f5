# SPDX-License-Identifier: MIT
# The memory promise under a real limit: the plan is the edge, a neighbour that
# eats memory stops the run in time, and so does swap.
. "$(dirname "$0")/harness.sh"
. "$(dirname "$0")/cgroup_harness.sh"

swapfile=$dir/swapfile
on_clean_up() {
  swapoff "$swapfile" 2>/dev/null
  rm -f "$swapfile"
}

# in_group FILE CODES ARGS...: as run_with, in the groups.
in_group() {
  input=$1
  expected=$2
  shift 2
  command_line="bantam $* (limited)"
  "$dir/grouped" "$bantam" "$@" <"$input" >"$dir/out" 2>"$dir/err"
  code=$?
  case ",$expected," in
    *",$code,"*) ;;
    *) complain "exit code $code, expected $expected" ;;
  esac
}

# --- the plan is the edge ----------------------------------------------------

settings="--max-kv-size 512 --prefill-chunk 128"
# shellcheck disable=SC2086
run 0 plan "$model" --json --ram 64GiB $settings
plan=$(field "out['total_bytes']")
python3 -c "print(' the' * 560)" >"$dir/prompt.txt"
limit $((plan * 105 / 100))
# shellcheck disable=SC2086
in_group "$dir/prompt.txt" 0 run "$model" - --ignore-chat-template --json \
  --max-tokens 8 $settings
check "out['memory']['kv_dropped_tokens'] > 0"
check "abs(out['memory']['peak_bytes'] / $plan - 1) <= 0.03"
limit $((plan * 95 / 100))
# shellcheck disable=SC2086
in_group "$dir/prompt.txt" 4 run "$model" - --ignore-chat-template --json \
  --max-tokens 8 $settings
silent out
says err 'not started: the run takes .* under a limit of .*what would fit'

# --- a neighbour eats memory -------------------------------------------------

# eaten CODE FINISH_REASON PAUSE: a long run beside the eater.
eaten() {
  (sleep 1.5; exec "$dir/grouped" python3 "$dir/eat.py" 60 "$3") &
  eater=$!
  in_group /dev/null "$1" run "$model" "Tell me a very long story." --json \
    --max-tokens 6000 --logit-bias 2=-100 --logit-bias 0=-100
  kill $eater 2>/dev/null
  # shellcheck disable=SC2046
  kill $(cat "$group/cgroup.procs") 2>/dev/null
  wait $eater 2>/dev/null
  check "out['finish_reason'] == '$2' and out['text']"
  check "out['memory']['stop_latency_s'] <= 1"
  echo "stopped by $2: $(field "out['memory']['stop_reason']")," \
    "$(field "round(out['memory']['stop_latency_s'], 3)") s from sample to end"
}

limit $((220 << 20))
eaten 5 memory 0.01

# --- swap --------------------------------------------------------------------

if [ "$(wc -l </proc/swaps)" -gt 1 ]; then
  skip "the part about swap: this machine has swap in use"
fi
dd if=/dev/zero of="$swapfile" bs=1M count=64 status=none
chmod 600 "$swapfile"
mkswap "$swapfile" >/dev/null 2>&1 && swapon "$swapfile" 2>/dev/null ||
  skip "the part about swap: a swap file cannot be used here"
eaten 6 swap 0.02
finish
