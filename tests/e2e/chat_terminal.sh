# SPDX-License-Identifier: MIT
# bantam chat on a terminal: editing, pasting, Ctrl-C, Ctrl-D, the meter.
. "$(dirname "$0")/harness.sh"

cat >"$dir/terminal.py" <<'PYTHON'
import os
import pty
import re
import select
import signal
import sys
import time

program = sys.argv[1]
CTRL_A, CTRL_C, CTRL_D, CTRL_U = b"\x01", b"\x03", b"\x04", b"\x15"
UP, LEFT = b"\x1b[A", b"\x1b[D"


class Terminal:
    def __init__(self, *flags):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(program, [program, "chat", "smollm2", "--temp", "0",
                               *flags])

    def until(self, pattern, seconds=100):
        """Reads until the pattern comes; what stood before and in it."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.seen, re.DOTALL)
            if match:
                got = self.seen[:match.end()]
                self.seen = self.seen[match.end():]
                return got.decode("utf-8", "replace")
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit(f"{pattern} did not come; seen: {self.seen!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                sys.exit(f"{pattern} did not come before the end; "
                         f"seen: {self.seen!r}")
            self.seen += data

    def send(self, data):
        os.write(self.fd, data)

    def code(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit("still running")


def check(holds, what):
    if not holds:
        sys.exit(what)


METER = rb"context \d+ of 1024 \| exchanges (\d+) of 10 \| [^\n]*tok/s"
PROMPT = rb"\x1b\[J> \r\x1b\[2C"

terminal = Terminal("--max-tokens", "10")
terminal.until(PROMPT)
# Written with a mistake, mended in the middle of the line.
terminal.send("What is the capital of Frnce?".encode() + LEFT * 4 + b"a\r")
answer = terminal.until(METER)
check("Paris" in answer, f"no answer: {answer}")
check("exchanges 1 of 10" in answer, "the meter does not count")
terminal.until(PROMPT)
# History: the same again.
terminal.send(UP)
terminal.until("France\\?".encode())
terminal.send(b"\r")
terminal.until(METER)
terminal.until(PROMPT)
# Several lines pasted at once are one message.
terminal.send(b"\x1b[200~Count these words:\none\ntwo\x1b[201~")
terminal.until(rb"two")
terminal.send(b"\r")
check("exchanges 3 of 10" in terminal.until(METER), "a paste was cut up")
terminal.until(PROMPT)
# Characters of several bytes, erased whole.
terminal.send("é日".encode() + b"\x7f\x7f/stats\r")
terminal.until(rb"exchanges  3 kept, limit 10")
terminal.until(PROMPT)
# Ctrl-C drops the line that was begun.
terminal.send(b"never mind" + CTRL_C)
terminal.until(rb"Ctrl-D leaves")
terminal.until(PROMPT)
terminal.send(CTRL_D)
check(terminal.code() == 0, "Ctrl-D does not end with 0")

# Ctrl-C stops an answer and keeps the conversation.
terminal = Terminal("--max-tokens", "900", "--logit-bias", "2=-100",
                    "--logit-bias", "0=-100")
terminal.until(PROMPT)
terminal.send(b"Tell me a very long story about a dragon.\r")
terminal.until(rb"reading: ")
terminal.until(rb"\x1b\[K[A-Z][^\x1b ]* [^\x1b ]+ [^\x1b ]+ ")
time.sleep(0.5)
terminal.send(CTRL_C)
check("exchanges 1 of 10" in terminal.until(METER, 30), "not kept")
terminal.until(PROMPT)
terminal.send(b"/stats\r")
terminal.until(rb"exchanges  1 kept")
terminal.until(PROMPT)
os.kill(terminal.pid, signal.SIGTERM)
check(terminal.code() == 130, "SIGTERM does not end with 130")
PYTHON
command_line="python3 terminal.py"
python3 "$dir/terminal.py" "$bantam" >"$dir/out" 2>"$dir/err" ||
  complain "the conversation on a terminal"
finish
