// SPDX-License-Identifier: MIT
// Normalizers that need Unicode's tables: normal forms, lower case, BERT.
#include <utf8proc.h>

#include <algorithm>
#include <span>

#include "base/utf8.h"
#include "text/character_class.h"
#include "text/normalizer.h"

namespace bantam {

namespace {

bool is_nonstarter(utf8proc_int32_t c) {
  return utf8proc_get_property(c)->combining_class != 0;
}

/// Nothing before `c` can combine with it, so a text may be normalized in
/// parts cut here. (Characters of class 0 that do compose with the one
/// before are all grapheme extenders, spacing marks or Hangul V and T.)
bool is_boundary(utf8proc_int32_t c) {
  if (c < 0x300) {
    return true;
  }
  const utf8proc_property_t* property = utf8proc_get_property(c);
  switch (property->boundclass) {
    case UTF8PROC_BOUNDCLASS_EXTEND:
    case UTF8PROC_BOUNDCLASS_SPACINGMARK:
    case UTF8PROC_BOUNDCLASS_V:
    case UTF8PROC_BOUNDCLASS_T:
      return false;
    default:
      return property->combining_class == 0;
  }
}

class NormalFormRewriter {
 public:
  NormalFormRewriter(TrackedText& text, NormalForm form)
      : old_(text.text), rewriter_(text) {
    const bool compatible =
        form == NormalForm::nfkc || form == NormalForm::nfkd;
    composes_ = form == NormalForm::nfc || form == NormalForm::nfkc;
    options_ = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
        (compatible ? UTF8PROC_COMPAT : 0);
  }

  void run() {
    for (size_t at = 0; at < old_.size();) {
      at = copy_ascii(at);
      if (at >= old_.size()) {
        break;
      }
      const Utf8Character c = decode_utf8(old_, at);
      const size_t end = at + std::max(1, c.length);
      utf8proc_int32_t parts[32];
      int last_class = 0;
      const auto count = utf8proc_decompose_char(
          static_cast<utf8proc_int32_t>(c.code_point),
          parts,
          32,
          static_cast<utf8proc_option_t>(options_),
          &last_class);
      if (count < 0 || count > 32) {  // no such decomposition exists
        flush(at);
        rewriter_.copy({at, end});
        begin_ = end;
      } else {
        if (count > 0 && is_boundary(parts[0])) {
          flush(at);
        }
        pending_.insert(pending_.end(), parts, parts + count);
      }
      at = end;
    }
    flush(old_.size());
    rewriter_.finish();
  }

 private:
  /// Copies ASCII that ASCII follows; no normal form changes it.
  size_t copy_ascii(size_t at) {
    const auto is_ascii = [&](size_t i) {
      return static_cast<uint8_t>(old_[i]) < 0x80;
    };
    size_t end = at;
    while (end < old_.size() && is_ascii(end)) {
      ++end;
    }
    if (end < old_.size() && end > at) {
      --end;  // what follows may combine with it
    }
    if (end > at) {
      flush(at);
      rewriter_.copy({at, end});
      begin_ = end;
    }
    return end;
  }

  /// Writes what is pending, which came from the old text up to `end`.
  void flush(size_t end) {
    if (pending_.empty()) {
      begin_ = end;
      return;
    }
    for (auto first = pending_.begin(); first != pending_.end();) {
      first = std::find_if(first, pending_.end(), is_nonstarter);
      const auto last = std::find_if_not(first, pending_.end(), is_nonstarter);
      std::stable_sort(first, last, [](auto a, auto b) {
        return utf8proc_get_property(a)->combining_class <
            utf8proc_get_property(b)->combining_class;
      });
      first = last;
    }
    auto count = static_cast<utf8proc_ssize_t>(pending_.size());
    if (composes_) {
      count = utf8proc_normalize_utf32(
          pending_.data(),
          count,
          static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    }
    out_.clear();
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      append_utf8(static_cast<char32_t>(pending_[i]), out_);
    }
    rewriter_.put(out_, {begin_, end});
    begin_ = end;
    pending_.clear();
  }

