// SPDX-License-Identifier: MIT
#include "weights/json_events.h"

#include "weights/byte_cursor.h"

namespace bantam {

void JsonEvents::parse(std::string_view text) {
  try {
    Json::sax_parse(text.begin(), text.end(), this);
  } catch (const Json::exception& error) {
    fail(ErrorCode::invalid_file, "{}: {}", file_, printable(error.what()));
  }
}

bool JsonEvents::parse_error(
    size_t position,
    const std::string& /*token*/,
    const nlohmann::detail::exception& error) {
  // nlohmann's text: "[json.exception.parse_error.101] parse error at line 1,
  // column 2: syntax error while ...": the byte replaces what is in front.
  std::string what = error.what();
  if (const size_t cut = what.find(": "); cut != what.npos) {
    what.erase(0, cut + 2);
  }
  fail(
      ErrorCode::invalid_file,
      "{}: JSON at byte {}: {}",
      file_,
      text_begin_ + (position > 0 ? position - 1 : 0),
      printable(what));
}

}  // namespace bantam
