// SPDX-License-Identifier: MIT
// Exponential and logarithm of one double with the same bits on every machine:
// those of C libraries differ in the last place from one to the next. For what
// is computed once a token and head, or once a model; within 4 units in the
// last place, so a result rounded to float is the nearest but for rare ties.
#pragma once

namespace bantam::kernels {

/// e^x; 0 below -745, infinity above 709.78, NaN stays NaN.
double steady_exp(double x);

/// ln x of x > 0; -infinity at 0, NaN below.
double steady_log(double x);

/// ln(1 + x) of x >= 0, exact for small x too.
double steady_log1p(double x);

/// base^x of base > 0. Its relative error grows with |x ln base|.
double steady_pow(double base, double x);

}  // namespace bantam::kernels
