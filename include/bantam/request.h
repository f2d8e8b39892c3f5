// SPDX-License-Identifier: MIT
// What is asked of a backend and what comes back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bantam {

/// One turn of a conversation: role is "system", "user", "assistant", ...
struct Message {
  std::string role;
  std::string content;
};

/// One token as the model rated it: its natural logarithm of probability, over
/// the whole vocabulary and before any sampling setting.
struct TokenLogprob {
  int32_t id = 0;
  std::string bytes;  // that it adds to the text; may be half a character
  double logprob = 0;
};

/// A token of the answer beside the likeliest that could have stood there.
struct TokenChoice {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  // the likeliest first
};

/// Applied in this order: logit bias, penalties (over the whole output),
/// temperature, top-k, top-p, min-p.
struct SamplingSettings {
  double temperature = 0.1;         // 0: greedy
  int64_t top_k = 0;                // 0: off
  double top_p = 1.0;               // 1: off
  double min_p = 0.0;               // 0: off
  double repetition_penalty = 1.0;  // 1: off
  double presence_penalty = 0.0;
  double frequency_penalty = 0.0;
  std::vector<std::pair<int32_t, float>> logit_bias;
  uint64_t seed = 0;
};

struct Request {
  /// The conversation, rendered through the model's chat template.
  std::vector<Message> messages;
  /// If not "": the conversation as a JSON list, handed to the template as it
  /// is (roles, contents, tool calls and their results); messages unused.
  std::string messages_json;
  /// If not "": a JSON list of the tools that the template is to describe.
  std::string tools_json;
  /// With `use_chat_template` false: the prompt as it is; messages unused.
  std::string prompt;
  /// If not empty: the prompt as token ids; nothing is added.
  std::vector<int32_t> prompt_ids;
  bool use_chat_template = true;
  /// A JSON object of further template variables ("" for none).
  std::string template_variables;
  /// Let the model reason before it answers, if its template can.
  bool thinking = false;
  /// Tokens of reasoning after which it is closed in the model's place; -1: no
  /// limit.
  int64_t thinking_budget = -1;
  /// The answer begins with this text.
  std::string answer_prefix;

  SamplingSettings sampling;
  int64_t max_tokens = 256;
  std::vector<std::string> stop;  // not part of the answer
  /// Tokens that end the answer beside those of the model: spelling or id.
  std::vector<std::string> end_tokens;

  /// How many of the likeliest tokens to report beside each chosen one (0: that
  /// one alone); nullopt: no logprobs.
  std::optional<int64_t> top_logprobs;
  /// If not "": a JSON schema that the answer satisfies ("{}": any JSON), as
  /// far as max_tokens let it come. See text/json_schema.h for what is
  /// understood. The answer_prefix is not part of the JSON.
  std::string json_schema;
  /// Show special tokens in the text, for whoever parses it.
  bool show_special_tokens = false;
};

enum class FinishReason { stop, length, memory, swap, cancelled };

/// "stop", "length", ...
const char* finish_reason_name(FinishReason reason);

struct Timing {
  double load_s = 0;
  double prefill_s = 0;
  double decode_s = 0;       // after the first token
  double first_token_s = 0;  // from the start of loading or of the request
};

/// A change of the machine's memory pressure during a run.
struct PressureEvent {
  double t_s = 0;     // since the run began to watch
  std::string level;  // "green", "yellow", "red", "unknown"
};

struct MemoryUse {
  int64_t planned_bytes = 0;
  int64_t peak_bytes = 0;  // of the process, mapped weights included
  int64_t budget_bytes = 0;
  int64_t kv_budget_tokens = 0;
  int64_t kv_dropped_tokens = 0;
  std::string pressure_max = "unknown";
  std::vector<PressureEvent> pressure;
  /// Of the machine, since before loading; nullopt: the system does not say.
  std::optional<int64_t> swap_growth_bytes;
  /// Why the guard stopped the run, "" if it did not, and how long it took
  /// from the deciding sample to the end of the work.
  std::string stop_reason;
  std::optional<double> stop_latency_s;
};

/// What a mixture of experts read of its experts during a run. Those that a
/// budget keeps out of memory come from disk when a token wants them.
struct ExpertUse {
  int64_t choices = 0;  // pairs of token and expert
  int64_t visits = 0;   // experts used, once for all tokens of a chunk
  int64_t misses = 0;   // of them, those that were not in memory yet
  int64_t bytes = 0;    // of weights used
  int64_t missed_bytes = 0;
  int64_t resident_bytes = 0;  // in the end
  int64_t total_bytes = 0;     // of all experts

  double hit_rate() const {
    return visits > 0
        ? 1.0 - static_cast<double>(misses) / static_cast<double>(visits)
        : 0.0;
  }
};

struct Result {
  std::string text;       // the answer, without reasoning
  std::string reasoning;  // "" if there was none
  int64_t reasoning_tokens = 0;
  std::vector<int32_t> prompt_ids;
  std::vector<int32_t> token_ids;  // generated, the end token included
  /// Of a backend that does not tell the ids: how many it says it generated.
  /// nullopt with no ids: it was ended before it said.
  std::optional<int64_t> reported_tokens;
  FinishReason finish_reason = FinishReason::stop;
  /// The stop string that ended the answer; "": none did.
  std::string stop_string;
  /// Of each token of the text (not of one that ended it), if asked for.
  std::vector<TokenChoice> logprobs;
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // of them, taken up from an earlier request
  Timing timing;
  MemoryUse memory;
  std::optional<ExpertUse> experts;  // nullopt: a dense model
  /// Adjustments the user should know of, one sentence each.
  std::vector<std::string> notes;

  int64_t completion_tokens() const {
    return reported_tokens.value_or(static_cast<int64_t>(token_ids.size()));
  }
};

}  // namespace bantam
