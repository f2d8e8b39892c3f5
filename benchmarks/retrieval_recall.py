#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recall of bantam's search on Debian's sqlite3-doc, 60 questions with known
places (sqlite_questions.tsv): by words, by vectors and by both.

  retrieval_recall.py build/bantam INDEX [--docs /usr/share/doc/sqlite3]
                      [--add] [--oracle build/models/minilm]

A place is found at 5 if one of the five best chunks is of the page; and, more
strictly, if it has the words that stand at the place. --add makes the index
first. With --oracle, sentence-transformers (PyPI) embeds the questions and the
20 chunks that the vectors rank first, and ranks them anew: what the vectors
would find if they were exactly the reference's.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

# Lists of all pages, requirements or diagrams: no places for an answer.
LEFT_OUT = {
    "requirements.html", "doc_backlink_crossref.html", "lang_select.html",
    "doc_keyword_crossref.html", "doc_pagelink_crossref.html",
    "doc_target_crossref.html", "keyword_index.html", "syntaxdiagrams.html",
    "capi3ref.html", "changes.html", "sitemap.html", "doclist.html",
}
FOLDERS = ["", "c3ref", "session", "syntax"]


def pages(docs):
    return [path for folder in FOLDERS
            for path in sorted((docs / folder).glob("*.html"))
            if path.name not in LEFT_OUT]


def questions():
    path = Path(__file__).with_name("sqlite_questions.tsv")
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def flat(text):
    return " ".join(text.split()).lower()


def ask(bantam, index, question, by, results, per_file):
    run = subprocess.run(
        [bantam, "index", "search", question, "--index", index, "--by", by,
         "--results", str(results), "--per-file", str(per_file), "--json"],
        check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


class Score:
    def __init__(self):
        self.page = self.place = self.count = 0
        self.reciprocal = 0.0

    def add(self, hits, page, words, docs):
        self.count += 1
        wanted = str(docs / page)
        ranks = [i for i, hit in enumerate(hits[:5]) if hit["path"] == wanted]
        self.page += bool(ranks)
        self.reciprocal += 1 / (1 + ranks[0]) if ranks else 0
        self.place += any(
            hit["path"] == wanted and flat(words) in flat(
                hit["heading"] + " " + hit["text"]) for hit in hits[:5])

    def row(self, name):
        return (f"| {name} | {self.page / self.count:.3f} | "
                f"{self.place / self.count:.3f} | "
                f"{self.reciprocal / self.count:.3f} |")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bantam")
    parser.add_argument("index")
    parser.add_argument("--docs", type=Path, default="/usr/share/doc/sqlite3")
    parser.add_argument("--add", action="store_true")
    parser.add_argument("--oracle")
    options = parser.parse_args()
    docs = options.docs.resolve()
    if options.add:
        start = time.time()
        files = [str(path) for path in pages(docs)]
        run = subprocess.run(
            [options.bantam, "index", "add", *files, "--index", options.index,
             "--json"], check=True, capture_output=True, text=True)
        report = json.loads(run.stdout)
        report.pop("skipped")
        print(f"{len(files)} pages in {time.time() - start:.0f} s: {report}")
    scores = {name: Score() for name in
              ("words", "vectors", "fusion", "fusion, 1 per file")}
    seconds = []
    kept = []
    for page, words, question in questions():
        for name in scores:
            per_file = 1 if name.endswith("file") else 0
            if name == "fusion":
                per_file = 3
            found = ask(options.bantam, options.index, question,
                        name.split(",")[0], 20 if name == "vectors" else 5,
                        per_file)
            scores[name].add(found["hits"], page, words, docs)
            if name == "fusion":
                seconds.append(found["search_s"])
            if name == "vectors":
                kept.append((page, words, question, found["hits"]))
    print("\n| search | recall@5 of the page | of the place | MRR@5 |")
    print("|---|---|---|---|")
    for name, score in scores.items():
        print(score.row(name))
    if options.oracle:
        print(oracle_score(options.oracle, kept, docs).row(
            "vectors by sentence-transformers"))
    seconds.sort()
    print(f"\nsearch without the model: median {1e3 * seconds[len(seconds) // 2]:.1f}"
          f" ms, longest {1e3 * seconds[-1]:.1f} ms")


def oracle_score(model, kept, docs):
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model, device="cpu")
    texts = {}
    for _, _, _, hits in kept:
        for hit in hits:
            heading = hit["heading"]
            texts[(heading + "\n" if heading else "") + hit["text"]] = None
    names = list(texts)
    vectors = dict(zip(names, encoder.encode(names, batch_size=16)))
    score = Score()
    for page, words, question, hits in kept:
        query = encoder.encode([question])[0]

        def similarity(hit):
            heading = hit["heading"]
            return vectors[(heading + "\n" if heading else "") + hit["text"]] @ query

        ranked = sorted(hits, key=similarity, reverse=True)
        score.add(ranked, page, words, docs)
    return score


if __name__ == "__main__":
    main()
