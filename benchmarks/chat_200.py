#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A long conversation with the built-in model at a small budget:

    benchmarks/chat_200.py build/bantam [--exchanges 200] [--budget 1024]
                           [--rules N]

--rules makes the system prompt longer: it stays in the cache when exchanges go,
so less is read again at each and the whole takes less time.

Holds that memory is flat after the first exchanges, that every exchange that
is forgotten was announced, that the next prompt has exactly the rest, and that
sampled answers are those of a fresh run (bantam replay). Exit code 1 if not."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOPICS = ["the sea", "a lighthouse", "bread", "the moon", "an old clock",
          "rivers", "a violin", "snow", "ants", "the colour red", "a market",
          "maps"]
FORMS = ["Tell me one thing about {}.", "Why do people like {}?",
         "Write a short sentence with {} in it.",
         "Compare {} with what you said before.", "What comes after {}?"]
SYSTEM = "You are a helpful assistant. Answer in one sentence."
RULE = " Rule {}: be kind, be short, and say so when you do not know."


def message(index):
    return FORMS[index % len(FORMS)].format(TOPICS[index % len(TOPICS)])


class Chat:
    def __init__(self, options, folder):
        self.receipt = folder / "receipt.json"
        self.errors = open(folder / "stderr", "w+", encoding="utf-8")
        self.child = subprocess.Popen(
            [options.program, "chat", "smollm2", "--json", "--temp", "0.8",
             "--seed", "7", "--max-tokens", str(options.max_tokens),
             "--max-kv-size", str(options.budget),
             "--chat-history-limit", str(options.limit),
             "--system-prompt", options.system, "--receipt", str(self.receipt)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            encoding="utf-8")

    def say(self, text):
        self.receipt.unlink(missing_ok=True)
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            self.errors.seek(0)
            sys.exit(f"the conversation ended: {self.errors.read()}")
        return json.loads(line)

    def read_receipt(self):
        for _ in range(1000):  # it is there whole or not at all
            if self.receipt.exists():
                return json.loads(self.receipt.read_text(encoding="utf-8"))
            time.sleep(0.01)
        sys.exit("no receipt was written")

    def close(self):
        self.child.stdin.close()
        return self.child.wait(timeout=60)


def expected_messages(system, history, text):
    messages = [{"role": "system", "content": system}]
    for user, assistant in history:
        messages += [{"role": "user", "content": user},
                     {"role": "assistant", "content": assistant}]
    return messages + [{"role": "user", "content": text}]


def talk(options, folder, complain):
    """Returns the exchanges as they were printed."""
    chat = Chat(options, folder)
    history, lines = [], []
    step = max(1, options.exchanges // options.points)
    for index in range(options.exchanges):
        text = message(index)
        line = chat.say(text)
        if "error" in line:
            sys.exit(f"exchange {index}: {line['error']}")
        lines.append(line)
        session, events = line["session"], line["session"]["events"]
        # Those told before the answer make room for it, the others come after.
        before = [e for e in events if "limit is" not in e["text"]]
        after = [e for e in events if "limit is" in e["text"]]
        for event in before:
            del history[:event["dropped_exchanges"]]
        receipt = chat.read_receipt()
        if receipt["settings"]["messages"] != expected_messages(
                options.system, history, text):
            complain(f"exchange {index}: the prompt is not what the "
                     "announcements leave")
        if index % step == step - 1:
            shutil.copy(chat.receipt, folder / f"receipt-{index}.json")
        history.append((text, line["text"]))
        for event in after:
            del history[:event["dropped_exchanges"]]
        if session["exchanges"] != len(history):
            complain(f"exchange {index}: {session['exchanges']} exchanges are "
                     f"kept, announced were {len(history)}")
        if session["context_tokens"] > options.budget:
            complain(f"exchange {index}: {session['context_tokens']} tokens")
        if line["memory"]["kv_dropped_tokens"] != 0:
            complain(f"exchange {index}: the cache dropped tokens")
    if chat.close() != 0:
        complain("the exit code is not 0")
    return lines


def replay(options, folder, complain):
    receipts = sorted(folder.glob("receipt-*.json"))
    for receipt in receipts:
        result = subprocess.run([options.program, "replay", str(receipt)],
                                capture_output=True, encoding="utf-8")
        if result.returncode != 0:
            complain(f"{receipt.name}: {result.stdout}{result.stderr}")
    return len(receipts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--exchanges", type=int, default=200)
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--max-tokens", type=int, default=48)
    parser.add_argument("--points", type=int, default=5)
    parser.add_argument("--settled", type=int, default=10,
                        help="exchanges after which memory is flat")
    parser.add_argument("--rules", type=int, default=0)
    options = parser.parse_args()
    options.system = SYSTEM + "".join(
        RULE.format(i + 1) for i in range(options.rules))
    complaints = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.monotonic()
        lines = talk(options, folder, complaints.append)
        seconds = time.monotonic() - start
        replayed = replay(options, folder, complaints.append)
    peaks = [line["memory"]["peak_bytes"] for line in lines]
    growth = peaks[-1] / peaks[min(options.settled, len(peaks)) - 1] - 1
    if growth > 0.01:
        complaints.append(f"the peak grew by {100 * growth:.2f} %")
    events = [e for line in lines for e in line["session"]["events"]]
    dropped = sum(e["dropped_exchanges"] for e in events)
    if dropped == 0:
        complaints.append("nothing was dropped: the test shows nothing")
    usage = [line["usage"] for line in lines]
    prompt = sum(u["prompt_tokens"] for u in usage)
    cached = sum(u["cached_tokens"] for u in usage)
    print(json.dumps({
        "exchanges": len(lines), "seconds": round(seconds, 1),
        "peak_mib_settled": round(
            peaks[min(options.settled, len(peaks)) - 1] / 2**20, 2),
        "peak_mib_end": round(peaks[-1] / 2**20, 2),
        "growth_percent": round(100 * growth, 3),
        "planned_mib": round(lines[-1]["memory"]["planned_bytes"] / 2**20, 2),
        "announcements": len(events), "dropped_exchanges": dropped,
        "most_context_tokens": max(
            line["session"]["context_tokens"] for line in lines),
        "prompt_tokens": prompt, "cached_tokens": cached,
        "replayed_identical": replayed - sum(
            c.startswith("receipt") for c in complaints),
        "failures": complaints}, indent=1))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
