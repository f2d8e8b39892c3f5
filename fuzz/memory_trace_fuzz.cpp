// SPDX-License-Identifier: MIT
// Any bytes as a memory trace. What is read is sound, and the writer's trace
// of it reads as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "input_file.h"
#include "machine/memory_trace.h"
#include "machine/trace_fields.h"

namespace bantam {
namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void require_same(const MemorySample& a, const MemorySample& b) {
  require(a.pressure == b.pressure);
  for (const TraceField& field : kTraceFields) {
    require(a.*field.member == b.*field.member);
    require((a.*field.member).value_or(0) >= 0);
  }
  require(a.apps.has_value() == b.apps.has_value());
  for (size_t i = 0; a.apps && i < a.apps->size(); ++i) {
    require(a.apps->at(i).name == b.apps->at(i).name);
    require(a.apps->at(i).bytes == b.apps->at(i).bytes);
  }
}

void walk(const std::vector<MemorySample>& samples, const std::string& path) {
  require(!samples.empty());
  TraceWriter writer(path);
  double last_s = 0;
  for (const MemorySample& sample : samples) {
    require(sample.t_s >= last_s);
    last_s = sample.t_s;
    writer.write(sample);
  }
  writer.close();
  const std::vector<MemorySample> again = read_memory_trace(path);
  require(again.size() == samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    require_same(samples[i], again[i]);
  }
}

}  // namespace
}  // namespace bantam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static bantam::InputFile file(".jsonl");
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    bantam::walk(
        bantam::parse_memory_trace(text, "trace"), file.write(bytes, 0));
  } catch (const bantam::Error& error) {
    bantam::require(error.code() == bantam::ErrorCode::invalid_request);
  }
  return 0;
}
