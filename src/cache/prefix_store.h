// SPDX-License-Identifier: MIT
// Beginnings of earlier timelines, kept for prompts that begin the same: keys
// and values in blocks of kBlockTokens, and checkpoints of what cannot be cut
// into blocks (recurrent states, windows narrower than the budget). Bytes in,
// bytes out: it knows nothing of layers. Never takes more than its limit; what
// was used longest ago makes room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace bantam {

/// Pages of the system's own, so that freeing them gives them back at once.
class Pages {
 public:
  /// Null data() if the system has none.
  explicit Pages(int64_t bytes);
  ~Pages();
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  std::byte* data() const { return data_; }
  /// Whole pages.
  int64_t bytes() const { return bytes_; }
  static int64_t rounded(int64_t bytes);

 private:
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
};

class PrefixStore {
 public:
  static constexpr int64_t kBlockTokens = 32;
  /// Checkpoints that blocks may not crowd out: the end of what a prompt
  /// shares with others, and the end of what its next turn will share.
  static constexpr int64_t kLeastCheckpoints = 2;

  /// `limit_bytes`: of everything. `block_bytes`: of one block, 0 if there is
  /// nothing to keep in blocks. `checkpoint_bytes`: of the largest checkpoint,
  /// 0 if none are needed.
  PrefixStore(
      int64_t limit_bytes,
      int64_t block_bytes,
      int64_t checkpoint_bytes);
  PrefixStore(const PrefixStore&) = delete;
  PrefixStore& operator=(const PrefixStore&) = delete;

  /// Begins a request whose prompt is `ids`: everything on its way counts as
  /// used now.
  void touch(std::span<const int32_t> ids);

  using Fill = std::function<void(std::byte* to)>;

  /// Contents of the first blocks of `ids`, without a gap.
  std::vector<const std::byte*> blocks(std::span<const int32_t> ids) const;
  /// Adds the last block of `ids`, whose size is a multiple of kBlockTokens
  /// and whose blocks before are there. False if there is no room that is not
  /// in use now. Nothing if it is there.
  bool add_block(std::span<const int32_t> ids, const Fill& fill);

  struct Checkpoint {
    int64_t position;
    const std::byte* bytes;
  };
  /// The last checkpoint on the way of `ids` at a position <= `most`; position
  /// 0 if there is none.
  Checkpoint checkpoint(std::span<const int32_t> ids, int64_t most) const;
  /// Adds one after all of `ids`, of at most the size given to the constructor.
  void add_checkpoint(
      std::span<const int32_t> ids,
      int64_t bytes,
      const Fill& fill);
  /// How many checkpoints there is room for.
  int64_t checkpoints_that_fit() const;
  bool has_room_for_blocks() const {
    return block_bytes_ > 0 && block_limit_ >= block_bytes_;
  }

  void clear();
  int64_t bytes() const { return bytes_; }

 private:
  struct Block {
    Block* parent;  // nullptr: the first of a timeline
    int64_t depth;  // tokens up to its end
    int64_t used;   // in which request
    int64_t children = 0;
    Pages pages;
  };
  struct Mark {
    std::vector<int32_t> ids;
    int64_t used;
    Pages pages;
  };
  /// What comes before, and the block's own tokens.
  using Key = std::pair<const Block*, std::vector<int32_t>>;
  using Blocks = std::map<Key, Block>;

  /// The blocks of `ids` from the first on, as far as they are there.
  std::vector<Block*> path(std::span<const int32_t> ids) const;
  bool make_room(int64_t bytes);
  Blocks::iterator oldest_block();
  std::vector<Mark>::iterator oldest_mark();
  void drop(Blocks::iterator block);
  void drop(std::vector<Mark>::iterator mark);

  int64_t limit_;
  int64_t block_bytes_;
  int64_t checkpoint_bytes_;
  int64_t block_limit_;  // of all blocks together
  int64_t bytes_ = 0;
  int64_t bytes_of_blocks_ = 0;
  int64_t now_ = 0;  // requests begun
  mutable Blocks blocks_;
  std::vector<Mark> marks_;
};

}  // namespace bantam
