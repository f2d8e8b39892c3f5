// SPDX-License-Identifier: MIT
// The line before the engine: requests are taken in the order they came, as
// many at a time as the engine answers, each by a thread. A connection waits
// for its generation's events; it never holds the engine up, whatever its
// client does.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "bantam/backend.h"
#include "server/machine_watch.h"

namespace bantam {

/// Something that a generation has to tell.
struct GenerationEvent {
  enum class Kind { started, piece, finished, failed };
  Kind kind = Kind::piece;
  size_t choice = 0;  // of Generation's requests
  std::string text;   // of a piece
  std::string reasoning;
  std::vector<TokenChoice> logprobs;
  std::optional<Result> result;  // of finished
  std::exception_ptr error;      // of failed: there is nothing after it
};

/// One call to the API: one request, or several to be answered one after the
/// other. Made by GenerationQueue; used by two threads.
class Generation {
 public:
  explicit Generation(std::vector<Request> requests)
      : requests_(std::move(requests)) {}

  /// The next event, waiting for it at most so long.
  std::optional<GenerationEvent> wait(std::chrono::milliseconds longest);
  /// Nobody wants the answer any more: it ends within one token.
  void cancel() { stop_.request_stop(); }
  bool is_cancelled() const { return stop_.stop_requested(); }

 private:
  friend class GenerationQueue;
  void put(GenerationEvent event);

  const std::vector<Request> requests_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<GenerationEvent> events_;
  size_t unread_bytes_ = 0;
};

struct QueueLoad {
  int64_t running = 0;
  int64_t waiting = 0;
};

/// Thrown by submit().
struct QueueFull {
  int64_t position = 0;  // the request would have had
  int64_t retry_after_s = 0;
};

/// The error of a generation whose turn came while none may begin.
struct UnderPressure {
  std::string reason;
};

class GenerationQueue {
 public:
  /// At most `longest` generations wait beside the backend.parallel() that are
  /// answered. `watch` says whether one may begin, and hears of those that are
  /// stopped for memory's sake.
  GenerationQueue(Backend& backend, MachineWatch& watch, int64_t longest);
  /// Cancels everything and waits for the engine.
  ~GenerationQueue();
  GenerationQueue(const GenerationQueue&) = delete;
  GenerationQueue& operator=(const GenerationQueue&) = delete;

  /// Throws QueueFull.
  std::shared_ptr<Generation> submit(std::vector<Request> requests);
  QueueLoad load() const;
  /// Cancels what runs and what waits.
  void cancel_all();

 private:
  void run(std::stop_token stop);
  void answer(Generation& generation);
  Result answer_one(Generation& generation, size_t choice);

  Backend& backend_;
  MachineWatch& watch_;
  const int64_t longest_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<Generation>> waiting_;
  std::list<std::shared_ptr<Generation>> running_;
  double typical_s_ = 5;               // a generation takes, as far as is known
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace bantam
