// SPDX-License-Identifier: MIT
// Additions, multiplications and divisions in a fixed order and nothing else
// (this library is compiled without contraction into fused operations).
#include "kernels/scalar_math.h"

#include <cmath>
#include <limits>

namespace bantam::kernels {

namespace {

// ln 2 in two parts; the first has 33 bits, so that its products with the
// exponents of doubles are exact.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseLn2 = 0x1.71547652b82fep+0;

// 2 atanh(s) = 2 (s + s^3 / 3 + ...) for |s| <= 1/3, by Horner's rule.
double twice_atanh(double s) {
  constexpr int kTerms = 17;  // the next is below 2^-57 of the sum
  const double s2 = s * s;
  double sum = 0;
  for (int k = kTerms; k > 0; --k) {
    sum = (sum + 1.0 / (2 * k + 1)) * s2;
  }
  return 2 * s + 2 * s * sum;
}

}  // namespace

double steady_exp(double x) {
  if (!(x < 709.8)) {
    return x > 0 ? std::numeric_limits<double>::infinity() : x;  // or NaN
  }
  if (x < -745.2) {
    return 0;
  }
  const double n = std::nearbyint(x * kInverseLn2);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  // Taylor's series on +-ln(2) / 2.
  constexpr int kTerms = 14;
  double sum = 1;
  for (int k = kTerms; k > 0; --k) {
    sum = 1 + sum * r / k;
  }
  return std::ldexp(sum, static_cast<int>(n));
}

double steady_log(double x) {
  if (!(x > 0) || std::isinf(x)) {
    return x == 0 ? -std::numeric_limits<double>::infinity()
        : x < 0   ? std::numeric_limits<double>::quiet_NaN()
                  : x;
  }
  int exponent = 0;
  double fraction = std::frexp(x, &exponent);  // [0.5, 1)
  if (fraction < 0x1.6a09e667f3bcdp-1) {       // the root of 0.5
    fraction *= 2;
    --exponent;
  }
  const double part = twice_atanh((fraction - 1) / (fraction + 1));
  return exponent * kLn2High + (part + exponent * kLn2Low);
}

double steady_log1p(double x) {
  return x < 1 ? twice_atanh(x / (2 + x)) : steady_log(1 + x);
}

double steady_pow(double base, double x) {
  return steady_exp(x * steady_log(base));
}

}  // namespace bantam::kernels
