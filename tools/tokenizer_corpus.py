# SPDX-License-Identifier: MIT
"""Text for tokenizer tests: written here, and random, with characters that
Unicode 14 assigns (the version of Debian 12's PCRE2)."""

import random
import sys
import unicodedata

SCRIPTS = [
    "The quick brown fox jumps over the lazy dog. It's 10 o'clock, isn't it?",
    "Don't we'll they've I'm she'd YOU'RE it'S he’s L'ÉTÉ ſ'ſ",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Ὀδυσσεύς ᾀ",
    "נחש צפע: שָׁלוֹם עֲלֵיכֶם",
    "صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت — ۱۲۳ ٤٥٦",
    "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश १२३",
    "আমি কাঁচ খেতে পারি, তাতে আমার কোনো ক্ষতি হয় না।",
    "நான் கண்ணாடி சாப்பிடுவேன், அதனால் எனக்கு ஒரு கேடும் வராது.",
    "ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ ๑๒๓",
    "ຂອ້ຍກິນແກ້ວໄດ້ ខ្ញុំអាចញុំកញ្ចក់បាន ကျွန်တော် မှန်စားနိုင်တယ်",
    "我能吞下玻璃而不伤身体。臺灣正體字，標點「引號」；２０２４年。",
    "私はガラスを食べられます。ｶﾞﾗｽ ー それは私を傷つけません。㍿①②③",
    "나는 유리를 먹을 수 있어요. 한글 자모: ㄱㅏㄴ 각",
    "მინას ვჭამ და არა მტკივა. Կրնամ ապակի ուտել։ ብርጭቆ መብላት እችላለሁ",
    "Tôi có thể ăn thủy tinh mà không hại gì. Čeština: příliš žluťoučký kůň",
    "İstanbul'da ılık bir Iğdır; ß ẞ ǅ ﬁ ﬂ ﬃ Ǆ ŉ ΐ ﬗ Ω K Å",
    "combining: e\u0301 a\u0308\u0304 o\u0302\u0323 q\u0307\u0323 \u0301lead "
    "Z̤͔ͧ̑̓ä͖̭̈̇lͮ̒ͫǧ̗͚̚o̙̔ͮ̇͐̇",
    "emoji 😀😃 👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 ☝🏿 ❤️‍🔥 1️⃣ #️⃣ 🧑‍🤝‍🧑",
    "math ∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, α∧¬β ≠ ∅, 𝔸𝕓𝒸𝖉 ½ ⅔ x² x₂ Ⅳ ⅷ Ⓐ ㊙",
    "currency € £ ¥ ₹ ₿ $5.99 100% §3 ©®™ … “quotes” ‘single’ «guil» —–-",
    "spaces\u00a0nbsp\u2003em\u200bzwsp\u202fnnbsp\u3000ideo\u1680ogham\u180e"
    "mvs\ufeffbom\u0085nel\u2028ls\u2029ps\u2060wj\u00adshy",
    "control \x00\x01\x07\x08\x0b\x0c\x1b\x1c\x1f\x7f\x80\x9f end",
    "private \ue000\uf8ff\U000f0000 noncharacter \ufdd0\uffff\U0010ffff \ufffd",
    "𐍈𐌰𐌽𐌰 𓀀𓁐 𒀀𒈙 𠀀𠀁𪛖 🜁 𝄞 𞤀𞤁 ᐃᓄᒃᑎᑐᑦ ᚠᚢᚦ ⠃⠗⠁⠊ ꙮ ⵜⵉⴼⵉⵏⴰⵖ",
]

CODE = [
    "def f(x, *args, **kw):\n    \"\"\"Doc.\"\"\"\n    return [i**2 for i in "
    "range(10) if i % 2 == 0]\n\n\nclass A(B):\n\tpass\n",
    "#include <vector>\nint main() { std::vector<int> v{1,2,3}; "
    "return v[0]<<2 | ~0x7F && !p->q; }\r\n",
    "SELECT * FROM t WHERE a='it''s' AND b>=1e-9; -- comment",
    "<div class=\"x\">&amp; <br/></div>\n<!-- c -->",
    "{\"k\": [1, 2.5, null, true], \"s\": \"a\\nb\\u00e9\"}",
    "https://example.org/a_b/c?d=e%20f&g#h user@host.example C:\\dir\\file.txt",
    "a = b  if c else\td   # two  three   four    end     ",
    "foo_barBaz HTTPServer iPhone14 x86_64 v1.2.3-rc4 0b1010 1_000_000",
]

