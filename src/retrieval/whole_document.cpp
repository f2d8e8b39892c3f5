// SPDX-License-Identifier: MIT
#include "retrieval/whole_document.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "retrieval/answer_prompt.h"
#include "retrieval/ingest.h"

namespace bantam {

namespace {

// A note is short beside what it is about, and several fit one prompt.
constexpr int64_t kNoteShare = 8;
constexpr int64_t kShortestNote = 24;
constexpr int64_t kSlackTokens = 16;
constexpr int64_t kLongestDocument = int64_t{1} << 30;

std::string part_text(
    const std::string& question,
    size_t number,
    size_t count,
    const Chunk& part) {
  return fmt::format(
      "Question: {}\n\nBelow is part {} of {} of a document, lines {} to {}. "
      "Write in short sentences what of it helps to answer the question. If "
      "nothing does, write: nothing.\n\n{}",
      question,
      number,
      count,
      part.line_first,
      part.line_last,
      part.text);
}

std::string joined_text(
    const std::string& question,
    const std::vector<std::string>& notes) {
  return fmt::format(
      "Question: {}\n\nBelow are notes about parts of one document, with the "
      "number of the part. Write them again, shorter, keeping what helps to "
      "answer the question and the numbers, like [2].\n\n{}",
      question,
      fmt::join(notes, "\n"));
}

std::string answer_text(
    const std::string& question,
    const std::vector<std::string>& notes) {
  return fmt::format(
      "Answer the question from the notes below, which were taken from the "
      "parts of one document. After each sentence name the parts that say so, "
      "like this: [1] or [1][3].\n\nNotes:\n{}\n\nQuestion: {}",
      notes.empty() ? "The document says nothing about it."
                    : fmt::format("{}", fmt::join(notes, "\n")),
      question);
}

bool says_nothing(const std::string& note) {
  std::string begin = note.substr(0, note.find_first_of(".,\n"));
  std::ranges::transform(begin, begin.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  const size_t first = begin.find_first_not_of(" \n\t");
  return first == begin.npos || begin.substr(first) == "nothing";
}

int64_t note_tokens(int64_t prompt_budget) {
  return std::max(kShortestNote, prompt_budget / kNoteShare);
}

// Ended before its time: what it has is no result of a step.
bool was_stopped(const Result& result) {
  return result.finish_reason != FinishReason::stop &&
      result.finish_reason != FinishReason::length;
}

struct Stopped {
  Result result;
};

class WholeRun {
 public:
  WholeRun(
      Backend& backend,
      const Request& base,
      const std::string& question,
      const std::vector<Chunk>& parts,
      StepLog& log,
      const WholeOptions& options,
      std::stop_token stop)
      : backend_(backend),
        base_(base),
        question_(question),
        log_(log),
        options_(options),
        stop_(std::move(stop)) {
    answer_.parts = parts;
  }

  WholeAnswer run(const Observer& observer) {
    try {
      std::vector<std::string> notes = take_notes();
      for (int level = 1; !fits(answer_text(question_, notes)); ++level) {
        notes = join(notes, level);
      }
      tell("answering", 0, 1);
      if (options_.answering) {
        options_.answering(answer_.parts);
      }
      answer_.result = backend_.generate(
          with_content(base_, answer_text(question_, notes)), observer, stop_);
      count(answer_.result);
      if (!was_stopped(answer_.result)) {
        log_.finish();
      }
    } catch (Stopped& stopped) {
      answer_.result = std::move(stopped.result);
    }
    return std::move(answer_);
  }

 private:
  std::vector<std::string> take_notes() {
    std::vector<std::string> notes;
    const size_t count = answer_.parts.size();
    for (size_t i = 0; i < count; ++i) {
      tell("reading", static_cast<int64_t>(i), static_cast<int64_t>(count));
      const std::string note = step(
          fmt::format("part {}", i + 1),
          part_text(question_, i + 1, count, answer_.parts[i]));
      if (!says_nothing(note)) {
        notes.push_back(fmt::format("[{}] {}", i + 1, note));
      }
    }
    return notes;
  }

  // Joins neighbours, as many as fit a prompt; two at least, so that each level
  // has half as many notes at most.
  std::vector<std::string> join(
      const std::vector<std::string>& notes,
      int level) {
    std::vector<std::string> joined;
    for (size_t first = 0; first < notes.size();) {
      tell(
          "joining",
          static_cast<int64_t>(first),
          static_cast<int64_t>(notes.size()));
      std::vector<std::string> group = {notes[first]};
      size_t end = first + 1;
      while (end < notes.size()) {
        group.push_back(notes[end]);
        if (!fits(joined_text(question_, group))) {
          group.pop_back();
          break;
        }
        ++end;
      }
      if (group.size() < 2 && notes.size() > 1 && end < notes.size()) {
        fail_no_room();
      }
      joined.push_back(step(
          fmt::format("level {} from {}", level, first + 1),
          joined_text(question_, group)));
      first = end;
    }
    if (joined.size() >= notes.size()) {
      fail_no_room();
    }
    return joined;
  }

  [[noreturn]] void fail_no_room() const {
    fail(
        ErrorCode::invalid_request,
        "{} tokens are too few to join notes about the document; take a larger "
        "--max-kv-size or a smaller --max-tokens",
        options_.prompt_budget);
  }

  std::string step(const std::string& name, const std::string& content) {
    ++answer_.steps;
    if (const auto done = log_.find(name)) {
      ++answer_.taken_up;
      return *done;
    }
    Request request = with_content(base_, content);
    request.max_tokens = note_tokens(options_.prompt_budget);
    request.top_logprobs.reset();
    request.json_schema.clear();
    const Result result = backend_.generate(request, {}, stop_);
    count(result);
    if (was_stopped(result)) {
      throw Stopped{result};
    }
    log_.add(name, result.text);
    return result.text;
  }

  bool fits(const std::string& content) const {
    return prompt_tokens_within(
               backend_, with_content(base_, content), options_.prompt_budget)
        .has_value();
  }

  void count(const Result& result) {
    answer_.prompt_tokens += result.prompt_tokens;
    answer_.completion_tokens += result.completion_tokens();
  }

  void tell(const char* stage, int64_t done, int64_t total) const {
    if (options_.progress) {
      options_.progress({stage, done, total, answer_.taken_up});
    }
  }

  Backend& backend_;
  const Request& base_;
  const std::string& question_;
  StepLog& log_;
  const WholeOptions& options_;
  std::stop_token stop_;
  WholeAnswer answer_;
};

}  // namespace

std::vector<Chunk> whole_parts(
    const Backend& backend,
    const Request& base,
    const std::string& question,
    const std::string& path,
    int64_t prompt_budget) {
  const int64_t frame = prompt_tokens_of(
      backend, with_content(base, part_text(question, 999, 999, Chunk{})));
  const int64_t room = prompt_budget - frame - kSlackTokens;
  if (room < 2 * kShortestNote) {
    fail(
        ErrorCode::invalid_request,
        "{} tokens leave no room for a part of the document beside the "
        "question; take a larger --max-kv-size or a smaller --max-tokens",
        prompt_budget);
  }
  const TokenCount count = [&](std::string_view text) {
    Request request;
    request.use_chat_template = false;
    request.prompt = text;
    return prompt_tokens_of(backend, request);
  };
  IngestOptions options;
  options.max_file_bytes = kLongestDocument;
  options.chunks = {
      .most_tokens = room,
      .least_tokens = room / 2,
      .overlap_tokens = std::min<int64_t>(32, room / 8)};
  ReadDocument read = read_document(absolute_path(path), options, count);
  if (const Skipped* skipped = std::get_if<Skipped>(&read)) {
    fail(
        skipped->reason == SkipReason::unreadable ? ErrorCode::not_found
                                                  : ErrorCode::invalid_file,
        "{}: {}",
        path,
        skipped->detail.empty() ? "it is binary" : skipped->detail);
  }
  std::vector<Chunk> parts = std::move(std::get<IndexedDocument>(read).chunks);
  if (parts.empty()) {
    fail(ErrorCode::invalid_file, "{}: there is no text in it", path);
  }
  return parts;
}

WholeAnswer answer_whole(
    Backend& backend,
    const Request& base,
    const std::string& question,
    const std::vector<Chunk>& parts,
    StepLog& log,
    const WholeOptions& options,
    const Observer& observer,
    std::stop_token stop) {
  return WholeRun(backend, base, question, parts, log, options, std::move(stop))
      .run(observer);
}

}  // namespace bantam
