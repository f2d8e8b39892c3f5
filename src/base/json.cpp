// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mapped_file.h"

namespace bantam {

namespace {

constexpr size_t kMaxDepth = 256;

struct Place {
  size_t line;
  size_t column;
};

Place place_of(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const size_t line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t last_newline = before.rfind('\n');
  const size_t column =
      last_newline == before.npos ? offset + 1 : offset - last_newline;
  return {line, column};
}

// Builds the value from the parser's events. nlohmann's own builder looks each
// new key up by going through all the others, which takes 13 s for an object
// of 65 thousand keys (added_tokens_decoder of speech models); here keys are
// appended, and an object looks for repeated ones once, when it is complete.
class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(std::string_view text, std::string_view source, ErrorCode code)
      : text_(text), source_(source), code_(code) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override {
    return add(value);
  }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // never in text
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool key(string_t& value) override {
    members_of(*open_.back()).emplace_back(std::move(value), nullptr);
    return true;
  }
  bool end_object() override {
    keep_last_of_each_key(*open_.back());
    open_.pop_back();
    return true;
  }

  bool parse_error(
      size_t position,
      const std::string& /*token*/,
      const nlohmann::detail::exception& error) override {
    const Place place = place_of(text_, position > 0 ? position - 1 : 0);
    // nlohmann's text: "[json.exception.parse_error.101] parse error at line
    // 1, column 2: syntax error while ...": keep what follows the place.
    std::string what = error.what();
    if (const size_t cut = what.find(": "); cut != what.npos) {
      what.erase(0, cut + 2);
    }
    fail(code_, "{}:{}:{}: {}", source_, place.line, place.column, what);
  }

 private:
  using Members = std::vector<std::pair<const std::string, Json>>;

  static Members& members_of(Json& object) {
    return *object.get_ptr<Json::object_t*>();
  }

  // The pointers in open_ stay good: a container grows only while it is the
  // innermost open one.
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  Json* place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    Json& member = members_of(parent).back().second;
    member = std::move(value);
    return &member;
  }
  bool open(Json container) {
    if (open_.size() > kMaxDepth) {
      fail(code_, "{}: nested deeper than {} levels", source_, kMaxDepth);
    }
    open_.push_back(place(std::move(container)));
    return true;
  }

  // As in Python and nlohmann's builder: the first place, the last value.
  static void keep_last_of_each_key(Json& object) {
    Members& members = members_of(object);
    if (members.size() < 2) {
      return;
    }
    std::unordered_map<std::string_view, size_t> first;
    first.reserve(members.size());
    bool repeated = false;
    for (size_t i = 0; i < members.size(); ++i) {
      const auto [entry, added] = first.emplace(members[i].first, i);
      if (!added) {
        members[entry->second].second = members[i].second;
        repeated = true;
      }
    }
    if (!repeated) {
      return;
    }
    Json unique = Json::object();
    for (size_t i = 0; i < members.size(); ++i) {
      if (first.at(members[i].first) == i) {
        members_of(unique).push_back(members[i]);
      }
    }
    object = std::move(unique);
  }

  std::string_view text_;
  std::string_view source_;
  ErrorCode code_;
  Json root_;
  std::vector<Json*> open_;
};

}  // namespace

Json parse_json(
    std::string_view text,
    std::string_view source,
    ErrorCode code) {
  TreeBuilder builder(text, source, code);
  try {
    Json::sax_parse(text.begin(), text.end(), &builder);
  } catch (const Json::exception& error) {
    fail(code, "{}: {}", source, error.what());
  }
  return builder.take();
}

Json read_json_file(const std::string& path) {
  const MappedFile file(path);
  return parse_json(file.text(), path);
}

std::string to_json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bantam
