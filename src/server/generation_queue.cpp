// SPDX-License-Identifier: MIT
#include "server/generation_queue.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace bantam {

namespace {

// A client that lets this much of its answer lie unread does not want it.
constexpr size_t kMostUnreadBytes = 8 << 20;

// How much the last generation counts in what a generation is taken to last.
constexpr double kNewestShare = 0.3;

size_t size_of(const GenerationEvent& event) {
  size_t bytes = 64 + event.text.size() + event.reasoning.size();
  for (const TokenChoice& choice : event.logprobs) {
    bytes += 64 * (1 + choice.top.size());
  }
  return bytes;
}

}  // namespace

std::optional<GenerationEvent> Generation::wait(
    std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  if (!ready_.wait_for(lock, longest, [&] { return !events_.empty(); })) {
    return std::nullopt;
  }
  GenerationEvent event = std::move(events_.front());
  events_.pop_front();
  unread_bytes_ -= size_of(event);
  return event;
}

void Generation::put(GenerationEvent event) {
  const std::lock_guard lock(mutex_);
  unread_bytes_ += size_of(event);
  events_.push_back(std::move(event));
  if (unread_bytes_ > kMostUnreadBytes) {
    cancel();
  }
  ready_.notify_one();
}

GenerationQueue::GenerationQueue(
    Backend& backend,
    MachineWatch& watch,
    int64_t longest)
    : backend_(backend), watch_(watch), longest_(longest) {
  for (int64_t i = 0; i < backend.parallel(); ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
}

GenerationQueue::~GenerationQueue() {
  for (std::jthread& thread : threads_) {
    thread.request_stop();
  }
  cancel_all();
}

std::shared_ptr<Generation> GenerationQueue::submit(
    std::vector<Request> requests) {
  const std::lock_guard lock(mutex_);
  // One that was cancelled while it waited takes no place.
  std::erase_if(waiting_, [](const auto& generation) {
    return generation->is_cancelled();
  });
  const auto ahead = static_cast<int64_t>(waiting_.size() + running_.size());
  const auto at_once = static_cast<int64_t>(threads_.size());
  if (ahead >= longest_ + at_once) {
    const double rounds =
        static_cast<double>(ahead) / static_cast<double>(at_once);
    throw QueueFull{
        ahead,
        std::clamp<int64_t>(
            std::llround(std::ceil(typical_s_ * rounds)), 1, 600)};
  }
  waiting_.push_back(std::make_shared<Generation>(std::move(requests)));
  changed_.notify_all();
  return waiting_.back();
}

QueueLoad GenerationQueue::load() const {
  const std::lock_guard lock(mutex_);
  return {
      static_cast<int64_t>(running_.size()),
      static_cast<int64_t>(waiting_.size())};
}

void GenerationQueue::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& generation : running_) {
    generation->cancel();
  }
  for (const auto& generation : waiting_) {
    generation->cancel();
  }
}

void GenerationQueue::run(std::stop_token stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
    if (waiting_.empty()) {
      return;  // stopped
    }
    const std::shared_ptr<Generation> generation = std::move(waiting_.front());
    waiting_.pop_front();
    running_.push_back(generation);
    lock.unlock();

    if (stop.stop_requested()) {
      generation->cancel();
    }
    const auto start = std::chrono::steady_clock::now();
    answer(*generation);
    const double took_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();

    lock.lock();
    running_.remove(generation);
    typical_s_ += kNewestShare * (took_s - typical_s_);
  }
}

void GenerationQueue::answer(Generation& generation) {
  std::exception_ptr error;
  try {
    if (auto reason = watch_.refusal()) {
      throw UnderPressure{std::move(*reason)};
    }
    for (size_t i = 0; i < generation.requests_.size(); ++i) {
      if (generation.is_cancelled()) {
        fail(ErrorCode::cancelled, "the request was cancelled");
      }
      GenerationEvent started;
      started.kind = GenerationEvent::Kind::started;
      started.choice = i;
      generation.put(std::move(started));
      GenerationEvent finished;
      finished.kind = GenerationEvent::Kind::finished;
      finished.choice = i;
      finished.result = answer_one(generation, i);
      generation.put(std::move(finished));
    }
  } catch (...) {
    error = std::current_exception();
  }
  // Handed over whole: the reader alone holds the exception from then on, and
  // ends it.
  if (error) {
    GenerationEvent failed;
    failed.kind = GenerationEvent::Kind::failed;
    failed.error = std::move(error);
    generation.put(std::move(failed));
  }
}

// A piece carries the logprobs of the tokens since the one before.
Result GenerationQueue::answer_one(Generation& generation, size_t choice) {
  std::vector<TokenChoice> rated;
  const auto put_piece = [&](std::string_view text,
                             std::string_view reasoning) {
    GenerationEvent piece;
    piece.choice = choice;
    piece.text = text;
    piece.reasoning = reasoning;
    piece.logprobs = std::exchange(rated, {});
    generation.put(std::move(piece));
  };
  Observer observer;
  observer.text = [&](std::string_view text) { put_piece(text, ""); };
  observer.reasoning = [&](std::string_view text) { put_piece("", text); };
  observer.token = [&](const TokenChoice& token) { rated.push_back(token); };
  Result result = backend_.generate(
      generation.requests_[choice], observer, generation.stop_.get_token());
  if (!rated.empty()) {
    put_piece("", "");
  }
  if (result.finish_reason == FinishReason::memory ||
      result.finish_reason == FinishReason::swap) {
    watch_.note_stop(result.memory.stop_reason);
  }
  return result;
}

}  // namespace bantam
