// SPDX-License-Identifier: MIT
// Any bytes as a configuration file: settings of the table with values of
// their kinds, or invalid_request with a place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "config/run_config.h"
#include "config/yaml_settings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    bantam::RunConfig config;
    std::vector<bantam::GivenSetting> settings;
    for (bantam::FileSetting& found : bantam::parse_settings(text, "fuzz")) {
      if (found.value.index() == 0 || found.line < 1) {
        std::abort();
      }
      settings.push_back(
          {bantam::find_setting(found.setting->key).value(),
           std::move(found.value),
           "fuzz:1",
           "fuzz:1: key"});
    }
    config.apply(bantam::Layer::file, std::move(settings));
    // Throws if a value is not of its setting's kind.
    bantam::to_json_line(config.applied(bantam::commands::kComputing));
    config.check_available(bantam::commands::kComputing);
  } catch (const bantam::Error& error) {
    const std::string_view message = error.what();
    if (error.code() != bantam::ErrorCode::invalid_request ||
        !message.starts_with("fuzz:")) {
      std::abort();
    }
  }
  return 0;
}
