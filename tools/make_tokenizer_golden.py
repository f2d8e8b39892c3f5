#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/text/golden/: small real tokenizers of every kind and what the
PyPI packages `tokenizers` (0.23.3) and `sentencepiece` (for the charsmap of
the precompiled normalizer) make of the texts in tokenizer_corpus.py.

  make_tokenizer_golden.py tests/text/golden

Of each text golden.json keeps one hash (FNV-1a, 64 bits) over the ids, with
and without special tokens, and both decoded strings; of a few texts also the
ids, to make failures readable.
"""

import base64
import io
import json
import os
import sys
import tempfile

from tokenizers import Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, trainers

from tokenizer_corpus import (
    CODE, EDGES, SCRIPTS, RandomText, decode_without_specials, fixed_texts)

SPECIALS = ["<|begin|>", "<|end|>", "<|im_start|>", "<|im_end|>"]
GPT2 = (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
        r"|\s+(?!\S)|\s+")
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+"
          r"|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
GPT4O = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{SHORT}"
         rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{SHORT}|\p{{N}}{{1,3}}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
KIMI = (r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&"
        r"[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
             r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
             r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def training_text():
    source = RandomText(11)
    source.any = list("abc def")  # no noise in what is learnt
    return (SCRIPTS + CODE) * 3 + [source.text() for _ in range(200)]


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def plain_bytes():
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def train(tokenizer, trainer):
    tokenizer.train_from_iterator(training_text(), trainer)
    return json.loads(tokenizer.to_str())


def byte_level(stages, normalizer=None, size=1000, **model):
    """A byte-level BPE whose pre-tokenizer is `stages`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(stages)
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    made = train(tokenizer, trainers.BpeTrainer(
        vocab_size=size, show_progress=False, special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made["model"].update(model)
    return made


def template(before, after=()):
    def piece(name):
        return {"SpecialToken": {"id": name, "type_id": 0}}

    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    names = list(before) + list(after)
    return {
        "type": "TemplateProcessing",
        "single": [piece(n) for n, _ in before] + [sequence]
                  + [piece(n) for n, _ in after],
        "pair": [sequence, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            n: {"id": n, "ids": [i], "tokens": [n]} for n, i in names},
    }


def added(content, token_id=0, **flags):
    token = {"id": token_id, "content": content, "single_word": False,
             "lstrip": False, "rstrip": False, "normalized": False,
             "special": True}
    token.update(flags)
    return token


def spaced_bpe(normalizer, pre_tokenizer, decoder, size=1200):
    """SentencePiece-like BPE with byte tokens, as Llama 2 and Gemma."""
    tokenizer = Tokenizer(models.BPE(
        unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    # Trained on words: merges over whole texts would learn the texts.
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = normalizer
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    made = train(trained, trainers.BpeTrainer(
        vocab_size=size, show_progress=False, special_tokens=special,
        limit_alphabet=150))
    made["model"].update(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    made["normalizer"] = json.loads(tokenizer.to_str())["normalizer"]
    made["pre_tokenizer"] = json.loads(tokenizer.to_str())["pre_tokenizer"]
    made["decoder"] = json.loads(tokenizer.to_str())["decoder"]
    made["added_tokens"] = [added(t, i) for i, t in enumerate(special[:3])]
    made["post_processor"] = template([("<s>", 1)])
    return made


def spaced_decoder(strip=True):
    stages = [decoders.Replace("▁", " "), decoders.ByteFallback(),
              decoders.Fuse()]
    if strip:
        stages.append(decoders.Strip(" ", 1, 0))
    return decoders.Sequence(stages)


def unigram(normalizer, pre_tokenizer, decoder, byte_fallback=False):
    tokenizer = Tokenizer(models.Unigram())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    special = ["<pad>", "</s>", "<unk>"]
    if byte_fallback:
        special += [f"<0x{b:02X}>" for b in range(256)]
    made = train(tokenizer, trainers.UnigramTrainer(
        vocab_size=900 + len(special), show_progress=False,
        special_tokens=special, unk_token="<unk>"))
    for entry in made["model"]["vocab"]:
        entry[1] = round(entry[1], 6)
    made["model"]["byte_fallback"] = byte_fallback
    made["added_tokens"] = made["added_tokens"][:3]
    made["post_processor"] = template([], [("</s>", 1)])
    return made


def small_charsmap():
    """Rules of our own: the compiled NFKC of SentencePiece is 320 kB."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as model_pb2

    rules = {"ﬁ": "fi", "Å": "å", "①": "1", "㍿": "株式会社", "\u00a0": " ",
             "\u200b": "", "e\u0301": "é", "é": "e", "\u1100\u1161\u11a8": "\uac01",
             "👩": "w", "ab": "X", "\u3000": " ", "½": "1/2", "\t": " ",
             "\n": " ", "A": "a", "B": "b"}
    handle, path = tempfile.mkstemp(suffix=".tsv")
    with os.fdopen(handle, "w") as f:
        for key, value in rules.items():
            f.write(" ".join(f"{ord(c):X}" for c in key) + "\t"
                    + " ".join(f"{ord(c):X}" for c in value) + "\n")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["one two three four five"] * 9),
        model_writer=model, vocab_size=40, hard_vocab_limit=False,
        minloglevel=2, normalization_rule_tsv=path)
    os.remove(path)
    proto = model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return base64.b64encode(
        proto.normalizer_spec.precompiled_charsmap).decode()


def word_piece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made = train(tokenizer, trainers.WordPieceTrainer(
        vocab_size=900, show_progress=False, special_tokens=special))
    made["post_processor"] = template(
        [("[CLS]", 2)], [("[SEP]", 3)])
    made["truncation"] = {"direction": "Right", "max_length": 128,
                          "strategy": "LongestFirst", "stride": 0}
    made["padding"] = {"strategy": {"Fixed": 128}, "direction": "Right",
                       "pad_to_multiple_of": None, "pad_id": 0,
                       "pad_type_id": 0, "pad_token": "[PAD]"}
    return made


def suffix_bpe(normalizer, pre_tokenizer, decoder, **model):
    tokenizer = Tokenizer(models.BPE(
        unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    made = train(tokenizer, trainers.BpeTrainer(
        vocab_size=900, show_progress=False, special_tokens=["<unk>"],
        end_of_word_suffix="</w>"))
    made["model"].update(model)
    return made


def word_level(pre_tokenizer, normalizer=None, decoder=None, tokens=()):
    """Every third word the pre-tokenizer makes of the corpus is a token, so
    that the ids show where words begin and end."""
    words = {}
    for text in fixed_texts():
        if normalizer:
            text = normalizer.normalize_str(text)
        for word, _ in pre_tokenizer.pre_tokenize_str(text):
            words.setdefault(word, len(words))
    words = [w for i, w in enumerate(words) if i % 3 != 0 and len(w) < 12]
    vocab = {w: i + 1 for i, w in enumerate(words[:500])}
    vocab["<unk>"] = 0
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    if decoder:
        tokenizer.decoder = decoder
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = [added("<unk>", 0)] + list(tokens)
    return made


def all_flag_tokens():
    """One added token for each combination of the five flags."""
    tokens = []
    for bits in range(32):
        flags = {name: bool(bits >> i & 1) for i, name in enumerate(
            ("single_word", "lstrip", "rstrip", "normalized", "special"))}
        tokens.append(added(f"<F{bits}>", 1000 + bits, **flags))
    tokens += [
        added("<F1><F2>", 1032, special=False),
        added("Upper", 1033, special=False, normalized=True),
        added("uPPer", 1034, special=False),
        added("  ", 1035, special=False, normalized=True),
        added("\n\n", 1036, special=False),
        added("été", 1037, special=True, normalized=True),
    ]
    return tokens


FLAG_TEXTS = [f"a <F{i}> b x<F{i}>y  <F{i}>  <F{i}>,<F{i}>\t\n<F{i}>\n\n z"
              for i in range(32)] + [
    "<F1><F2><F1><F3><F1> <F2>",
    "upper Upper UPPER uPPer xUppery",
    "été ÉTÉ e\u0301te\u0301 x été",
    " <F2> <F4> <F6>  <F6>  <F2>\n\n<F4>\n\n\n<F4>\n",
    "<f8><F8><f24> <F24>  \u3000<F6>\u3000\u0301<F1>\u0301<F1>\u200d",
]


def with_tokens(made, tokens):
    made["added_tokens"] = made["added_tokens"] + list(tokens)
    return made


def make_all():
    digits = pre_tokenizers.Digits(individual_digits=True)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    replace = normalizers.Replace(" ", "▁")
    llama2 = normalizers.Sequence([normalizers.Prepend("▁"), replace])
    nfc = normalizers.NFC()
    yield "gpt2", byte_level([gpt2]), {"pre": "gpt-2"}
    yield "llama3", dict(
        byte_level([split(LLAMA3), plain_bytes()], ignore_merges=True),
        post_processor=template([("<|begin|>", 0)])), {
            "pre": "llama-bpe", "bos": 0}
    yield "qwen2", byte_level([split(QWEN2), plain_bytes()], nfc), {
        "pre": "qwen2"}
    yield "qwen35", byte_level([split(QWEN35), plain_bytes()], nfc), {
        "pre": "qwen35"}
    yield "smollm", byte_level([digits, gpt2]), {"pre": "smollm"}
    yield "gpt4o", byte_level([split(GPT4O), plain_bytes()]), {
        "pre": "gpt-4o"}
    yield "deepseek3", byte_level(
        [split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK3),
         plain_bytes()]), {"pre": "deepseek-v3"}
    yield "falcon", byte_level(
        [pre_tokenizers.Punctuation("contiguous"), gpt2,
         pre_tokenizers.Digits(False), split("[0-9][0-9][0-9]")]), {
            "pre": "falcon"}
    yield "bloom", byte_level(
        [split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), plain_bytes()]), None
    yield "kimi", byte_level([split(KIMI), plain_bytes()]), None
    roberta = byte_level([pre_tokenizers.ByteLevel(add_prefix_space=True)])
    roberta["post_processor"] = {
        "type": "RobertaProcessing", "sep": ["<|end|>", 1],
        "cls": ["<|begin|>", 0], "trim_offsets": True,
        "add_prefix_space": True}
    yield "roberta", with_tokens(
        roberta, [added("<mask>", 1000, lstrip=True)]), None
    yield "neox", with_tokens(
        byte_level([gpt2], nfc),
        [added(" " * n, 1000 + n, special=False, normalized=True)
         for n in range(2, 10)]), None

    yield "llama2", spaced_bpe(llama2, None, spaced_decoder()), None
    yield "mistral", spaced_bpe(
        None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
        spaced_decoder()), None
    yield "gemma", spaced_bpe(
        replace, pre_tokenizers.Split(" ", "merged_with_previous"),
        spaced_decoder(False)), {"model": "gemma4"}
    phi3 = spaced_bpe(llama2, None, spaced_decoder())
    phi3["added_tokens"] += [
        added("<|user|>", 1200, rstrip=True),
        added("<|pad|>", 1201, special=False, lstrip=True),
        added("<|odd|>", 1202, normalized=True)]
    yield "phi3", phi3, None

    metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
    yield "unigram", unigram(None, metaspace, decoders.Metaspace()), None
    yield "unigram_bytes", unigram(
        normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(),
                              normalizers.Replace(Regex(" {2,}"), " ")]),
        metaspace,
        decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]),
        True), None
    albert = unigram(
        normalizers.Sequence(
            [normalizers.Replace("``", '"'), normalizers.NFKD(),
             normalizers.StripAccents(), normalizers.Lowercase(),
             normalizers.Strip()]),
        pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), metaspace]),
        decoders.Metaspace())
    yield "albert", albert, None
    precompiled = unigram(None, metaspace, decoders.Metaspace())
    precompiled["normalizer"] = {
        "type": "Precompiled", "precompiled_charsmap": small_charsmap()}
    yield "precompiled", precompiled, None

    yield "bert", word_piece(), None
    yield "openai_gpt", suffix_bpe(
        normalizers.BertNormalizer(strip_accents=False),
        pre_tokenizers.BertPreTokenizer(), decoders.BPEDecoder()), None
    yield "clip", suffix_bpe(
        normalizers.Sequence(
            [nfc, normalizers.Replace(Regex(r"\s+"), " "),
             normalizers.Lowercase()]),
        pre_tokenizers.Sequence(
            [split(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
                   "removed", True), gpt2]),
        decoders.ByteLevel(), fuse_unk=True), None
    yield "continuing", dict(
        suffix_bpe(normalizers.NFD(), pre_tokenizers.Whitespace(),
                   decoders.BPEDecoder())), None

    for behavior in ("removed", "isolated", "merged_with_previous",
                     "merged_with_next", "contiguous"):
        for invert in (False, True):
            name = f"split_{behavior}" + ("_invert" if invert else "")
            yield name, word_level(split(
                r"\s+|[aeiou]|\d{2}|[.,!?]", behavior, invert)), None
    yield "whitespace", word_level(pre_tokenizers.Whitespace()), None
    yield "delimiter", word_level(pre_tokenizers.Sequence(
        [pre_tokenizers.CharDelimiterSplit(" "),
         pre_tokenizers.Punctuation("removed"),
         pre_tokenizers.Digits(True)])), None
    yield "fixed_length", word_level(pre_tokenizers.FixedLength(3)), None
    yield "word_regex", word_level(split(
        r"\b\w+\b|^\W|[[:punct:]&&[^.]]+$|\d{2,}+|\h{,2}|[^\S\n]|(?m:..)")), None
    yield "byte_normalizer", word_level(
        pre_tokenizers.WhitespaceSplit(),
        normalizers.Sequence([normalizers.Strip(left=False),
                              normalizers.ByteLevel()])), None
    yield "flags", with_tokens(
        word_level(pre_tokenizers.WhitespaceSplit(),
                   normalizers.Sequence([nfc, normalizers.Lowercase()]),
                   decoders.Sequence([decoders.Replace("a", "b"),
                                      decoders.Strip("b", 1, 0)])),
        all_flag_tokens()), None
    yield "flags_plain", with_tokens(
        byte_level([gpt2]), all_flag_tokens()), None


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def golden(tokenizer, texts):
    """One hash a text, over a line for each of the four results."""
    hashes = []
    for text in texts:
        tokenizer.encode_special_tokens = False
        ids = tokenizer.encode(text).ids
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text).ids
        lines = [json.dumps(ids, separators=(",", ":")),
                 json.dumps(plain, separators=(",", ":")),
                 decode_without_specials(tokenizer, ids),
                 tokenizer.decode(ids, skip_special_tokens=False)]
        hashes.append(fnv1a("\n".join(lines).encode()))
    tokenizer.encode_special_tokens = False
    return hashes


def write(path, value):
    with open(path, "w") as f:
        json.dump(value, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


def main():
    target = sys.argv[1]
    source = RandomText(5, SPECIALS + ["<s>", "</s>", "<mask>", "[SEP]",
                                       "<|user|>", "<F6>", "<F27>"])
    texts = fixed_texts() + FLAG_TEXTS + [source.text() for _ in range(150)]
    os.makedirs(target, exist_ok=True)
    write(os.path.join(target, "texts.json"), texts)
    for name, made, gguf in make_all():
        made["version"] = "1.0"
        data = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
        tokenizer = Tokenizer.from_str(data)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        write(os.path.join(target, f"{name}.tokenizer.json"), made)
        write(os.path.join(target, f"{name}.golden.json"), {
            "gguf": gguf,
            "hashes": golden(tokenizer, texts),
            "ids": [tokenizer.encode(t).ids for t in texts[:len(EDGES):4]],
        })
        print(name, len(data))


if __name__ == "__main__":
    main()
