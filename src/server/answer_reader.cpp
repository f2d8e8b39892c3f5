// SPDX-License-Identifier: MIT
#include "server/answer_reader.h"

#include <fmt/format.h>

#include <chrono>
#include <random>

#include "base/error.h"

namespace bantam {

namespace {

using Clock = std::chrono::steady_clock;

// Between two looks at the client while nothing comes.
constexpr std::chrono::milliseconds kLookAround{20};
constexpr double kWaitNotice_s = 10;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The generation ends when its reader does, however that comes.
class CancelAtEnd {
 public:
  explicit CancelAtEnd(Generation& generation) : generation_(generation) {}
  ~CancelAtEnd() { generation_.cancel(); }
  CancelAtEnd(const CancelAtEnd&) = delete;
  CancelAtEnd& operator=(const CancelAtEnd&) = delete;

 private:
  Generation& generation_;
};

// One choice's text, with its tool calls taken out.
class ChoiceReader {
 public:
  ChoiceReader(const ApiCall& call, size_t choice, AnswerSink& out)
      : call_(call), choice_(choice), out_(out) {
    if (call.form) {
      parser_ = call.must_call
          ? make_forced_call_parser(call.tools, sink())
          : make_tool_call_parser(*call.form, call.tools, sink());
    }
    out_.begin(choice);
  }

  void push(std::string_view text) {
    if (is_done_) {
      return;
    }
    if (parser_) {
      parser_->push(text);
    } else if (!text.empty()) {
      out_.text(choice_, text);
    }
  }

  /// One call was allowed and has been made.
  bool is_done() const { return is_done_; }

  std::string finish(const Result& result) {
    if (parser_ && !is_done_) {
      parser_->finish();
    }
    const bool stopped = is_done_ || result.finish_reason == FinishReason::stop;
    std::string reason = stopped ? "stop" : "length";
    if (parser_ && stopped) {
      reason = parser_->is_malformed() ? "malformed_tool_call"
          : parser_->calls() > 0       ? "tool_calls"
                                       : "stop";
    }
    out_.end(choice_, reason, result);
    return reason;
  }

 private:
  ToolCallSink sink() {
    return {
        .text =
            [this](std::string_view text) {
              if (!text.empty() && !is_done_) {
                out_.text(choice_, text);
              }
            },
        .reasoning =
            [this](std::string_view text) { out_.reasoning(choice_, text); },
        .begin =
            [this](std::string_view name) {
              if (!is_done_) {
                out_.begin_call(choice_, random_id("call_"), name);
              }
            },
        .arguments =
            [this](std::string_view json) {
              if (!is_done_) {
                out_.call_arguments(choice_, json);
              }
            },
        .end =
            [this] {
              if (!is_done_) {
                out_.end_call(choice_);
                is_done_ = call_.one_call;
              }
            },
        .cancel =
            [this] {
              if (!is_done_) {
                out_.cancel_call(choice_);
              }
            }};
  }

  const ApiCall& call_;
  size_t choice_;
  AnswerSink& out_;
  std::unique_ptr<ToolCallParser> parser_;
  bool is_done_ = false;
};

[[noreturn]] void rethrow(
    const std::exception_ptr& error,
    bool out_of_time,
    ServerStats& stats) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    if (out_of_time) {
      throw ApiError(503, "the request waited too long in the queue")
          .with_code("timeout")
          .retry_after(30);
    }
    throw api_error(known);
  } catch (const UnderPressure& pressure) {
    stats.count_refused("pressure");
    throw pressure_error(pressure.reason);
  } catch (const std::bad_alloc&) {
    throw ApiError(503, "out of memory").with_code("insufficient_memory");
  } catch (const std::exception& unknown) {
    throw ApiError(500, fmt::format("a bug in bantam: {}", unknown.what()))
        .with_code("internal");
  }
}

