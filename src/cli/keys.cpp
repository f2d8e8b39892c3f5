// SPDX-License-Identifier: MIT
#include "cli/keys.h"

#include <algorithm>

#include "base/utf8.h"

namespace bantam {

namespace {

constexpr std::string_view kPasteBegin = "\x1b[200~";
constexpr std::string_view kPasteEnd = "\x1b[201~";

struct Sequence {
  std::string_view bytes;
  KeyKind kind;
};

// Without the escape. Cursor keys come in two modes, and with a modifier as
// 1;5 (Ctrl) or 1;3 (Alt).
constexpr Sequence kSequences[] = {
    {"[A", KeyKind::up},
    {"OA", KeyKind::up},
    {"[B", KeyKind::down},
    {"OB", KeyKind::down},
    {"[C", KeyKind::right},
    {"OC", KeyKind::right},
    {"[D", KeyKind::left},
    {"OD", KeyKind::left},
    {"[H", KeyKind::home},
    {"OH", KeyKind::home},
    {"[1~", KeyKind::home},
    {"[7~", KeyKind::home},
    {"[F", KeyKind::end},
    {"OF", KeyKind::end},
    {"[4~", KeyKind::end},
    {"[8~", KeyKind::end},
    {"[3~", KeyKind::erase},
    {"[1;5C", KeyKind::word_right},
    {"[1;3C", KeyKind::word_right},
    {"[1;5D", KeyKind::word_left},
    {"[1;3D", KeyKind::word_left},
    {"b", KeyKind::word_left},
    {"f", KeyKind::word_right},
    {"d", KeyKind::cut_next_word},
    {"\x7f", KeyKind::cut_word},
    {"\r", KeyKind::newline},
    {"\n", KeyKind::newline}};

KeyKind control_key(char c) {
  switch (c) {
    case 1:
      return KeyKind::home;
    case 2:
      return KeyKind::left;
    case 3:
      return KeyKind::interrupt;
    case 4:
      return KeyKind::end_of_file;
    case 5:
      return KeyKind::end;
    case 6:
      return KeyKind::right;
    case 8:
    case 127:
      return KeyKind::backspace;
    case 10:
    case 13:
      return KeyKind::enter;
    case 11:
      return KeyKind::cut_to_end;
    case 12:
      return KeyKind::redraw;
    case 14:
      return KeyKind::down;
    case 16:
      return KeyKind::up;
    case 21:
      return KeyKind::cut_to_begin;
    case 23:
      return KeyKind::cut_word;
    case 25:
      return KeyKind::insert_cut;
    default:
      return KeyKind::unknown;
  }
}

// Line ends become \n; of other control characters only tabs stay.
std::string cleaned(std::string_view pasted) {
  std::string text;
  for (size_t i = 0; i < pasted.size(); ++i) {
    const char c = pasted[i];
    if (c == '\r') {
      text += '\n';
      i += i + 1 < pasted.size() && pasted[i + 1] == '\n' ? 1 : 0;
    } else if (
        c == '\n' || c == '\t' || (c >= 0 ? c >= 32 && c != 127 : true)) {
      text += c;
    }
  }
  text.resize(std::min(text.size(), KeyDecoder::kMostPasteBytes));
  // What is not UTF-8 would be refused as a message later.
  std::string valid;
  while (!text.empty()) {
    const size_t good = valid_utf8_prefix(text);
    valid.append(text, 0, good);
    text.erase(0, std::min(text.size(), good + 1));
  }
  return valid;
}

}  // namespace

Key KeyDecoder::take(size_t bytes, KeyKind kind) {
  Key key{kind, pending_.substr(0, bytes)};
  pending_.erase(0, bytes);
  return key;
}

std::optional<Key> KeyDecoder::next(bool no_more) {
  if (pending_.empty()) {
    return std::nullopt;
  }
  const auto first = static_cast<unsigned char>(pending_[0]);
  if (first == 0x1b) {
    return escape(no_more);
  }
  if (first < 32 || first == 127) {
    return first == '\t' ? take(1, KeyKind::text)
                         : take(1, control_key(pending_[0]));
  }
  const Utf8Character one = decode_utf8(pending_, 0);
  if (one.length > 0) {
    return take(one.length, KeyKind::text);
  }
  // A character whose rest is still on its way.
  constexpr size_t kMostBytes = 4;
  const bool may_go_on =
      first >= 0xC2 && pending_.size() < kMostBytes &&
      std::all_of(
          pending_.begin() + 1,
          pending_.end(),
          [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
          });
  if (may_go_on && !no_more) {
    return std::nullopt;
  }
  return take(1, KeyKind::unknown);
}

std::optional<Key> KeyDecoder::escape(bool no_more) {
  const std::string_view rest = std::string_view(pending_).substr(1);
  if (pending_.starts_with(kPasteBegin)) {
    return paste();
  }
  for (const Sequence& sequence : kSequences) {
    if (rest.starts_with(sequence.bytes)) {
      return take(1 + sequence.bytes.size(), sequence.kind);
    }
  }
  if (rest.empty() ||
      (rest.size() == 1 && (rest[0] == '[' || rest[0] == 'O'))) {
    return no_more ? std::optional(take(pending_.size(), KeyKind::unknown))
                   : std::nullopt;
  }
  if (rest[0] != '[') {
    return take(2, KeyKind::unknown);
  }
  // A control sequence ends with a byte from @ to ~.
  const auto last = std::find_if(rest.begin() + 1, rest.end(), [](char c) {
    return c >= '@' && c <= '~';
  });
  if (last == rest.end()) {
    return no_more ? std::optional(take(pending_.size(), KeyKind::unknown))
                   : std::nullopt;
  }
  return take(2 + (last - rest.begin()), KeyKind::unknown);
}

std::optional<Key> KeyDecoder::paste() {
  const size_t end = pending_.find(kPasteEnd, kPasteBegin.size());
  if (end == std::string::npos) {
    return std::nullopt;
  }
  Key key{
      KeyKind::paste,
      cleaned(
          std::string_view(pending_).substr(
              kPasteBegin.size(), end - kPasteBegin.size()))};
  pending_.erase(0, end + kPasteEnd.size());
  return key;
}

}  // namespace bantam
