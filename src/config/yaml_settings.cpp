// SPDX-License-Identifier: MIT
#include "config/yaml_settings.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"
#include "config/setting_names.h"

namespace bantam {

namespace {

// The guide's file has 500 bytes; this leaves room for a long system prompt.
// yaml-cpp 0.7 needs quadratic time for a million quotes: 3 s; for this, 0.2 s.
constexpr size_t kMaxBytes = 1 << 18;

// yaml-cpp 0.7 takes a quote that is never closed for a text that goes on to
// the end of the file, provided that a newline stands there. After a comment
// without one, it reports it.
constexpr std::string_view kEndMark = "\n#";

// A text with a name, for messages that point into it.
class Source {
 public:
  Source(std::string_view text, const std::string& name)
      : text_(text), name_(name) {}

  // `line` and `column` from 0, as yaml-cpp counts.
  [[noreturn]] void refuse(int line, int column, const std::string& message)
      const {
    if (const auto lines = std::ranges::count(text_, '\n'); line > lines) {
      line = static_cast<int>(lines);  // at the end mark
      column = static_cast<int>(text_.size() - (text_.rfind('\n') + 1));
    }
    if (const int tab = tab_before(line, column); tab >= 0) {
      fail(
          ErrorCode::invalid_request,
          "{}:{}:{}: a tab in the indentation; indent with spaces",
          name_,
          line + 1,
          tab + 1);
    }
    fail(
        ErrorCode::invalid_request,
        "{}:{}:{}: {}",
        name_,
        line + 1,
        column + 1,
        message);
  }

  // The column of a tab in the line's indentation up to `column`; else -1.
  int tab_before(int line, int column) const {
    size_t begin = 0;
    for (int i = 0; i < line && begin != text_.npos; ++i) {
      begin = text_.find('\n', begin);
      begin = begin == text_.npos ? begin : begin + 1;
    }
    if (begin == text_.npos) {
      return -1;
    }
    for (int i = 0; i <= column && begin + i < text_.size(); ++i) {
      if (text_[begin + i] == '\t') {
        return i;
      }
      if (text_[begin + i] != ' ') {
        return -1;
      }
    }
    return -1;
  }

  // Bytes that YAML does not allow; yaml-cpp would take 0x04 for the end of
  // the file and the first bytes for another encoding.
  void check_bytes() const {
    const size_t valid = valid_utf8_prefix(text_);
    int line = 0;
    size_t line_begin = 0;
    for (size_t i = 0; i < text_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text_[i]);
      if (i == valid) {
        refuse(
            line,
            static_cast<int>(i - line_begin),
            fmt::format("not valid UTF-8: byte 0x{:02X}", byte));
      }
      if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') ||
          byte == 0x7F) {
        refuse(
            line,
            static_cast<int>(i - line_begin),
            fmt::format("a control character (0x{:02X})", byte));
      }
      if (byte == '\n') {
        ++line;
        line_begin = i + 1;
      }
    }
  }

  const std::string& name() const { return name_; }

 private:
  std::string_view text_;
  const std::string& name_;
};

class SettingEvents final : public YAML::EventHandler {
 public:
  explicit SettingEvents(const Source& source) : source_(source) {}

