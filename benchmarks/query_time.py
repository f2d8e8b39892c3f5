#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time of a search in a large index, without the embedding model's own.

  query_time.py build/bantam INDEX GROWN [--chunks 50000] [--questions 60]

GROWN is made from INDEX by copying its documents under other names until it has
that many chunks. The questions of sqlite_questions.tsv are asked of it.
"""

import argparse
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path


def grow(source, target, chunks):
    Path(target).unlink(missing_ok=True)
    shutil.copyfile(source, target)
    db = sqlite3.connect(target)
    have = db.execute("SELECT count(*) FROM chunks").fetchone()[0]
    last_chunk = db.execute("SELECT max(id) FROM chunks").fetchone()[0]
    last_document = db.execute("SELECT max(id) FROM documents").fetchone()[0]
    copies = 0
    while (copies + 1) * have < chunks:
        copies += 1
        add = (copies * last_document, copies * last_chunk)
        db.execute(
            "INSERT INTO documents SELECT id + ?1, path || '.' || ?3, kind, "
            "encoding, bytes, sha256, first_chunk + ?2, chunks FROM documents "
            "WHERE id <= ?4", (*add, copies, last_document))
        db.execute(
            "INSERT INTO chunks SELECT id + ?2, document + ?1, byte_begin, "
            "byte_end, line_first, line_last, heading, text FROM chunks "
            "WHERE id <= ?3", (*add, last_chunk))
        db.execute(
            "INSERT INTO vectors SELECT document + ?, data FROM vectors "
            "WHERE document <= ?", (add[0], last_document))
        db.commit()
    total = db.execute("SELECT count(*) FROM chunks").fetchone()[0]
    db.close()
    return total


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bantam")
    parser.add_argument("index")
    parser.add_argument("grown")
    parser.add_argument("--chunks", type=int, default=50000)
    parser.add_argument("--questions", type=int, default=60)
    options = parser.parse_args()
    total = grow(options.index, options.grown, options.chunks)
    size = Path(options.grown).stat().st_size / 1e6
    print(f"{total} chunks, {size:.0f} MB\n\n"
          "| search | median ms | 95 % ms | longest ms |\n|---|---|---|---|")
    lines = Path(__file__).with_name("sqlite_questions.tsv").read_text()
    questions = [line.split("\t")[2] for line in lines.splitlines()
                 if not line.startswith("#")]
    for by in ("words", "vectors", "fusion"):
        times = []
        for question in questions[:options.questions]:
            run = subprocess.run(
                [options.bantam, "index", "search", question, "--index",
                 options.grown, "--by", by, "--json"],
                check=True, capture_output=True, text=True)
            times.append(1e3 * json.loads(run.stdout)["search_s"])
        times.sort()
        print(f"| {by} | {times[len(times) // 2]:.1f} | "
              f"{times[int(0.95 * len(times))]:.1f} | {times[-1]:.1f} |")


if __name__ == "__main__":
    main()
