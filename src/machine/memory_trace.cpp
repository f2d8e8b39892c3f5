// SPDX-License-Identifier: MIT
#include "machine/memory_trace.h"

#include <array>
#include <cmath>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/suggest.h"
#include "machine/trace_fields.h"

namespace bantam {

namespace {

struct PressureWord {
  Pressure pressure;
  std::string_view word;
};

constexpr std::array kPressureWords{
    PressureWord{Pressure::unknown, "unknown"},
    PressureWord{Pressure::green, "green"},
    PressureWord{Pressure::yellow, "yellow"},
    PressureWord{Pressure::red, "red"},
};

// Where a line stands, for errors.
struct Place {
  std::string_view source;
  size_t line;

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args)
      const {
    fail(
        ErrorCode::invalid_request,
        "{}:{}: {}",
        source,
        line,
        fmt::format(format, std::forward<Args>(args)...));
  }
};

Json parse_line(std::string_view text, const Place& place) {
  try {
    return parse_json(text, "", ErrorCode::invalid_request);
  } catch (const Error& error) {
    // ":1:<column>: what": the line is the trace's, not the text's.
    std::string_view what = error.what();
    for (const std::string_view prefix : {":1:", ": "}) {
      if (what.starts_with(prefix)) {
        what.remove_prefix(prefix.size());
        break;
      }
    }
    fail(
        ErrorCode::invalid_request, "{}:{}:{}", place.source, place.line, what);
  }
}

int64_t byte_count(
    const Json& value,
    std::string_view field,
    const Place& place) {
  if (!value.is_number()) {
    place.refuse("{} must be a number of bytes", field);
  }
  const double number = value.get<double>();
  if (number < 0) {
    place.refuse("{} must not be negative", field);
  }
  // 2^63. JSON makes no difference between 4 and 4.0.
  const bool fits = value.is_number_float()
      ? number < 9223372036854775808.0
      : value.get<uint64_t>() <= uint64_t{INT64_MAX};
  if (!fits) {
    place.refuse("{} is too large", field);
  }
  if (number != std::floor(number)) {
    place.refuse("{} must be a whole number of bytes", field);
  }
  return value.get<int64_t>();
}

double time_of(const Json& value, double earliest_s, const Place& place) {
  if (!value.is_number()) {
    place.refuse("t_s must be a number of seconds");
  }
  const double t_s = value.get<double>();
  if (!std::isfinite(t_s) || t_s < 0) {
    place.refuse("t_s must be finite and not negative");
  }
  if (t_s < earliest_s) {
    place.refuse("t_s {} is before the sample above it, {}", t_s, earliest_s);
  }
  return t_s;
}

Pressure pressure_of(const Json& value, const Place& place) {
  const auto* word = value.get_ptr<const std::string*>();
  const auto pressure = word ? parse_pressure_word(*word) : std::nullopt;
  if (!pressure) {
    place.refuse(
        "pressure must be \"green\", \"yellow\", \"red\" or \"unknown\", "
        "not {}",
        to_json_line(value));
  }
  return *pressure;
}

AppMemory app_of(const Json& value, const Place& place) {
  if (!value.is_object()) {
    place.refuse("each of apps must be an object with name and bytes");
  }
  AppMemory app;
  for (const auto& [key, field] : value.items()) {
    if (key == "bytes") {
      app.bytes = byte_count(field, "bytes in apps", place);
    } else if (key != "name") {
      place.refuse("unknown field \"{}\" in apps", key);
    } else if (const auto* name = field.get_ptr<const std::string*>()) {
      app.name = *name;
    } else {
      place.refuse("name in apps must be text");
    }
  }
  if (app.name.empty()) {
    place.refuse("an entry of apps has no name");
  }
  return app;
}

std::vector<AppMemory> apps_of(const Json& value, const Place& place) {
  if (!value.is_array()) {
    place.refuse("apps must be a list");
  }
  std::vector<AppMemory> apps;
  for (const Json& entry : value) {
    apps.push_back(app_of(entry, place));
  }
  return apps;
}

[[noreturn]] void refuse_field(std::string_view key, const Place& place) {
  std::vector<std::string> known{"t_s", "pressure", "apps"};
  for (const TraceField& field : kTraceFields) {
    known.emplace_back(field.name);
  }
  const std::string meant = nearest(key, known);
  place.refuse(
      "unknown field \"{}\"{}",
      key,
      meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant));
}

MemorySample parse_sample(
    std::string_view text,
    double earliest_s,
    const Place& place) {
  const Json object = parse_line(text, place);
  if (!object.is_object()) {
    place.refuse("a sample must be a JSON object");
  }
  MemorySample sample;
  bool has_time = false;
  for (const auto& [key, value] : object.items()) {
    if (key == "t_s") {
      sample.t_s = time_of(value, earliest_s, place);
      has_time = true;
    } else if (key == "pressure") {
      sample.pressure = pressure_of(value, place);
    } else if (key == "apps") {
      sample.apps = apps_of(value, place);
    } else if (const TraceField* field = find_trace_field(key)) {
      sample.*field->member = byte_count(value, key, place);
    } else {
      refuse_field(key, place);
    }
  }
  if (!has_time) {
    place.refuse("t_s is missing");
  }
  return sample;
}

}  // namespace

std::string_view pressure_word(Pressure pressure) {
  for (const PressureWord& entry : kPressureWords) {
    if (entry.pressure == pressure) {
      return entry.word;
    }
  }
  return "unknown";
}

std::optional<Pressure> parse_pressure_word(std::string_view word) {
  for (const PressureWord& entry : kPressureWords) {
    if (entry.word == word) {
      return entry.pressure;
    }
  }
  return std::nullopt;
}

std::vector<MemorySample> parse_memory_trace(
    std::string_view text,
    std::string_view source) {
  std::vector<MemorySample> samples;
  Place place{source, 0};
  double earliest_s = 0;
  while (!text.empty()) {
    ++place.line;
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) {
      place.refuse("empty line");
    }
    samples.push_back(parse_sample(line, earliest_s, place));
    earliest_s = samples.back().t_s;
  }
  if (samples.empty()) {
    fail(
        ErrorCode::invalid_request,
        "{}:1: the memory trace has no samples",
        source);
  }
  return samples;
}

std::vector<MemorySample> read_memory_trace(const std::string& path) {
  const MappedFile file(path);
  return parse_memory_trace(file.text(), path);
}

}  // namespace bantam
