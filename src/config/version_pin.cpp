// SPDX-License-Identifier: MIT
#include "config/version_pin.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <tuple>

namespace bantam {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_separator(char c) {
  return c == '.' || c == '-' || c == '_';
}

// What Python's \s and str.strip() take off.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\r\v\f";
  const size_t begin = text.find_first_not_of(kSpaces);
  return begin == text.npos
      ? std::string_view()
      : text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

VersionNumber number_of(std::string_view digits) {
  const size_t first = std::min(digits.find_first_not_of('0'), digits.size());
  digits.remove_prefix(first);
  return {digits.empty() ? "0" : std::string(digits)};
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// A local part: words sort before numbers.
std::weak_ordering compare_local(const std::string& a, const std::string& b) {
  const bool a_number = is_number(a);
  const bool b_number = is_number(b);
  if (a_number != b_number) {
    return a_number <=> b_number;
  }
  return a_number ? std::weak_ordering(number_of(a) <=> number_of(b))
                  : std::weak_ordering(a <=> b);
}

}  // namespace

std::strong_ordering VersionNumber::operator<=>(
    const VersionNumber& other) const {
  return std::tuple(digits.size(), std::string_view(digits)) <=>
      std::tuple(other.digits.size(), std::string_view(other.digits));
}

// Reads the parts of a version from left to right; each part is optional, and
// one that does not fit leaves the position where it was.
class VersionScanner {
 public:
  explicit VersionScanner(std::string_view text) : text_(text) {}

  std::optional<Version> scan() {
    take("v");
    if (!scan_epoch_and_release()) {
      return std::nullopt;
    }
    scan_pre();
    scan_post();
    scan_suffix({"dev"}, [&](const std::string&, VersionNumber number) {
      version_.dev_ = std::move(number);
    });
    if (!scan_local() || at_ != text_.size()) {
      return std::nullopt;
    }
    return version_;
  }

 private:
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) {
      return false;
    }
    at_ += word.size();
    return true;
  }

  std::string_view take_digits() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  bool scan_epoch_and_release() {
    std::string_view digits = take_digits();
    if (!digits.empty() && take("!")) {
      version_.epoch_ = number_of(digits);
      digits = take_digits();
    }
    if (digits.empty()) {
      return false;
    }
    version_.release_.push_back(number_of(digits));
    while (at_ + 1 < text_.size() && text_[at_] == '.' &&
           is_digit(text_[at_ + 1])) {
      ++at_;
      version_.release_.push_back(number_of(take_digits()));
    }
    return true;
  }

  // [-_.]? word [-_.]? digits?, for the first of `words` that fits.
  template <typename Found>
  bool scan_suffix(
      std::initializer_list<std::string_view> words,
      const Found& found) {
    const size_t begin = at_;
    if (at_ < text_.size() && is_separator(text_[at_])) {
      ++at_;
    }
    for (const std::string_view word : words) {
      if (take(word)) {
        if (at_ < text_.size() && is_separator(text_[at_])) {
          ++at_;
        }
        found(std::string(word), number_of(take_digits()));
        return true;
      }
    }
    at_ = begin;
    return false;
  }

  void scan_pre() {
    // Longer words before their beginnings.
    scan_suffix(
        {"alpha", "a", "beta", "b", "preview", "pre", "c", "rc"},
        [&](const std::string& word, VersionNumber number) {
          const char first = word.front();
          const char* phase = first == 'a' ? "a" : first == 'b' ? "b" : "rc";
          version_.pre_ = {phase, std::move(number)};
        });
  }

  void scan_post() {
    if (at_ + 1 < text_.size() && text_[at_] == '-' &&
        is_digit(text_[at_ + 1])) {
      ++at_;
      version_.post_ = number_of(take_digits());
      return;
    }
    scan_suffix(
        {"post", "rev", "r"}, [&](const std::string&, VersionNumber number) {
          version_.post_ = std::move(number);
        });
  }

  // False if a plus sign is followed by what is no local part.
  bool scan_local() {
    if (!take("+")) {
      return true;
    }
    do {
      const size_t begin = at_;
      while (
          at_ < text_.size() &&
          (is_digit(text_[at_]) || (text_[at_] >= 'a' && text_[at_] <= 'z'))) {
        ++at_;
      }
      const std::string_view part = text_.substr(begin, at_ - begin);
      if (part.empty()) {
        return false;
      }
      version_.local_.push_back(
          is_number(part) ? number_of(part).digits : std::string(part));
    } while (at_ < text_.size() && is_separator(text_[at_]) && ++at_);
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  Version version_;
};

std::optional<Version> Version::parse(std::string_view text) {
  const std::string small = lower(trimmed(text));
  return VersionScanner(small).scan();
}

std::string Version::text() const {
  std::string out;
  if (epoch_.digits != "0") {
    out += epoch_.digits + "!";
  }
  for (size_t i = 0; i < release_.size(); ++i) {
    out += (i == 0 ? "" : ".") + release_[i].digits;
  }
  if (pre_) {
    out += pre_->phase + pre_->number.digits;
  }
  if (post_) {
    out += ".post" + post_->digits;
  }
  if (dev_) {
    out += ".dev" + dev_->digits;
  }
  for (size_t i = 0; i < local_.size(); ++i) {
    out += (i == 0 ? "+" : ".") + local_[i];
  }
  return out;
}

