#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/retrieval/golden/embeddings.json: what sentence-transformers
answers for a list of texts. Needs torch and sentence-transformers from PyPI;
made with torch 2.15.0, sentence-transformers 6.2.0.

  make_embedding_golden.py build/models/minilm
"""

import json
import sys
from pathlib import Path

from sentence_transformers import SentenceTransformer

TEXTS = [
    "",
    "gravity",
    "What is the capital of France?",
    "SELECT name FROM people WHERE age > 30 ORDER BY name;",
    "Naïve café Ångström, RÉSUMÉ — “quotes” … ½ ﬁ",
    "日本語のテキスト and some English, 中文字符",
    "Привет, мир! مرحبا بالعالم 🙂🚀",
    "unbelievablyextraordinarilylongwordthatisinnovocabulary" * 3,
    "tabs\tand\nnewlines\r\n\x00 and control \x07 characters\u200b",
    # Longer than 256 tokens: what is cut off must not count.
    " ".join(f"word{i} and more" for i in range(200)),
]


def main():
    model = SentenceTransformer(sys.argv[1], device="cpu")
    vectors = model.encode(TEXTS, batch_size=1)
    golden = [
        {"text": text, "vector": [round(float(v), 6) for v in vector]}
        for text, vector in zip(TEXTS, vectors)
    ]
    path = Path(__file__).parent.parent / "tests/retrieval/golden"
    path.mkdir(parents=True, exist_ok=True)
    (path / "embeddings.json").write_text(
        json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n"
    )


if __name__ == "__main__":
    main()