  std::vector<FileSetting> take() { return std::move(found_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) {
      refuse(
          mark,
          "a second document begins here; a configuration is one (is the "
          "indentation right?)");
    }
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, anchor);
    switch (place_) {
      case Place::root:
        break;
      case Place::section_value:  // all its lines are comments
        place_ = Place::section_key;
        break;
      case Place::setting_value:
        refuse(
            key_mark_,
            fmt::format(
                "{} has no value; give it {}, or take the line out",
                setting_->key,
                expectation(*setting_)));
      case Place::section_key:
      case Place::setting_key:
        refuse(mark, "a key is missing");
      case Place::item:
        refuse(mark, fmt::format("an element of {} is empty", setting_->key));
    }
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (*name) are not used here; write the value itself");
  }

  void OnScalar(
      const YAML::Mark& mark,
      const std::string& tag,
      YAML::anchor_t anchor,
      const std::string& text) override {
    check(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty()) {
      refuse(mark, "tags such as !!str are not used here");
    }
    const bool plain = tag != "!";
    switch (place_) {
      case Place::root:
        refuse(mark, "sections such as sampling: must stand here");
      case Place::section_key:
        open_section(mark, text);
        break;
      case Place::section_value:
        refuse(
            mark,
            fmt::format(
                "settings must stand under {}:, each on a line of its own",
                section_));
      case Place::setting_key:
        open_setting(mark, text);
        break;
      case Place::setting_value:
        add(mark, plain, text);
        place_ = Place::setting_key;
        break;
      case Place::item:
        check_text(mark, plain, text);
        std::get<std::vector<std::string>>(found_.back().value).push_back(text);
        break;
    }
  }

  void OnSequenceStart(
      const YAML::Mark& mark,
      const std::string&,
      YAML::anchor_t anchor,
      YAML::EmitterStyle::value) override {
    check(mark, anchor);
    if (place_ != Place::setting_value ||
        setting_->kind != SettingKind::texts) {
      refuse_collection(mark, "a list");
    }
    found_.push_back({setting_, std::vector<std::string>{}, mark.line + 1});
    place_ = Place::item;
  }
  void OnSequenceEnd() override { place_ = Place::setting_key; }

  void OnMapStart(
      const YAML::Mark& mark,
      const std::string&,
      YAML::anchor_t anchor,
      YAML::EmitterStyle::value) override {
    check(mark, anchor);
    if (place_ == Place::root) {
      place_ = Place::section_key;
    } else if (place_ == Place::section_value) {
      place_ = Place::setting_key;
    } else {
      refuse_collection(mark, "a mapping");
    }
  }
  void OnMapEnd() override {
    place_ = place_ == Place::setting_key ? Place::section_key : Place::root;
  }

 private:
  // What the next event is.
  enum class Place {
    root,
    section_key,
    section_value,
    setting_key,
    setting_value,
    item,
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message)
      const {
    source_.refuse(mark.line, mark.column, message);
  }

  [[noreturn]] void refuse_collection(const YAML::Mark& mark, const char* what)
      const {
    switch (place_) {
      case Place::root:
      case Place::section_value:
        refuse(
            mark,
            fmt::format(
                "{} where {} must stand",
                what,
                place_ == Place::root
                    ? "sections such as sampling:"
                    : fmt::format("the settings of {}:", section_)));
      case Place::section_key:
      case Place::setting_key:
        refuse(mark, fmt::format("{} cannot be a key", what));
      default:
        refuse(
            mark,
            fmt::format(
                "{} must be {}, not {}",
                setting_->key,
                place_ == Place::item ? "a list of texts"
                                      : expectation(*setting_),
                what));
    }
  }

  // What every event must satisfy.
  void check(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) {
      refuse(mark, "anchors (&name) are not used here; write the value itself");
    }
    if (source_.tab_before(mark.line, mark.column) >= 0) {
      refuse(mark, "");  // says so
    }
  }

  void open_section(const YAML::Mark& mark, const std::string& name) {
    const bool known = std::ranges::any_of(
        kSettingSections,
        [&](const auto& section) { return section.name == name; });
    if (!known) {
      refuse_key(mark, "section", name);
    }
    note_once(mark, name);
    section_ = name;
    place_ = Place::section_value;
  }

  void open_setting(const YAML::Mark& mark, const std::string& name) {
    const std::string key = section_ + "." + name;
    const auto index = find_setting(key);
    if (!index) {
      refuse_key(mark, "key", key);
    }
    note_once(mark, key);
    setting_ = &kSettings[*index];
    key_mark_ = mark;
    place_ = Place::setting_value;
  }

  [[noreturn]] void refuse_key(
      const YAML::Mark& mark,
      const char* what,
      const std::string& key) const {
    const std::string near = nearest_key(key);
    refuse(
        mark,
        fmt::format(
            "unknown {} {}{}; bantam config --schema lists all",
            what,
            key.substr(0, 80),
            near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }

  // yaml-cpp takes a key twice without a word.
  void note_once(const YAML::Mark& mark, const std::string& key) {
    const auto [earlier, is_new] = lines_.try_emplace(key, mark.line + 1);
    if (!is_new) {
      refuse(
          mark,
          fmt::format(
              "{} stands here twice; the first is in line {}",
              key,
              earlier->second));
    }
  }

  void check_text(const YAML::Mark& mark, bool plain, const std::string& text)
      const {
    if (plain && reads_as_bare(text)) {
      refuse(
          mark,
          fmt::format(
              "{} wants a text, but {} is none in YAML; write \"{}\"",
              setting_->key,
              text,
              text));
    }
  }

  void add(const YAML::Mark& mark, bool plain, const std::string& text) {
    const Setting& setting = *setting_;
    const bool bare = setting.kind == SettingKind::boolean ||
        (setting.is_numeric() && setting.kind != SettingKind::size) ||
        (setting.kind == SettingKind::choice && reads_as_bare(text));
    if (setting.kind == SettingKind::text || setting.kind == SettingKind::pin) {
      check_text(mark, plain, text);
    }
    if (setting.kind == SettingKind::texts) {
      refuse(
          mark,
          fmt::format("{} must be a list, such as [\"...\"]", setting.key));
    }
    const auto value = parse_value(setting, text);
    if (!value) {
      refuse(mark, fmt::format("{}: {}", setting.key, refusal(setting, text)));
    }
    if (bare && !plain) {
      refuse(
          mark,
          fmt::format(
              "{}: \"{}\" in quotes is a text; write {}",
              setting.key,
              text,
              text));
    }
    found_.push_back({&setting, *value, mark.line + 1});
  }

  const Source& source_;
  std::vector<FileSetting> found_;
  std::map<std::string, int> lines_;  // of sections and keys seen
  Place place_ = Place::root;
  std::string section_;
  const Setting* setting_ = nullptr;
  YAML::Mark key_mark_;
  bool started_ = false;
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string read_whole(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(
      std::fopen(path.c_str(), "rb"));
  std::string text;
  char buffer[1 << 16];
  while (file && text.size() <= kMaxBytes) {
    const size_t count = std::fread(buffer, 1, sizeof buffer, file.get());
    text.append(buffer, count);
    if (count < sizeof buffer) {
      break;
    }
  }
  if (!file || std::ferror(file.get()) != 0) {
    fail(
        ErrorCode::invalid_request,
        "{}: the configuration cannot be read: {}",
        path,
        std::strerror(errno));
  }
  return text;
}

}  // namespace

std::vector<FileSetting> parse_settings(
    std::string_view text,
    const std::string& source_name) {
  if (text.size() > kMaxBytes) {
    fail(
        ErrorCode::invalid_request,
        "{}: larger than {} bytes; is it a configuration?",
        source_name,
        kMaxBytes);
  }
  const Source source(text, source_name);
  source.check_bytes();
  SettingEvents events(source);
  try {
    std::istringstream stream(std::string(text).append(kEndMark));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) {
      fail(ErrorCode::invalid_request, "{}: {}", source_name, error.msg);
    }
    const bool open_quote = error.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
    source.refuse(
        error.mark.line,
        error.mark.column,
        fmt::format(
            "not valid YAML: {}",
            open_quote ? "a quote is not closed" : error.msg));
  }
  return events.take();
}

std::vector<FileSetting> read_settings_file(const std::string& path) {
  return parse_settings(read_whole(path), path);
}

}  // namespace bantam
