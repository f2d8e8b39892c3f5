// SPDX-License-Identifier: MIT
// How much a counter grew over the last two seconds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bantam {

/// Fed with a counter that only rises; allocates nothing. When the counter
/// falls, cannot be read or was not looked at for long, it starts again.
class CounterWindow {
 public:
  struct Growth {
    double seconds;
    int64_t amount;

    double per_second() const { return static_cast<double>(amount) / seconds; }
  };

  /// The kernel averages memory stalls over 2 s; the same here.
  static constexpr double kSeconds = 2.0;
  /// A shorter window than this says too little.
  static constexpr double kLeastSeconds = 0.9;
  /// Growth over a longer gap says nothing about now.
  static constexpr double kLongestGap = 10.0;

  void add(double t_s, std::optional<int64_t> total) noexcept;

  /// nullopt until kLeastSeconds are seen.
  std::optional<Growth> growth() const noexcept;

  /// Whether it rose at all, however short the window still is.
  bool grew() const noexcept {
    return count_ > 0 && latest_.total > points_[0].total;
  }

 private:
  struct Point {
    double t_s;
    int64_t total;
  };
  static constexpr double kSpacing = 0.15;

  // Old points, at least kSpacing apart: 16 span more than kSeconds.
  std::array<Point, 16> points_;
  size_t count_ = 0;
  Point latest_{};
};

}  // namespace bantam