std::shared_ptr<Generation> submit(
    const ApiCall& call,
    GenerationQueue& queue,
    ServerStats& stats) {
  try {
    return queue.submit(call.requests);
  } catch (const QueueFull& full) {
    stats.count_refused("queue");
    throw ApiError(
        503,
        fmt::format(
            "the queue is full: {} request{} ahead of this one; try again in "
            "{} s",
            full.position,
            full.position == 1 ? " is" : "s are",
            full.retry_after_s))
        .with_code("queue_full")
        .retry_after(full.retry_after_s);
  }
}

}  // namespace

std::string random_id(std::string_view prefix) {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return fmt::format(
      "{}{:016x}{:08x}", prefix, engine(), engine() & 0xffffffff);
}

Json answer_note(const Result& result) {
  Json note;
  // In OpenAI's words these are all "length".
  switch (result.finish_reason) {
    case FinishReason::memory:
      note["finish_reason"] = "memory";
      break;
    case FinishReason::swap:
      note["finish_reason"] = "swap";
      break;
    case FinishReason::cancelled:
      note["finish_reason"] = "cancelled";
      break;
    case FinishReason::stop:
    case FinishReason::length:
      break;
  }
  if (!result.memory.stop_reason.empty()) {
    note["stop_reason"] = result.memory.stop_reason;
  }
  if (result.memory.kv_dropped_tokens > 0) {
    note["kv_dropped_tokens"] = result.memory.kv_dropped_tokens;
  }
  if (!result.notes.empty()) {
    note["notes"] = result.notes;
  }
  return note;
}

void run_call(
    const ApiCall& call,
    GenerationQueue& queue,
    Exchange& exchange,
    ServerStats& stats,
    const AnswerLimits& limits,
    AnswerSink& sink) {
  const auto start = Clock::now();
  const std::shared_ptr<Generation> generation = submit(call, queue, stats);
  const CancelAtEnd cancel_at_end(*generation);
  std::unique_ptr<ChoiceReader> reader;
  double queue_s = 0;
  auto last_sign = start;
  bool out_of_time = false;
  for (size_t done = 0; done < call.requests.size();) {
    std::optional<GenerationEvent> event = generation->wait(kLookAround);
    if (exchange.client_gone()) {
      throw ClientGone{};
    }
    if (!out_of_time && seconds_since(start) > limits.request_s) {
      out_of_time = true;
      generation->cancel();
    }
    if (!event) {
      if (seconds_since(last_sign) > kWaitNotice_s) {
        sink.wait();
        last_sign = Clock::now();
      }
      continue;
    }
    last_sign = Clock::now();
    // Not before there is something to tell: until then a failure still has a
    // status of its own.
    const bool tells = event->kind == GenerationEvent::Kind::piece ||
        event->kind == GenerationEvent::Kind::finished;
    if (tells && reader == nullptr) {
      reader = std::make_unique<ChoiceReader>(call, event->choice, sink);
    }
    switch (event->kind) {
      case GenerationEvent::Kind::started:
        queue_s = done == 0 ? seconds_since(start) : queue_s;
        break;
      case GenerationEvent::Kind::piece:
        if (!event->logprobs.empty()) {
          sink.logprobs(event->choice, event->logprobs);
        }
        if (!event->reasoning.empty()) {
          sink.reasoning(event->choice, event->reasoning);
        }
        reader->push(event->text);
        if (reader->is_done() && call.requests.size() == 1) {
          generation->cancel();
        }
        break;
      case GenerationEvent::Kind::finished: {
        Result& result = *event->result;
        if (out_of_time && result.finish_reason == FinishReason::cancelled) {
          result.memory.stop_reason = fmt::format(
              "the request took longer than {:g} s", limits.request_s);
        }
        if (reader->is_done()) {  // It was stopped because it was complete.
          result.finish_reason = FinishReason::stop;
        }
        const std::string reason = reader->finish(result);
        stats.count_answer(reason, result, queue_s, seconds_since(start));
        reader.reset();
        ++done;
        break;
      }
      case GenerationEvent::Kind::failed:
        rethrow(event->error, out_of_time, stats);
    }
  }
}

}  // namespace bantam
