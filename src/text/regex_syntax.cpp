// SPDX-License-Identifier: MIT
#include "text/regex_syntax.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "text/regex_class.h"

namespace bantam {

namespace {

// Far beyond any real pattern; bounds the recursion and what PCRE2 is given.
constexpr int kMaxDepth = 50;
constexpr size_t kMaxPatternBytes = 64 << 10;

class Translator {
 public:
  Translator(std::string_view pattern, const std::string& where)
      : in_(pattern), where_(where) {}

  std::string run() {
    if (in_.size() > kMaxPatternBytes) {
      refuse("a regular expression this long");
    }
    while (at_ < in_.size()) {
      step();
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(
        ErrorCode::unsupported,
        "{}: {} at offset {} of the regular expression is not supported",
        where_,
        what,
        at_);
  }

  char peek(size_t ahead = 0) const {
    return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
  }
  bool take(std::string_view text) {
    if (in_.substr(at_).substr(0, text.size()) != text) {
      return false;
    }
    at_ += text.size();
    return true;
  }

  void step() {
    const char c = peek();
    if (c == '\\') {
      atom_ = out_.size();
      escape();
    } else if (c == '[') {
      atom_ = out_.size();
      ++at_;
      out_ += character_set(0).text();
    } else if (c == '(') {
      open_group();
    } else if (c == ')') {
      if (!groups_.empty()) {
        atom_ = groups_.back();
        groups_.pop_back();
      }
      out_ += in_[at_++];
    } else if (c == '{') {
      interval();
    } else if (c == '$') {
      // Ruby's $ ends any line; PCRE2's in multi-line mode does as well.
      atom_ = out_.size();
      out_ += in_[at_++];
    } else {
      if (c != '*' && c != '+' && c != '?' && c != '|') {
        atom_ = out_.size();
      }
      const int length = std::max(1, decode_utf8(in_, at_).length);
      out_ += in_.substr(at_, length);
      at_ += length;
    }
  }

  /// "(?m" means in Ruby what "(?s" means in PCRE2.
  void open_group() {
    groups_.push_back(out_.size());
    out_ += in_[at_++];
    if (peek() != '?') {
      return;
    }
    out_ += in_[at_++];
    if (take("#")) {
      out_ += '#';
      while (at_ < in_.size() && peek() != ')') {
        out_ += in_[at_++];
      }
      return;
    }
    while (std::string_view("imx-").find(peek()) != std::string_view::npos &&
           peek() != '\0') {
      const char flag = in_[at_++];
      out_ += flag == 'm' ? 's' : flag;
    }
  }

  /// {n,m}: Ruby allows {,m}; a "+" after it repeats, PCRE2 would take the
  /// two together as a possessive quantifier.
  void interval() {
    const size_t end = in_.find('}', at_);
    const auto body = end == in_.npos ? std::string_view()
                                      : in_.substr(at_ + 1, end - at_ - 1);
    const bool counts = !body.empty() && body != "," &&
        body.find_first_not_of("0123456789,") == body.npos &&
        std::ranges::count(body, ',') <= 1;
    if (!counts) {
      atom_ = out_.size();
      out_ += "\\{";
      ++at_;
      return;
    }
    out_ += body[0] == ',' ? "{0" : "{";
    out_ += body;
    out_ += '}';
    at_ = end + 1;
    if (peek() == '+') {
      out_.insert(atom_, "(?:");
      out_ += ')';
    }
  }

  void escape() {
    if (at_ + 1 >= in_.size()) {
      refuse("a backslash at the end");
    }
    if (const auto set = class_escape()) {
      out_ += set->text();
      return;
    }
    const char c = in_[at_ + 1];
    if (c == 'b' || c == 'B') {
      at_ += 2;
      const std::string word = "[" + std::string(kRegexWordMembers) + "]";
      const std::string edge = "(?:(?<=" + word + ")(?!" + word + ")|(?<!" +
          word + ")(?=" + word + "))";
      out_ += c == 'b' ? edge : "(?!" + edge + ")";
      return;
    }
    if (c == 'k' || c == 'g') {
      copy_escape();
      if (peek() == '<') {
        const size_t end = std::min(in_.find('>', at_), in_.size() - 1);
        out_ += in_.substr(at_, end + 1 - at_);
        at_ = end + 1;
      }
      return;
    }
    if (std::string_view("AZzGRXKNO").find(c) != std::string_view::npos) {
      copy_escape();
      return;
    }
    out_ += character_escape();
  }

  void copy_escape() {
    out_ += in_.substr(at_, 2);
    at_ += 2;
  }

  /// An escape that stands for one character, as PCRE2 spells it.
  std::string character_escape() {
    const char c = in_[at_ + 1];
    if (c == 'u') {
      const auto digits = in_.substr(at_ + 2).substr(0, 4);
      if (digits.size() != 4 || !is_hex(digits)) {
        refuse("\\u without four digits");
      }
      at_ += 6;
      return "\\x{" + std::string(digits) + "}";
    }
    const bool alphanumeric = (c >= '0' && c <= '9') ||
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric &&
        std::string_view("tnrfvaex0123456789").find(c) ==
            std::string_view::npos) {
      refuse(std::string("\\") + c);
    }
    if (c == 'v') {  // Ruby: vertical tab; PCRE2: a class
      at_ += 2;
      return "\\x0B";
    }
    std::string text(in_.substr(at_, 2));
    at_ += 2;
    if (c == 'x' && peek() == '{') {
      const size_t end = in_.find('}', at_);
      if (end == in_.npos || !is_hex(in_.substr(at_ + 1, end - at_ - 1))) {
        refuse("\\x{ without digits");
      }
      text += in_.substr(at_, end + 1 - at_);
      at_ = end + 1;
    } else if (c == 'x') {
      while (is_hex(in_.substr(at_, 1)) && text.size() < 4) {
        text += in_[at_++];
      }
    } else if (!alphanumeric) {
      // A multi-byte character needs no escape.
      const int length = std::max(1, decode_utf8(in_, at_ - 1).length);
      if (length > 1) {
        text = in_.substr(at_ - 1, length);
        at_ += length - 1;
      }
    }
    return text;
  }