EDGES = [
    "",
    " ",
    "  ",
    "\n",
    "\t",
    "a",
    " a",
    "a ",
    "  a  b  ",
    "\n\n\n",
    "a\n\n\nb",
    "a \n b\n \n c",
    "\r\n\r\n",
    " \t \n \r ",
    "x" + " " * 40 + "y",
    " " * 64,
    "\n" * 33 + "a",
    "\t" * 9 + "b",
    "1234567890" * 3,
    "1 22 333 4444 55555 1,234,567.89 ٣٤٥",
    "a1b2c3 4d5e6f",
    "'s 't 're 've 'm 'll 'd 'S 'T'x ''' 'sx",
    "!!!???...,,,;;;:::",
    "-----=====*****",
    "<|im_start|>user\nhi<|im_end|>\n",
    "<s>[INST] hi [/INST]</s>",
    "<unk> <pad> [CLS] [SEP] [MASK] <0x41> <0xE2><0x82>",
    "▁under▁score ▁ ▁▁ _ __ Ġ Ċ ĠĠ",
    "word" * 50,
    "ab" * 100,
    "Ünïcödé " * 8,
    "é" * 30,
    "日本語" * 20,
    "👨‍👩‍👧‍👦" * 5,
    "don't  won't   can't    ",
    "e\u0301e\u0301\u0301 \u0301 \u0301",
    "\u1100\u1161\u11a8 각 가\u11a8",
    "\ufb01\ufb03 \uff21\uff22 \u2460",
]


def fixed_texts():
    return EDGES + SCRIPTS + CODE + [" ".join(SCRIPTS[:6]), "\n".join(CODE)]


def assigned_characters():
    """Every character Unicode 14 assigns, private use and surrogates out."""
    if unicodedata.unidata_version != "14.0.0":
        sys.exit("needs a Python whose unicodedata is 14.0.0 (3.11)")
    return [
        chr(c)
        for c in range(0x110000)
        if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")
    ]


def settled_characters():
    """Those of them that `tokenizers`, parts of which have the tables of
    Unicode 8 and 9, sees as Unicode 14 does."""
    from tokenizers import normalizers, pre_tokenizers

    bert = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=False, strip_accents=True,
        lowercase=False)
    marks = normalizers.StripAccents()
    punctuation = pre_tokenizers.Punctuation("removed")
    forms = ((normalizers.NFKD(), "NFKD"), (normalizers.NFD(), "NFD"))

    def agrees(c):
        kind = unicodedata.category(c)
        if any(n.normalize_str(c) != unicodedata.normalize(f, c)
               for n, f in forms):
            return False
        if (marks.normalize_str("x" + c) == "x") != (kind[0] == "M"):
            return False
        removed = kind == "Mn" or (kind[0] == "C" and c not in "\t\n\r")
        if (bert.normalize_str("x" + c) == "x") != (removed or c == "\ufffd"):
            return False
        return c.isascii() or (kind[0] == "P") == (
            len(punctuation.pre_tokenize_str("x" + c)[0][0]) == 1)

    return [c for c in assigned_characters() if agrees(c)]


class RandomText:
    """Random strings that mix words, scripts, runs and special tokens."""

    def __init__(self, seed, specials=()):
        self.random = random.Random(seed)
        self.specials = list(specials)
        self.any = settled_characters()
        self.marks = [c for c in self.any if unicodedata.category(c)[0] == "M"]
        words = " ".join(SCRIPTS + CODE + EDGES).split(" ")
        self.words = [w for w in words if w]

    def piece(self):
        r = self.random
        kind = r.randrange(14)
        if kind < 4:
            return r.choice(self.words)
        if kind == 4:
            return r.choice(" \n\t\r\u00a0\u3000\u2003") * r.randrange(1, 6)
        if kind == 5:
            return " " * r.randrange(1, 20)
        if kind == 6:
            return str(r.randrange(10 ** r.randrange(1, 12)))
        if kind == 7:
            return "".join(r.choice(self.any) for _ in range(r.randrange(1, 8)))
        if kind == 8:
            return r.choice(self.words) + r.choice(self.marks)
        if kind == 9:
            return "".join(r.choice("'\".,!?-_()[]{}<>|/\\@#$%^&*+=~`:;")
                           for _ in range(r.randrange(1, 5)))
        if kind == 10 and self.specials:
            return r.choice(self.specials)
        if kind == 11:
            return r.choice("abcXYZé日я") * r.randrange(1, 30)
        if kind == 12:
            return "'" + r.choice(["s", "t", "re", "ve", "m", "ll", "d", "S"])
        return "".join(r.choice("abcdefghijklmnopqrstuvwxyzABCDEF")
                       for _ in range(r.randrange(1, 10)))

    def text(self):
        r = self.random
        glue = r.choice(["", " ", " ", " "])
        return glue.join(self.piece() for _ in range(r.randrange(1, 25)))


def decode_without_specials(tokenizer, ids):
    """decode(skip_special_tokens=True), but also without special tokens that
    the normalizer spells otherwise: tokenizers 0.23 lets them through."""
    special = {i for i, t in tokenizer.get_added_tokens_decoder().items()
               if t.special}
    kept = [i for i in ids if i not in special]
    return tokenizer.decode(kept, skip_special_tokens=False)
