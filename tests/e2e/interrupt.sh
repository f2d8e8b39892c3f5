# SPDX-License-Identifier: MIT
# Ctrl-C ends a run with what was generated so far and exit code 130.
. "$(dirname "$0")/harness.sh"

# interrupt SIGNALS ARGS...: starts the program, signals it once it must be
# generating. Python starts it, because a shell's background jobs ignore
# SIGINT.
interrupt() {
  command_line="bantam $* (interrupted)"
  python3 - "$bantam" "$dir" "$@" <<'PYTHON'
import signal
import subprocess
import sys
import time
program, folder, *arguments = sys.argv[1:]
with open(f"{folder}/out", "wb") as out, open(f"{folder}/err", "wb") as err:
    child = subprocess.Popen([program, *arguments], stdout=out, stderr=err,
                             stdin=subprocess.DEVNULL)
    time.sleep(2.5)
    child.send_signal(signal.SIGINT)
    sent = time.monotonic()
    try:
        code = child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        sys.exit("still running 20 s after SIGINT")
print(code, file=open(f"{folder}/code", "w"))
if time.monotonic() - sent > 5:
    sys.exit("took more than 5 s to end")
PYTHON
  [ $? -eq 0 ] || complain "did not end in time"
  code=$(cat "$dir/code" 2>/dev/null)
  [ "$code" = 130 ] || complain "exit code $code, expected 130"
}

# Counting never reaches an end of its own.
set -- run smollm2 '1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,' \
  --ignore-chat-template --temp 0 --max-tokens 20000

interrupt "$@"
says out '13, 14'

interrupt "$@" --json
check 'out["finish_reason"] == "cancelled"'
check 'len(out["token_ids"]) > 3 and "13, 14" in out["text"]'
check 'out["usage"]["completion_tokens"] == len(out["token_ids"])'

finish