  static bool is_hex(std::string_view digits) {
    return !digits.empty() &&
        digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos;
  }

  /// \s \w \d \h and \p{...}, also negated; nullopt for any other escape.
  std::optional<CharacterSet> class_escape() {
    const char c = in_[at_ + 1];
    std::string_view members;
    switch (c) {
      case 's':
      case 'S':
        members = kSpaceMembers;
        break;
      case 'w':
      case 'W':
        members = kRegexWordMembers;
        break;
      case 'd':
      case 'D':
        members = R"(\p{Nd})";
        break;
      case 'h':
      case 'H':
        members = "0-9A-Fa-f";
        break;
      case 'p':
      case 'P':
        return property();
      default:
        return std::nullopt;
    }
    at_ += 2;
    return CharacterSet{std::string(members), "", c >= 'A' && c <= 'Z'};
  }

  CharacterSet property() {
    bool negated = in_[at_ + 1] == 'P';
    const size_t end = in_.find('}', at_);
    if (peek(2) != '{' || end == in_.npos) {
      refuse("\\p without {name}");
    }
    std::string_view name = in_.substr(at_ + 3, end - at_ - 3);
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    std::string key;
    for (const char c : name) {
      if (c != ' ' && c != '_' && c != '-') {
        key += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      }
    }
    const ClassName* known = find_property(key);
    if (known == nullptr && (name.size() > 40 || !is_name(name))) {
      refuse("this \\p{...}");
    }
    at_ = end + 1;
    if (known != nullptr) {
      return {std::string(known->members), "", known->negated != negated};
    }
    return {"\\p{" + std::string(name) + "}", "", negated};
  }

  static bool is_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
          c == ' ' || c == '-' || c == '&';
    });
  }

  std::optional<CharacterSet> posix_class() {
    const size_t end = in_.find(":]", at_);
    if (peek(1) != ':' || end == in_.npos || end - at_ > 12) {
      return std::nullopt;
    }
    std::string_view name = in_.substr(at_ + 2, end - at_ - 2);
    const bool negated = name.starts_with('^');
    name.remove_prefix(negated ? 1 : 0);
    const ClassName* known = find_posix_class(name);
    if (known == nullptr) {
      return std::nullopt;
    }
    at_ = end + 2;
    return CharacterSet{
        std::string(known->members), "", known->negated != negated};
  }

  /// What follows a "[" up to its "]".
  CharacterSet character_set(int depth) {
    if (depth > kMaxDepth) {
      refuse("a character class nested this deeply");
    }
    CharacterSet set;
    std::vector<CharacterSet> intersected;
    const bool negated = take("^");
    bool first = true;
    while (peek() != ']' || first) {
      if (at_ >= in_.size()) {
        refuse("an unclosed character class");
      }
      first = false;
      if (take("&&")) {
        intersected.push_back(std::exchange(set, {}));
      } else if (peek() == '[') {
        const auto posix = posix_class();
        if (posix) {
          set.add(*posix);
        } else {
          ++at_;
          set.add(character_set(depth + 1));
        }
      } else {
        set_member(set);
      }
    }
    ++at_;
    if (!intersected.empty()) {
      std::string all;
      for (const CharacterSet& part : intersected) {
        all += "(?=" + part.text() + ")";
      }
      set = {"", all + set.text(), false};
    }
    set.negated = negated;
    return set;
  }

  void set_member(CharacterSet& set) {
    if (peek() == '\\') {
      if (at_ + 1 >= in_.size()) {
        refuse("a backslash at the end");
      }
      if (const auto part = class_escape()) {
        set.add(*part);
      } else if (peek(1) == 'b') {
        at_ += 2;
        set.members += "\\x08";
      } else {
        set.members += character_escape();
      }
      return;
    }
    const int length = std::max(1, decode_utf8(in_, at_).length);
    if (peek() == ']') {
      set.members += '\\';
    }
    set.members += in_.substr(at_, length);
    at_ += length;
  }

  std::string_view in_;
  const std::string& where_;
  std::string out_;
  size_t at_ = 0;
  size_t atom_ = 0;             // where the last atom begins in out_
  std::vector<size_t> groups_;  // where open groups begin in out_
};

}  // namespace

std::string translate_regex(
    std::string_view pattern,
    const std::string& where) {
  return Translator(pattern, where).run();
}

}  // namespace bantam
