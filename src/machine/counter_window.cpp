// SPDX-License-Identifier: MIT
#include "machine/counter_window.h"

#include <algorithm>

namespace bantam {

void CounterWindow::add(double t_s, std::optional<int64_t> total) noexcept {
  if (!total) {
    count_ = 0;
    return;
  }
  if (count_ > 0) {
    const double gap = t_s - latest_.t_s;
    if (*total < latest_.total || gap < 0 || gap > kLongestGap) {
      count_ = 0;
    }
  }
  latest_ = {t_s, *total};
  // The window begins at the newest point that is old enough.
  size_t stale = 0;
  while (stale + 1 < count_ && t_s - points_[stale + 1].t_s >= kSeconds) {
    ++stale;
  }
  std::copy(points_.begin() + stale, points_.begin() + count_, points_.begin());
  count_ -= stale;
  if (count_ < points_.size() &&
      (count_ == 0 || t_s - points_[count_ - 1].t_s >= kSpacing)) {
    points_[count_++] = latest_;
  }
}

std::optional<CounterWindow::Growth> CounterWindow::growth() const noexcept {
  if (count_ == 0 || latest_.t_s - points_[0].t_s < kLeastSeconds) {
    return std::nullopt;
  }
  return Growth{latest_.t_s - points_[0].t_s, latest_.total - points_[0].total};
}

}  // namespace bantam
