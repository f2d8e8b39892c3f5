# SPDX-License-Identifier: MIT
"""A byte-level BPE vocabulary of 272 tokens for the tiny models: 4 special
tokens, the 256 bytes, 12 merges. As tokenizer.json and as GGUF metadata."""

import json

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
BOS, EOS = 0, 2
# Later merges build on earlier ones.
MERGES = ["\u0120 t", "h e", "i n", "\u0120t he", "e r", "a n", "\u0120 a",
          "o n", "r e", "an d", "\u0120 \u0120", "in g"]
VOCABULARY_SIZE = len(SPECIAL) + 256 + len(MERGES)

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n'"
    " + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")

# The pre-tokenizer of Llama 3, as its tokenizer.json spells it.
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_characters():
    """GPT-2's printable stand-in for each byte, in its order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [
        chr(256 + i) for i in range(len(hidden))]


def tokens(size=VOCABULARY_SIZE):
    """The vocabulary, filled up to `size` with tokens that no text makes."""
    return (SPECIAL + byte_characters()
            + [merge.replace(" ", "") for merge in MERGES]
            + [f"<|unused_{i}|>" for i in range(VOCABULARY_SIZE, size)])


def pre_tokenizer(adds_bos):
    """SmolLM2's where no BOS is added, Llama 3's where it is."""
    if not adds_bos:
        return {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False,
             "trim_offsets": True, "use_regex": True}]}
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": LLAMA3_SPLIT},
         "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False,
         "trim_offsets": True, "use_regex": False}]}


def post_processor(adds_bos):
    level = {"type": "ByteLevel", "add_prefix_space": True,
             "trim_offsets": False, "use_regex": True}
    if not adds_bos:
        return level
    bos = SPECIAL[BOS]

    def token(name):
        return {"SpecialToken": {"id": name, "type_id": 0}}

    def sequence(name):
        return {"Sequence": {"id": name, "type_id": 0}}

    template = {
        "type": "TemplateProcessing",
        "single": [token(bos), sequence("A")],
        "pair": [token(bos), sequence("A"), token(bos), sequence("B")],
        "special_tokens": {bos: {"id": bos, "ids": [BOS], "tokens": [bos]}}}
    return {"type": "Sequence", "processors": [level, template]}


def write_json(folder, adds_bos, size=VOCABULARY_SIZE):
    byte_level = {"type": "ByteLevel", "add_prefix_space": True,
                  "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": i, "content": content, "single_word": False,
             "lstrip": False, "rstrip": False, "normalized": False,
             "special": True} for i, content in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": pre_tokenizer(adds_bos),
        "post_processor": post_processor(adds_bos),
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None,
            "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": adds_bos,
            "vocab": {token: i for i, token in enumerate(tokens(size))},
            "merges": MERGES}}
    (folder / "tokenizer.json").write_text(
        json.dumps(tokenizer, ensure_ascii=False) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIAL[BOS], "eos_token": SPECIAL[EOS],
        "pad_token": SPECIAL[3], "clean_up_tokenization_spaces": False,
        "model_max_length": 256, "chat_template": CHAT_TEMPLATE},
        indent=1) + "\n")


def add_to_gguf(writer, adds_bos, size=VOCABULARY_SIZE):
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe" if adds_bos else "smollm")
    writer.add_token_list(tokens(size))
    control, normal = 3, 1
    writer.add_token_types([control] * len(SPECIAL)
                           + [normal] * (size - len(SPECIAL)))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_pad_token_id(3)
    writer.add_add_bos_token(adds_bos)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)
