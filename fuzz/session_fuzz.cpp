// SPDX-License-Identifier: MIT
// Any bytes as a saved conversation, and, since a digest keeps them from there,
// as its header. What is read is sound and reads the same when written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/sealed_file.h"
#include "base/utf8.h"
#include "engine/session_record.h"
#include "input_file.h"

namespace bantam {
namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void walk_record(std::string_view text) {
  const SessionRecord record = parse_session_record(text, "file");
  for (const auto& [user, assistant] : record.exchanges) {
    require(valid_utf8_prefix(user) == user.size());
    require(valid_utf8_prefix(assistant) == assistant.size());
  }
  for (const int32_t id : record.ids) {
    require(id >= 0);
  }
  const std::string once = record_text(record);
  require(record_text(parse_session_record(once, "again")) == once);
}

void walk_file(const std::string& path, int64_t size) {
  SealedFile file(path);
  require(file.payload_bytes() >= 0 && file.payload_bytes() <= size);
  file.payload_is_sound();
  std::vector<std::byte> payload(file.payload_bytes());
  file.read(payload);
  walk_record(file.header());
}

}  // namespace
}  // namespace bantam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static bantam::InputFile input(".session");
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    if (text.starts_with('{')) {
      bantam::walk_record(text);
    } else {
      bantam::walk_file(input.write(bytes, size), static_cast<int64_t>(size));
    }
  } catch (const bantam::Error& error) {
    bantam::require(error.code() == bantam::ErrorCode::invalid_file);
  }
  return 0;
}
