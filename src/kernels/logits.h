// SPDX-License-Identifier: MIT
// Passes over a row of logits, for the sampler. One thread; the same bits on
// every target.
#pragma once

#include <cstdint>

namespace bantam::kernels {

/// The first of the largest of n logits; index -1 if one of them is NaN or
/// +infinity, or if all are -infinity.
struct LargestLogit {
  int64_t index;
  float value;
};
LargestLogit largest_logit(const float* logits, int64_t n);

/// The first i >= begin with values[i] > than; n if there is none. NaN is not
/// greater.
int64_t first_above(const float* values, int64_t begin, int64_t n, float than);

/// The sum of those of n weights that are `least` or more: lane i % 16 in
/// ascending order of i, then the pairwise tree. Good to about 1e-4.
float sum_at_least(const float* weights, int64_t n, float least);

/// weights[i] = e^((logits[i] - top) * factor), the exponential within 1.1
/// units in the last place, and 0 where it is below e^-87. In place is fine.
void exponentials(
    const float* logits,
    float top,
    float factor,
    int64_t n,
    float* weights);

/// The sum of n weights in double: lane i % 16 in ascending order of i, then
/// the pairwise tree.
double sum_of_weights(const float* weights, int64_t n);

}  // namespace bantam::kernels
