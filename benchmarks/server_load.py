#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Loads a running server on this machine with mixed requests and rude clients.

  server_load.py URL [--seconds N] [--clients N] [--rude N]

`clients` ask for chats, streamed and not, one after the other; `rude` ones hang
up in the middle, send garbage, or read slowly. Prints one JSON object: answers,
refusals, the first token's p50 and p99, tokens per second, and what should not
have been ("strange": 0). URL must be of this machine. Works with any server of
OpenAI's chat API, so that two can be compared; --pid PID adds the growth of
that process' resident memory.
"""

import argparse
import http.client
import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

LONGEST_SECONDS = 3600
MOST_CLIENTS = 64
PROMPTS = [
    "What is gravity?",
    "Write a short story about a fox and a river.",
    "List five colours.",
    "Explain how a bicycle stays upright, step by step, for a child.",
]


class Load:
    def __init__(self, address, seconds):
        self.address = address
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.counts = Counter()
        self.first_token = []
        self.tokens = 0

    def running(self):
        return time.monotonic() < self.end

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def connect(self):
        return http.client.HTTPConnection(*self.address, timeout=120)

    def ask(self, connection, choose):
        body = {
            "messages": [{"role": "user", "content": choose.choice(PROMPTS)}],
            "max_tokens": choose.choice([8, 32, 64]),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.7,
            "seed": choose.randrange(1000),
        }
        start = time.monotonic()
        connection.request("POST", "/v1/chat/completions", json.dumps(body),
                           {"Content-Type": "application/json"})
        return start, connection.getresponse()

    def polite(self, seed):
        choose = random.Random(seed)
        connection = self.connect()
        while self.running():
            try:
                start, response = self.ask(connection, choose)
                if response.status == 503:
                    response.read()
                    self.count("refused")
                    time.sleep(0.2)
                    continue
                if response.status != 200:
                    self.count("strange")
                    print(response.status, response.read()[:300], file=sys.stderr)
                    continue
                self.read_stream(response, start)
            except (OSError, http.client.HTTPException) as error:
                self.count("strange")
                print("polite:", repr(error), file=sys.stderr)
                connection.close()
                connection = self.connect()
        connection.close()

    def read_stream(self, response, start):
        first, tokens, done = None, 0, False
        for line in response:
            if not line.startswith(b"data: "):
                continue
            if line.startswith(b"data: [DONE]"):
                done = True
                continue
            chunk = json.loads(line[6:])
            if first is None and chunk.get("choices") and \
                    chunk["choices"][0]["delta"].get("content"):
                first = time.monotonic() - start
            if chunk.get("usage"):
                tokens = chunk["usage"]["completion_tokens"]
        with self.lock:
            self.counts["answered" if done else "strange"] += 1
            self.tokens += tokens
            if first is not None:
                self.first_token.append(first)

    def rude(self, seed):
        choose = random.Random(seed)
        while self.running():
            kind = choose.choice(["hang up", "garbage", "slow", "bad json"])
            try:
                if kind == "garbage":
                    with socket.create_connection(self.address, 10) as client:
                        client.sendall(choose.randbytes(200) + b"\r\n\r\n")
                        # A random line break may make it two.
                        answer = client.recv(100)
                        self.count("strange" if b" 200 " in answer else kind)
                    continue
                connection = self.connect()
                if kind == "bad json":
                    connection.request("POST", "/v1/chat/completions", "{")
                    good = connection.getresponse().status in (400, 503)
                    self.count(kind if good else "strange")
                else:
                    _, response = self.ask(connection, choose)
                    response.read(choose.randrange(1, 300))
                    if kind == "slow":
                        time.sleep(choose.random() * 2)
                    self.count(kind)
                connection.close()
            except (OSError, http.client.HTTPException):
                self.count(kind)
            time.sleep(0.05)


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
    return 0


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--rude", type=int, default=0)
    parser.add_argument("--pid", type=int)
    given = parser.parse_args()
    url = urlsplit(given.url)
    if url.hostname not in ("127.0.0.1", "localhost", "::1"):
        sys.exit("only a server of this machine is loaded")
    seconds = min(given.seconds, LONGEST_SECONDS)
    load = Load((url.hostname, url.port), seconds)
    before = resident_bytes(given.pid) if given.pid else None
    jobs = [threading.Thread(target=load.polite, args=(i,))
            for i in range(min(given.clients, MOST_CLIENTS))]
    jobs += [threading.Thread(target=load.rude, args=(1000 + i,))
             for i in range(min(given.rude, MOST_CLIENTS))]
    start = time.monotonic()
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    took = time.monotonic() - start
    print(json.dumps({
        "seconds": round(took, 1),
        "clients": given.clients,
        "rude": given.rude,
        "counts": dict(load.counts),
        "strange": load.counts["strange"],
        "tokens_per_second": round(load.tokens / took, 2),
        "first_token_p50_s": percentile(load.first_token, 0.5),
        "first_token_p99_s": percentile(load.first_token, 0.99),
        "resident_growth_bytes":
            resident_bytes(given.pid) - before if given.pid else None,
    }))
    return 1 if load.counts["strange"] else 0


if __name__ == "__main__":
    sys.exit(main())