  const std::string& old_;
  TextRewriter rewriter_;
  int options_;
  bool composes_;
  std::vector<utf8proc_int32_t> pending_;  // decomposed
  size_t begin_ = 0;                       // where pending_ came from
  std::string out_;
};

class NormalFormNormalizer : public Normalizer {
 public:
  explicit NormalFormNormalizer(NormalForm form) : form_(form) {}
  void apply(TrackedText& text) const override {
    const bool ascii = std::ranges::all_of(
        text.text, [](char c) { return static_cast<uint8_t>(c) < 0x80; });
    if (!ascii) {
      NormalFormRewriter(text, form_).run();
    }
  }

 private:
  NormalForm form_;
};

class Lowercase : public Normalizer {
 public:
  void apply(TrackedText& text) const override {
    TextRewriter rewriter(text);
    std::string lower;
    for (size_t at = 0; at < text.text.size();) {
      const Utf8Character c = decode_utf8(text.text, at);
      const size_t end = at + std::max(1, c.length);
      lower.clear();
      if (c.code_point == 0x130) {
        // The one character whose full lower case is two: i, dot above.
        lower = "i\u0307";
      } else {
        append_utf8(
            static_cast<char32_t>(
                utf8proc_tolower(static_cast<utf8proc_int32_t>(c.code_point))),
            lower);
      }
      rewriter.put(lower, {at, end});
      at = end;
    }
    rewriter.finish();
  }
};

/// BERT's clean-up: no control characters, every space a plain one, a space
/// on either side of an ideograph.
class BertCleaner : public Normalizer {
 public:
  explicit BertCleaner(const BertNormalizerOptions& options)
      : options_(options) {}

  void apply(TrackedText& text) const override {
    TextRewriter rewriter(text);
    for (size_t at = 0; at < text.text.size();) {
      const Utf8Character c = decode_utf8(text.text, at);
      const ByteRange range{at, at + std::max(1, c.length)};
      at = range.end;
      if (options_.clean_text && is_removed(c.code_point)) {
        continue;
      }
      if (options_.clean_text && is_white_space(c.code_point)) {
        rewriter.put(" ", range);
      } else if (
          options_.handle_chinese_chars && is_cjk_ideograph(c.code_point)) {
        rewriter.put(" ", range);
        rewriter.copy(range);
        rewriter.put(" ", range);
      } else {
        rewriter.copy(range);
      }
    }
    rewriter.finish();
  }

 private:
  static bool is_removed(char32_t c) {
    if (c == '\t' || c == '\n' || c == '\r') {
      return false;
    }
    return c == 0 || c == kReplacementCharacter || is_other(c);
  }

  BertNormalizerOptions options_;
};

class StripNonspacingMarks : public Normalizer {
 public:
  void apply(TrackedText& text) const override {
    TextRewriter rewriter(text);
    for (size_t at = 0; at < text.text.size();) {
      const Utf8Character c = decode_utf8(text.text, at);
      const size_t end = at + std::max(1, c.length);
      if (!is_nonspacing_mark(c.code_point)) {
        rewriter.copy({at, end});
      }
      at = end;
    }
    rewriter.finish();
  }
};

}  // namespace

std::unique_ptr<Normalizer> make_normal_form(NormalForm form) {
  return std::make_unique<NormalFormNormalizer>(form);
}

std::unique_ptr<Normalizer> make_lowercase() {
  return std::make_unique<Lowercase>();
}

std::unique_ptr<Normalizer> make_bert_normalizer(
    const BertNormalizerOptions& options) {
  std::vector<std::unique_ptr<Normalizer>> stages;
  if (options.clean_text || options.handle_chinese_chars) {
    stages.push_back(std::make_unique<BertCleaner>(options));
  }
  if (options.strip_accents) {
    stages.push_back(make_normal_form(NormalForm::nfd));
    stages.push_back(std::make_unique<StripNonspacingMarks>());
  }
  if (options.lowercase) {
    stages.push_back(make_lowercase());
  }
  return make_normalizer_sequence(std::move(stages));
}

}  // namespace bantam