std::weak_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = epoch_ <=> other.epoch_; order != 0) {
    return order;
  }
  // Trailing zeros do not count.
  const size_t length = std::max(release_.size(), other.release_.size());
  const VersionNumber zero;
  for (size_t i = 0; i < length; ++i) {
    const auto& mine = i < release_.size() ? release_[i] : zero;
    const auto& theirs = i < other.release_.size() ? other.release_[i] : zero;
    if (const auto order = mine <=> theirs; order != 0) {
      return order;
    }
  }
  // 1.dev0 < 1a0 < 1 < 1.post0: a phase in front of the rest.
  const auto phase = [](const Version& version) {
    return version.pre_ ? 1 : version.post_ || !version.dev_ ? 2 : 0;
  };
  if (const auto order = phase(*this) <=> phase(other); order != 0) {
    return order;
  }
  if (const auto order = pre_ <=> other.pre_; order != 0) {
    return order;
  }
  // Without a post-release comes first, without a development release last.
  if (const auto order = post_ <=> other.post_; order != 0) {
    return order;
  }
  if (dev_.has_value() != other.dev_.has_value()) {
    return other.dev_.has_value() <=> dev_.has_value();
  }
  if (const auto order = dev_ <=> other.dev_; order != 0) {
    return order;
  }
  return std::lexicographical_compare_three_way(
      local_.begin(),
      local_.end(),
      other.local_.begin(),
      other.local_.end(),
      compare_local);
}

Version Version::without_local() const {
  Version version = *this;
  version.local_.clear();
  return version;
}

bool Version::same_before_post(const Version& other) const {
  const auto beginning = [](Version version) {
    version.post_.reset();
    version.dev_.reset();
    version.local_.clear();
    return version;
  };
  return beginning(*this) == beginning(other);
}

bool Version::starts_with(const Version& prefix) const {
  const VersionNumber zero;
  for (size_t i = 0; i < prefix.release_.size(); ++i) {
    if ((i < release_.size() ? release_[i] : zero) != prefix.release_[i]) {
      return false;
    }
  }
  return epoch_ == prefix.epoch_;
}

std::optional<VersionPin::Clause> VersionPin::parse_clause(
    std::string_view text) {
  struct Operator {
    std::string_view sign;
    Relation relation;
  };
  // Longer signs before their beginnings.
  constexpr std::array kOperators{
      Operator{"===", Relation::identical},
      Operator{"~=", Relation::compatible},
      Operator{"==", Relation::equal},
      Operator{"!=", Relation::not_equal},
      Operator{"<=", Relation::at_most},
      Operator{">=", Relation::at_least},
      Operator{"<", Relation::below},
      Operator{">", Relation::above},
  };
  const auto found = std::ranges::find_if(kOperators, [&](const Operator& op) {
    return text.starts_with(op.sign);
  });
  if (found == kOperators.end()) {
    return std::nullopt;
  }
  std::string_view rest = trimmed(text.substr(found->sign.size()));
  Clause clause{.relation = found->relation, .version = {}, .spelling = {}};
  if (clause.relation == Relation::identical) {
    if (rest.empty() || rest.find_first_of(" \t\n\r\v\f;)") != rest.npos) {
      return std::nullopt;
    }
    clause.spelling = lower(rest);
    return clause;
  }
  const bool equality = clause.relation == Relation::equal ||
      clause.relation == Relation::not_equal;
  if (equality && rest.ends_with(".*")) {
    clause.wildcard = true;
    rest.remove_suffix(2);
  }
  const std::optional<Version> version = Version::parse(rest);
  if (!version || trimmed(rest) != rest) {
    return std::nullopt;
  }
  clause.version = *version;
  const bool release_alone =
      !version->pre_ && !version->post_ && !version->dev_;
  if ((clause.wildcard && !(release_alone && version->local_.empty())) ||
      (!equality && !version->local_.empty()) ||
      (clause.relation == Relation::compatible &&
       version->release_.size() < 2)) {
    return std::nullopt;
  }
  return clause;
}

std::optional<VersionPin> VersionPin::parse(std::string_view text) {
  VersionPin pin;
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    // An empty clause says nothing: "" and ">=1," are ranges.
    if (const auto part = trimmed(text.substr(0, comma)); !part.empty()) {
      const auto clause = parse_clause(part);
      if (!clause) {
        return std::nullopt;
      }
      pin.clauses_.push_back(*clause);
    }
    if (comma == text.size()) {
      return pin;
    }
    text.remove_prefix(comma + 1);
  }
}

bool VersionPin::contains(const Version& version) const {
  return std::ranges::all_of(
      clauses_, [&](const Clause& clause) { return holds(clause, version); });
}

bool VersionPin::holds(const Clause& clause, const Version& version) {
  const Version& wanted = clause.version;
  // A range speaks of public versions: 1.0+cpu is a 1.0.
  const Version here = version.without_local();
  switch (clause.relation) {
    case Relation::identical:
      return lower(version.text()) == clause.spelling;
    case Relation::equal:
      if (clause.wildcard) {
        return here.starts_with(wanted);
      }
      return (wanted.local_.empty() ? here : version) == wanted;
    case Relation::not_equal: {
      Clause equal = clause;
      equal.relation = Relation::equal;
      return !holds(equal, version);
    }
    case Relation::compatible: {
      Version prefix;
      prefix.epoch_ = wanted.epoch_;
      prefix.release_.assign(
          wanted.release_.begin(), wanted.release_.end() - 1);
      return here >= wanted && here.starts_with(prefix);
    }
    case Relation::at_most:
      return here <= wanted;
    case Relation::at_least:
      return here >= wanted;
    case Relation::below: {
      // <1.0 leaves the pre-releases of 1.0 out, unless it names one itself.
      Version bound = wanted;
      if (!wanted.is_pre_release()) {
        bound.dev_ = VersionNumber();
      }
      return version < bound;
    }
    case Relation::above:
      // >1.0 leaves 1.0.post1 out, unless it names such a release itself.
      return here > wanted &&
          !(here.post_ && !wanted.post_ && !wanted.dev_ &&
            here.same_before_post(wanted));
  }
  return false;
}

}  // namespace bantam
