// SPDX-License-Identifier: MIT
// HTML to text. Not a parser of documents: tags that are not closed, or closed
// twice, cost nothing but their own effect.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "retrieval/document_text.h"
#include "retrieval/white_space.h"

namespace bantam {

namespace {

constexpr std::string_view kBlockTags =
    " p div section article main aside header footer nav ul ol li dl dt dd "
    "table tr caption blockquote pre figure figcaption br hr h1 h2 h3 h4 h5 h6 "
    "form fieldset details summary address body ";
// What stands in them is not text.
constexpr std::string_view kHiddenTags =
    " script style template noscript svg math iframe object canvas nav ";

constexpr std::array<std::pair<std::string_view, char32_t>, 34> kEntities{
    {{"amp", '&'},       {"lt", '<'},       {"gt", '>'},
     {"quot", '"'},      {"apos", '\''},    {"nbsp", ' '},
     {"copy", 0xA9},     {"reg", 0xAE},     {"sect", 0xA7},
     {"para", 0xB6},     {"deg", 0xB0},     {"plusmn", 0xB1},
     {"middot", 0xB7},   {"laquo", 0xAB},   {"raquo", 0xBB},
     {"times", 0xD7},    {"divide", 0xF7},  {"ndash", 0x2013},
     {"mdash", 0x2014},  {"lsquo", 0x2018}, {"rsquo", 0x2019},
     {"ldquo", 0x201C},  {"rdquo", 0x201D}, {"bull", 0x2022},
     {"hellip", 0x2026}, {"euro", 0x20AC},  {"trade", 0x2122},
     {"larr", 0x2190},   {"rarr", 0x2192},  {"minus", 0x2212},
     {"le", 0x2264},     {"ge", 0x2265},    {"ne", 0x2260},
     {"infin", 0x221E}}};

bool has_word(std::string_view list, std::string_view word) {
  return list.find(" " + std::string(word) + " ") != list.npos;
}

struct Entity {
  char32_t code_point;
  size_t length;  // of the source, '&' and ';' included
};

std::optional<Entity> entity_at(std::string_view text) {
  constexpr size_t kLongest = 12;
  const size_t end = text.substr(0, kLongest).find(';');
  if (end == text.npos || end < 2) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(1, end - 1);
  if (name.front() != '#') {
    for (const auto& [known, code_point] : kEntities) {
      if (known == name) {
        return Entity{code_point, end + 1};
      }
    }
    return std::nullopt;
  }
  const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
  char32_t value = 0;
  for (const char c : name.substr(hex ? 2 : 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if (hex ? std::isxdigit(byte) == 0 : std::isdigit(byte) == 0) {
      return std::nullopt;
    }
    const int digit =
        std::isdigit(byte) != 0 ? byte - '0' : std::tolower(byte) - 'a' + 10;
    value = value * (hex ? 16 : 10) + static_cast<char32_t>(digit);
    if (value > 0x10FFFF) {
      return std::nullopt;
    }
  }
  const bool scalar = value > 0 && !(value >= 0xD800 && value < 0xE000);
  return Entity{scalar ? value : kReplacementCharacter, end + 1};
}

class HtmlReader {
 public:
  explicit HtmlReader(std::string_view source) : source_(source) {
    out_.sections.push_back({0, ""});
  }

  DocumentText read() {
    while (at_ < source_.size()) {
      if (source_[at_] == '<' && read_tag()) {
        continue;
      }
      read_character();
    }
    return std::move(out_);
  }

 private:
  void read_character() {
    const char c = source_[at_];
    if (is_space(c) && !in_pre_) {
      space_ = true;
      ++at_;
      return;
    }
    if (c == '&') {
      if (const auto entity = entity_at(source_.substr(at_))) {
        std::string bytes;
        append_utf8(entity->code_point, bytes);
        if (bytes == " " && !in_pre_) {
          space_ = true;
        } else {
          emit(bytes);
        }
        at_ += entity->length;
        return;
      }
    }
    emit(source_.substr(at_, 1));
    ++at_;
  }

  // Appends what stands at at_ in the source.
  void emit(std::string_view bytes) {
    if (collecting_) {
      title_ += space_ && !title_.empty() ? " " : "";
      title_ += bytes;
      space_ = false;
      return;
    }
    if (new_block_) {
      begin_block();
    } else if (space_ && !out_.text.empty() && !is_space(out_.text.back())) {
      out_.text += ' ';
      heading_ += in_heading_ > 0 && !heading_.empty() ? " " : "";
    }
    space_ = false;
    const size_t begin = out_.text.size();
    if (out_.marks.empty() ||
        out_.marks.back().source + (begin - out_.marks.back().begin) != at_) {
      out_.marks.push_back({begin, at_});
    }
    if (in_heading_ > 0) {
      heading_ += bytes;
    }
    out_.text += bytes;
  }

  void begin_block() {
    new_block_ = false;
    if (!out_.text.empty() && out_.text.back() != '\n') {
      out_.text += '\n';
    }
    out_.blocks.push_back(out_.text.size());
    if (in_heading_ > 0) {
      heading_begin_ = std::min(heading_begin_, out_.text.size());
    }
  }

  // False if no tag begins here.
  bool read_tag() {
    if (at_ + 1 >= source_.size()) {
      return false;
    }
    const char next = source_[at_ + 1];
    if (source_.substr(at_, 4) == "<!--" && skip_past("-->", comment_end_)) {
      return true;
    }
    if (std::isalpha(static_cast<unsigned char>(next)) == 0 && next != '/' &&
        next != '!' && next != '?') {
      return false;
    }
    if (tag_end_ <= at_) {  // found once, it holds for all that lies before it
      tag_end_ = source_.find('>', at_);
    }
    if (tag_end_ == source_.npos) {
      return false;
    }
    const bool closing = next == '/';
    std::string name;
    for (size_t i = at_ + (closing ? 2 : 1); i < tag_end_ && name.size() < 12;
         ++i) {
      const auto byte = static_cast<unsigned char>(source_[i]);
      if (std::isalnum(byte) == 0) {
        break;
      }
      name += static_cast<char>(std::tolower(byte));
    }
    const bool empty = source_[tag_end_ - 1] == '/';
    at_ = tag_end_ + 1;
    apply_tag(name, closing, empty);
    return true;
  }

  void apply_tag(const std::string& name, bool closing, bool empty) {
    if (name == "title") {
      if (closing) {
        end_title();
      } else {
        collecting_ = true;
      }
      return;
    }
    if (name == "body") {
      end_title();  // one that was not closed would swallow the page
    }
    if (!closing && !empty && has_word(kHiddenTags, name)) {
      skip_element(name);
      return;
    }
    if (name == "pre" || name == "textarea") {
      in_pre_ = !closing;
    }
    if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' &&
        name[1] <= '6') {
      apply_heading(name[1] - '0', closing);
    }
    if (name == "td" || name == "th") {
      space_ = true;
    }
    if (has_word(kBlockTags, name)) {
      new_block_ = true;
      space_ = false;
    }
  }

  void end_title() {
    if (collecting_) {
      collecting_ = false;
      space_ = false;
      path_.enter(0, title_);
      out_.sections.front().heading = path_.text();
    }
  }

  void apply_heading(int level, bool closing) {
    if (!closing) {
      in_heading_ = level;
      heading_.clear();
      heading_begin_ = out_.text.size() + 1;
      return;
    }
    if (in_heading_ > 0 && !heading_.empty()) {
      // "¶", the link to itself that documentation tools put there.
      if (heading_.ends_with("\xC2\xB6")) {
        heading_.resize(heading_.size() - 2);
      }
      path_.enter(in_heading_, heading_);
      const size_t begin = std::min(heading_begin_, out_.text.size());
      if (out_.sections.back().begin >= begin) {
        out_.sections.back().heading = path_.text();
      } else {
        out_.sections.push_back({begin, path_.text()});
      }
    }
    in_heading_ = 0;
  }

  // Past the end of an element whose content is no text.
  void skip_element(const std::string& name) {
    const std::string end = "</" + name;
    for (size_t at = at_; (at = source_.find("</", at)) != source_.npos;
         at += 2) {
      const std::string_view here = source_.substr(at, end.size());
      if (std::ranges::equal(here, end, [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) == b;
          })) {
        at_ = at;
        return;
      }
    }
    at_ = source_.size();
  }

  // Moves past the next `mark`; false if there is none. `known`: where it was
  // last found, so that a page without any costs one search.
  bool skip_past(std::string_view mark, size_t& known) {
    if (known <= at_) {
      known = source_.find(mark, at_);
    }
    if (known == source_.npos) {
      return false;
    }
    at_ = known + mark.size();
    return true;
  }

  std::string_view source_;
  size_t at_ = 0;
  DocumentText out_;
  HeadingPath path_;
  size_t tag_end_ = 0;
  size_t comment_end_ = 0;
  bool space_ = false;
  bool new_block_ = true;
  bool in_pre_ = false;
  bool collecting_ = false;  // into title_
  int in_heading_ = 0;       // its level
  size_t heading_begin_ = 0;
  std::string title_, heading_;
};

}  // namespace

DocumentText structure_html(std::string_view source) {
  return HtmlReader(source).read();
}

}  // namespace bantam
