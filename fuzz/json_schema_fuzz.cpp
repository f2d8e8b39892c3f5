// SPDX-License-Identifier: MIT
// A schema, a zero byte, and a text. Whatever the compiled schema lets through
// must be JSON; the automaton must not care what it has forgotten.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/byte_automaton.h"
#include "text/json_schema.h"

namespace {

// Goes on with the first byte that may follow, so that texts are reached that
// the fuzzer would not find; returns whether the end was.
bool complete(
    bantam::ByteAutomaton& automaton,
    bantam::ByteAutomaton::State state,
    std::string& text) {
  for (int step = 0; step < 64 && !automaton.accepts(state); ++step) {
    bantam::ByteAutomaton::State next = bantam::ByteAutomaton::kDead;
    // From the back: brackets close, quotes end only at last.
    for (int byte = 255; byte >= 0; --byte) {
      next = automaton.step(state, static_cast<uint8_t>(byte));
      if (next != bantam::ByteAutomaton::kDead) {
        text += static_cast<char>(byte);
        break;
      }
    }
    if (next == bantam::ByteAutomaton::kDead) {
      std::abort();  // A state that is alive leads somewhere.
    }
    state = next;
  }
  return automaton.accepts(state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  try {
    const bantam::Json schema = bantam::parse_json(
        input.substr(0, end), "schema", bantam::ErrorCode::invalid_request);
    const bantam::CompiledSchema compiled = bantam::compile_json_schema(schema);
    bantam::ByteAutomaton automaton(compiled.grammar, compiled.start);
    bantam::ByteAutomaton::State state = automaton.start();
    std::string text;
    for (const char c : input.substr(std::min(end + 1, input.size()))) {
      const auto next = automaton.step(state, static_cast<uint8_t>(c));
      if (next == bantam::ByteAutomaton::kDead) {
        break;
      }
      text += c;
      state = text.size() % 5 == 0 ? automaton.forget(next) : next;
    }
    if (complete(automaton, state, text) && !bantam::Json::accept(text)) {
      std::abort();
    }
  } catch (const bantam::Error& error) {
    if (error.code() != bantam::ErrorCode::invalid_request) {
      std::abort();
    }
  }
  return 0;
}
