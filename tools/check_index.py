#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills `bantam index add` at random moments and looks at what is left
(second test tier).

  check_index.py build/bantam [--kills 50] [--seed S]

Documents are added, changed and removed between the kills. After each one the
index must be sound by SQLite's own check and by these rules: every document is
there once, with all its chunks and vectors, in a state that its file had; the
full-text index agrees with the text. In the end nothing is missing.
"""

import argparse
import hashlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def check_file(index, states):
    """Problems of the index; `states`: for each path, the hashes it had."""
    connection = sqlite3.connect(index)
    problems = [row[0] for row in connection.execute("PRAGMA integrity_check")
                if row[0] != "ok"]
    dimension = connection.execute("SELECT dimension FROM model").fetchone()
    rows = connection.execute(
        "SELECT d.path, d.sha256, d.chunks, count(c.id), "
        "(SELECT length(data) FROM vectors v WHERE v.document = d.id), "
        "d.first_chunk, min(c.id), max(c.id) "
        "FROM documents d LEFT JOIN chunks c ON c.document = d.id GROUP BY d.id"
    ).fetchall()
    for path, sha256, chunks, found, vectors, first, least, most in rows:
        if sha256 not in states.get(path, ()):
            problems.append(f"{path}: a state that it never had")
        if found != chunks or vectors != chunks * 2 * dimension[0]:
            problems.append(f"{path}: {found} of {chunks} chunks, {vectors} bytes")
        if chunks and (least, most) != (first, first + chunks - 1):
            problems.append(f"{path}: chunks {least} to {most}, not from {first}")
    if len({row[0] for row in rows}) != len(rows):
        problems.append("a document is there twice")
    orphans = connection.execute(
        "SELECT count(*) FROM chunks WHERE document NOT IN "
        "(SELECT id FROM documents)").fetchone()[0]
    if orphans:
        problems.append(f"{orphans} chunks of no document")
    try:
        connection.execute(
            "INSERT INTO words(words, rank) VALUES('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        problems.append(f"full-text index: {error}")
    connection.rollback()
    connection.close()
    return problems


# Short ones, so that a run commits many times in a second or two.
FILES = 400


class Corpus:
    def __init__(self, folder, rng):
        self.folder, self.rng, self.states = folder, rng, {}
        for i in range(FILES):
            self.write(i)

    def write(self, i):
        words = ["apple", "river", "engine", "ledger", "harbour", "winter"]
        text = "\n\n".join(
            " ".join(self.rng.choice(words) for _ in range(8))
            for _ in range(self.rng.randint(1, 2)))
        path = self.folder / f"file{i:03}.txt"
        path.write_text(text)
        self.states.setdefault(str(path), set()).add(
            hashlib.sha256(text.encode()).hexdigest())

    def change(self):
        for _ in range(FILES // 5):
            self.write(self.rng.randrange(FILES))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bantam")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder).resolve() / "docs"
        docs.mkdir()
        corpus = Corpus(docs, rng)
        index = str(Path(folder) / "index.db")
        add = [options.bantam, "index", "add", str(docs), "--index", index,
               "--threads", "1"]
        # Kills fall anywhere in a run, however fast the machine is.
        start = time.monotonic()
        subprocess.run(add[:-3] + [index + ".timed", "--threads", "1"],
                       check=True, stdout=subprocess.DEVNULL)
        longest = time.monotonic() - start
        killed = 0
        seen = set()
        while killed < options.kills:
            process = subprocess.Popen(
                add, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.05, longest))
            process.send_signal(signal.SIGKILL)
            if process.wait() != -signal.SIGKILL:
                corpus.change()  # it was done: there must be work to break
                continue
            killed += 1
            if not Path(index).exists():
                continue
            try:
                problems = check_file(index, corpus.states)
            except sqlite3.OperationalError as error:
                # Killed before the tables were there.
                problems = [] if "no such table" in str(error) else [str(error)]
            if problems:
                sys.exit(f"after kill {killed}: " + "; ".join(problems[:5]))
            connection = sqlite3.connect(index)
            try:
                seen.add(connection.execute(
                    "SELECT count(*) FROM documents").fetchone()[0])
            except sqlite3.OperationalError:
                seen.add(-1)
            connection.close()
            if rng.random() < 0.3:
                corpus.change()
        subprocess.run(add, check=True, stdout=subprocess.DEVNULL)
        problems = check_file(index, corpus.states)
        connection = sqlite3.connect(index)
        there = dict(connection.execute("SELECT path, sha256 FROM documents"))
        connection.close()
        for path in corpus.states:
            now = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            if there.get(path) != now:
                problems.append(f"{path} is not there as it is now")
        if problems:
            sys.exit("in the end: " + "; ".join(problems[:5]))
        if len(seen) < 3:
            sys.exit(f"only {len(seen)} states seen: no kill met work")
        print(f"{killed} kills, {len(seen)} different states seen, {len(there)} "
              "documents in the end, each once and whole")


if __name__ == "__main__":
    main()
