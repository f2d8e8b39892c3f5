#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bantam serve beside llama.cpp's server: the same file, the same load.

  compare_servers.py [--rounds N] [--seconds N] [--threads N] [--clients 1,4]

The machine's speed drifts, so the two take turns: each round loads one and then
the other with server_load.py. Printed are the medians as one JSON object:
tokens per second, the first token's p50 and p99, and the ratios. llama.cpp is
what compare_llama.py builds; its server gets as many slots as there are
clients, and so does bantam (--parallel).
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import compare_llama

ROOT = Path(__file__).resolve().parent.parent
LOAD = ROOT / "benchmarks" / "server_load.py"
CONTEXT = 1024
FIGURES = ("tokens_per_second", "first_token_p50_s", "first_token_p99_s")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_ready(url, process):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit("a server ended before it was ready")
        try:
            with urllib.request.urlopen(url + "/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    sys.exit("a server did not get ready")


def loaded(command, port, clients, seconds):
    """What server_load.py prints of the server that `command` starts."""
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=log, stderr=log)
        try:
            wait_until_ready(url, process)
            run = subprocess.run(
                [sys.executable, LOAD, url, "--seconds", str(seconds),
                 "--clients", str(clients)],
                stdout=subprocess.PIPE, check=True)
            return json.loads(run.stdout)
        finally:
            process.terminate()
            process.wait(timeout=30)


def bantam(options, clients, port):
    return [compare_llama.BANTAM, "serve", compare_llama.MODEL,
            "--port", port, "--threads", options.threads,
            "--max-kv-size", CONTEXT, "--parallel", clients]


def llama(options, clients, port):
    return [options.llama, "-m", compare_llama.MODEL, "--port", port,
            "-t", options.threads, "-tb", options.threads,
            "-c", CONTEXT * clients, "-np", clients, "--no-webui"]


def compare(options, clients):
    seen = {"bantam": [], "llama.cpp": []}
    for _ in range(options.rounds):
        for name, command_of in (("bantam", bantam), ("llama.cpp", llama)):
            port = free_port()
            seen[name].append(loaded(
                command_of(options, clients, port), port, clients,
                options.seconds))
    row = {"clients": clients}
    for name, results in seen.items():
        row[name] = {figure: statistics.median(r[figure] for r in results)
                     for figure in FIGURES}
        row[name]["strange"] = sum(r["strange"] for r in results)
    row["throughput_ratio"] = round(
        row["bantam"]["tokens_per_second"]
        / row["llama.cpp"]["tokens_per_second"], 3)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clients", default="1,4")
    options = parser.parse_args()
    folder, _ = compare_llama.build_llama()
    subprocess.run(["ninja", "-C", folder.parent, "llama-server"],
                   stdout=subprocess.DEVNULL, check=True)
    options.llama = folder / "llama-server"
    rows = [compare(options, int(n)) for n in options.clients.split(",")]
    print(json.dumps({"seconds": options.seconds, "rounds": options.rounds,
                      "threads": options.threads, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
