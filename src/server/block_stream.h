// SPDX-License-Identifier: MIT
// An answer as blocks, one after the other: what /v1/responses and
// /v1/messages stream. A block opens with its first piece and closes when
// something else comes.
#pragma once

#include "server/answer_sink.h"

namespace bantam {

/// Of one choice.
class BlockStream : public AnswerSink {
 public:
  void reasoning(size_t, std::string_view text) final {
    if (!text.empty()) {
      be_in(Block::reasoning);
      add(text);
    }
  }
  void text(size_t, std::string_view text) final {
    if (!text.empty()) {
      be_in(Block::text);
      add(text);
    }
  }
  void logprobs(size_t, const std::vector<TokenChoice>&) override {}
  void begin_call(size_t, const std::string& id, std::string_view name) final {
    close_block();
    call_ = {id, std::string(name), ""};
    open_block(Block::call);
  }
  void call_arguments(size_t, std::string_view json) final { add(json); }
  void end_call(size_t) final { close_block(); }
  void cancel_call(size_t) final { close_block(); }
  void end(size_t, const std::string& reason, const Result& result) final {
    close_block();
    finish(reason, result);
  }

 protected:
  enum class Block { none, reasoning, text, call };

  virtual void opened(Block block) = 0;
  virtual void delta(Block block, std::string_view piece) = 0;
  virtual void closed(Block block) = 0;
  virtual void finish(const std::string& reason, const Result& result) = 0;

  /// Of the open block: all of it so far.
  const std::string& so_far() const { return so_far_; }
  const AnsweredCall& call() const { return call_; }
  /// Of the open block, counted from 0.
  int index() const { return index_; }

 private:
  void be_in(Block block) {
    if (block_ != block) {
      close_block();
      open_block(block);
    }
  }
  void open_block(Block block) {
    block_ = block;
    so_far_.clear();
    ++index_;
    opened(block);
  }
  void add(std::string_view piece) {
    so_far_ += piece;
    if (block_ == Block::call) {
      call_.arguments += piece;
    }
    delta(block_, piece);
  }
  void close_block() {
    if (block_ != Block::none) {
      closed(block_);
      block_ = Block::none;
    }
  }

  Block block_ = Block::none;
  std::string so_far_;
  AnsweredCall call_;
  int index_ = -1;
};

}  // namespace bantam
