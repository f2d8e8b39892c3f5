// SPDX-License-Identifier: MIT
#include "memory/swap_watch.h"

#include <algorithm>
#include <cmath>

namespace bantam {

namespace {

// Below this the speed of swapping is noise: systems swap in clusters.
constexpr double kShortestBaseline_s = 1;
constexpr int64_t kFewestRises = 2;

// No byte count is negative. One that is says nothing.
std::optional<int64_t> plausible(std::optional<int64_t> bytes) {
  return bytes && *bytes >= 0 ? bytes : std::nullopt;
}

}  // namespace

void GrowthMark::step(std::optional<int64_t> value) {
  if (!value) {
    return;
  }
  last_ = value;
  lowest_ = std::min(lowest_.value_or(*value), *value);
  most_ = std::max(most_.value_or(0), *last_ - *lowest_);
}

void GrowthMark::restart(std::optional<int64_t> value) {
  if (value) {
    *this = {};
    step(value);
  }
}

std::optional<int64_t> GrowthMark::current() const {
  return last_ ? std::optional(*last_ - *lowest_) : std::nullopt;
}

SwapWatch::SwapWatch(std::span<const MemorySample> before) {
  std::optional<Moment> first;
  std::optional<Moment> last;
  for (const MemorySample& sample : before) {
    own_.restart(plausible(sample.own_swap_bytes));
    swap_out_.restart(plausible(sample.swap_out_bytes));
    swap_used_.restart(plausible(sample.swap_used_bytes));
    const bool had_counter = counter_known_;
    const std::optional<int64_t> swapped = swapped_bytes(sample);
    if (had_counter != counter_known_) {
      first.reset();
      last.reset();
    }
    if (swapped && std::isfinite(sample.t_s)) {
      last = {sample.t_s, *swapped, plausible(sample.own_footprint_bytes), 0};
      first = first.value_or(*last);
    }
  }
  if (last) {
    last_swapped_ = last->swapped;
    remember(*last);
    const double span_s = last->t_s - first->t_s;
    if (span_s >= kShortestBaseline_s && last->swapped > first->swapped) {
      ambient_bytes_per_s_ =
          static_cast<double>(last->swapped - first->swapped) / span_s;
    }
  }
}

SwapOrigin SwapWatch::step(
    const MemorySample& sample,
    double t_s,
    Pressure level) {
  own_.step(plausible(sample.own_swap_bytes));
  swap_out_.step(plausible(sample.swap_out_bytes));
  swap_used_.step(plausible(sample.swap_used_bytes));

  const bool had_counter = counter_known_;
  const std::optional<int64_t> swapped = swapped_bytes(sample);
  if (had_counter != counter_known_) {
    // Another quantity from here on: nothing to compare it with.
    count_ = 0;
    last_swapped_.reset();
  }
  SwapOrigin origin = SwapOrigin::none;
  if (swapped) {
    const bool rose = last_swapped_ && *swapped > *last_swapped_;
    rises_ += rose ? 1 : 0;
    last_swapped_ = swapped;
    const Moment now{
        t_s, *swapped, plausible(sample.own_footprint_bytes), rises_};
    forget_before(t_s - kWindow_s);
    // A standing value is old news, whatever the level is now.
    const SwapOrigin growth = attribute(now, level);
    origin = rose ? growth : SwapOrigin::none;
    remember(now);
  }
  return own_.current().value_or(0) >= kOwnBytes ? SwapOrigin::own : origin;
}

// Counters of traffic tell growth best. How much of swap is in use tells it
// only where there is no counter: it shrinks when other programs end.
std::optional<int64_t> SwapWatch::swapped_bytes(const MemorySample& sample) {
  const std::optional<int64_t> counter = plausible(sample.swap_out_bytes);
  counter_known_ = counter_known_ || counter;
  return counter_known_ ? counter : plausible(sample.swap_used_bytes);
}

SwapOrigin SwapWatch::attribute(const Moment& now, Pressure level) {
  // From the lowest moment, so that a counter that starts again does no harm.
  Moment low = now;
  int64_t own_growth = 0;
  for (size_t i = count_; i-- > 0;) {
    const Moment& then = moment(i);
    if (then.swapped <= low.swapped) {
      low = then;
    }
    if (now.footprint && then.footprint) {
      own_growth = std::max(own_growth, *now.footprint - *then.footprint);
    }
  }
  recent_bytes_ = now.swapped - low.swapped;
  if (recent_bytes_ < kInducedBytes || now.rises - low.rises < kFewestRises) {
    return SwapOrigin::none;
  }
  const double beyond_ambient = static_cast<double>(recent_bytes_) -
      ambient_bytes_per_s_ * (now.t_s - low.t_s);
  const bool has_reason =
      level != Pressure::green || own_growth >= recent_bytes_ / 2;
  return beyond_ambient >= kInducedBytes && has_reason ? SwapOrigin::induced
                                                       : SwapOrigin::ambient;
}

void SwapWatch::remember(const Moment& now) {
  if (count_ > 0) {
    const double since_s = now.t_s - moment(count_ - 1).t_s;
    if (since_s < 0) {
      count_ = 0;
    } else if (since_s < kMomentSpacing_s) {
      return;
    }
  }
  if (count_ == kMoments) {
    first_ = (first_ + 1) % kMoments;
    --count_;
  }
  moments_[(first_ + count_) % kMoments] = now;
  ++count_;
}

// The last moment before that time stays: it tells how things were then, also
// when a gap in samples lies between.
void SwapWatch::forget_before(double t_s) {
  while (count_ > 1 && moment(1).t_s <= t_s) {
    first_ = (first_ + 1) % kMoments;
    --count_;
  }
}

std::optional<int64_t> SwapWatch::machine_growth_bytes() const {
  return counter_known_ ? swap_out_.most() : swap_used_.most();
}

int64_t SwapWatch::largest_growth_bytes() const {
  return std::max(
      {own_.most().value_or(0),
       swap_out_.most().value_or(0),
       swap_used_.most().value_or(0)});
}

}  // namespace bantam
