// SPDX-License-Identifier: MIT
// Whose swap is it? Swap belongs to the machine, so its growth is attributed:
// to this process, to the room this process took, or to somebody else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "machine/memory_sample.h"

namespace bantam {

enum class SwapOrigin : uint8_t {
  none,
  own,      // pages of this process went to swap
  induced,  // pages of others did, because this process needed the room
  ambient,  // others swap; nothing says that this process is the reason
};

/// Growth of a value above the lowest one seen. What lay in swap before the run
/// (it stays there for days) is no growth; a value that falls, because pages
/// were read back or a counter started again, lowers the mark and no more.
class GrowthMark {
 public:
  void step(std::optional<int64_t> value);
  /// Forgets all growth; `value` is the new mark, if known.
  void restart(std::optional<int64_t> value);

  std::optional<int64_t> current() const;  // nullopt: never known
  std::optional<int64_t> most() const { return most_; }

 private:
  std::optional<int64_t> lowest_;
  std::optional<int64_t> last_;
  std::optional<int64_t> most_;
};

/// Pure: no clock, no I/O, no allocation after construction.
class SwapWatch {
 public:
  static constexpr int64_t kOwnBytes = int64_t{1} << 20;
  static constexpr int64_t kInducedBytes = int64_t{16} << 20;
  /// Growth of swap and of this process are compared within this time: long
  /// enough for the system to answer the loading of a model, short enough that
  /// the loading is no reason an hour later.
  static constexpr double kWindow_s = 30;

  /// `before`: samples from before the run took memory, oldest first. The last
  /// one is where growth starts. If they span a second or more they also tell
  /// how fast the machine swapped anyway.
  explicit SwapWatch(std::span<const MemorySample> before = {});

  /// `t_s` finite; `level` the pressure in force. Own: at least kOwnBytes more
  /// than at the start. Induced: at least kInducedBytes within the window
  /// beyond what the machine did anyway, risen in two samples or more, this one
  /// among them, while pressure is not green or this process grew by at least
  /// half as much. Ambient: the same growth without such a reason.
  SwapOrigin step(const MemorySample& sample, double t_s, Pressure level);

  /// The largest growth so far; nullopt: never known.
  std::optional<int64_t> own_growth_bytes() const { return own_.most(); }
  std::optional<int64_t> machine_growth_bytes() const;
  /// Of everything that the system tells about swap.
  int64_t largest_growth_bytes() const;
  /// Growth of the machine's swap within the window.
  int64_t recent_bytes() const { return recent_bytes_; }

 private:
  // What the machine looked like at one moment of the window.
  struct Moment {
    double t_s = 0;
    int64_t swapped = 0;
    std::optional<int64_t> footprint;
    int64_t rises = 0;
  };
  static constexpr double kMomentSpacing_s = 0.5;
  static constexpr size_t kMoments = 64;  // kWindow_s and some more

  std::optional<int64_t> swapped_bytes(const MemorySample& sample);
  void remember(const Moment& moment);
  void forget_before(double t_s);
  const Moment& moment(size_t i) const {
    return moments_[(first_ + i) % kMoments];
  }
  SwapOrigin attribute(const Moment& now, Pressure level);

  GrowthMark own_;
  GrowthMark swap_out_;
  GrowthMark swap_used_;
  double ambient_bytes_per_s_ = 0;

  bool counter_known_ = false;  // swap_out_bytes, once seen, is what counts
  std::optional<int64_t> last_swapped_;
  int64_t rises_ = 0;
  int64_t recent_bytes_ = 0;
  std::array<Moment, kMoments> moments_;  // a ring, oldest at first_
  size_t first_ = 0;
  size_t count_ = 0;
};

}  // namespace bantam
