// SPDX-License-Identifier: MIT
#include "weights/quantization_config.h"

#include <utility>

#include "weights/byte_cursor.h"

namespace bantam {

namespace {

int64_t read_integer(
    const Json& entry,
    const char* key,
    int64_t otherwise,
    const std::string& where) {
  const auto found = entry.find(key);
  if (found == entry.end() || found->is_null()) {
    return otherwise;
  }
  if (!found->is_number_integer()) {
    fail(
        ErrorCode::invalid_file,
        "{}.{} is not an integer: {}",
        where,
        key,
        printable(to_json_line(*found)));
  }
  return found->get<int64_t>();
}

// What MLX takes for a mode if nothing else is said.
MlxFormat default_format(std::string mode) {
  MlxFormat format;
  if (mode == "mxfp4" || mode == "mxfp8") {
    format.group = 32;
  } else if (mode == "nvfp4") {
    format.group = 16;
  }
  if (mode == "mxfp8") {
    format.bits = 8;
  }
  format.mode = std::move(mode);
  return format;
}

// What an entry leaves out is MLX's default.
MlxFormat read_format(const Json& entry, const std::string& where) {
  MlxFormat format;
  const auto mode = entry.find("mode");
  if (mode != entry.end() && !mode->is_null()) {
    if (!mode->is_string()) {
      fail(ErrorCode::invalid_file, "{}.mode is not text", where);
    }
    format = default_format(mode->get<std::string>());
  }
  format.bits = read_integer(entry, "bits", format.bits, where);
  format.group = read_integer(entry, "group_size", format.group, where);
  return format;
}

void read_mlx_form(
    const Json& entry,
    const std::string& where,
    QuantizationConfig& config) {
  config.defaults = read_format(entry, where);
  for (const auto& [path, value] : entry.items()) {
    // Anything else is a setting of the whole: bits, group_size, mode, ...
    if (value.is_object()) {
      // What an exception leaves out is MLX's default, not this file's.
      config.modules[path] = read_format(value, where + "." + printable(path));
    } else if (value.is_boolean()) {
      config.modules[path] = value.get<bool>() ? config.defaults : std::nullopt;
    }
  }
}

std::string foreign_method(const Json& entry) {
  const auto method = entry.find("quant_method");
  if (method != entry.end() && method->is_string()) {
    return printable(method->get<std::string>());
  }
  // bitsandbytes configurations from before the key existed.
  return entry.contains("load_in_4bit") || entry.contains("load_in_8bit")
      ? "bitsandbytes"
      : "a method that config.json does not name";
}

// The entry, or nullptr if it is absent or null.
const Json* find_entry(
    const Json& config,
    const char* key,
    const std::string& source) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) {
    return nullptr;
  }
  if (!found->is_object()) {
    fail(ErrorCode::invalid_file, "{}: {} is not an object", source, key);
  }
  return &*found;
}

}  // namespace

QuantizationConfig read_quantization_config(
    const Json& config,
    const std::string& source) {
  QuantizationConfig result;
  if (const Json* entry = find_entry(config, "quantization", source)) {
    read_mlx_form(*entry, source + ": quantization", result);
    return result;
  }
  for (const char* key : {"quantization_config", "compression_config"}) {
    const Json* entry = find_entry(config, key, source);
    if (entry == nullptr) {
      continue;
    }
    const bool mlx_form = !entry->contains("quant_method") &&
        entry->contains("bits") && entry->contains("group_size");
    if (mlx_form) {
      read_mlx_form(*entry, source + ": " + key, result);
    } else if (foreign_method(*entry) != "mxfp4") {
      // mxfp4 is how gpt-oss stores its experts: tensors of their own, which
      // the family reads.
      result.foreign_method = foreign_method(*entry);
    }
    return result;
  }
  return result;
}

}  // namespace bantam
