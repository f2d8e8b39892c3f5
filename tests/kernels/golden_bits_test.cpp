// SPDX-License-Identifier: MIT
// The same bits on every machine: a digest of what the kernels compute from
// the same integers, for every format. The digests in golden_bits.inc were
// made from the scalar contract (contract.h), which knows no instruction set;
// here both the contract and every target of this machine are held to them, on
// x86-64 and on Arm alike. To print them anew after a change of the contract:
//   BANTAM_PRINT_GOLDEN=1 kernels_tests --gtest_filter='GoldenBits.*'
#include <gtest/gtest.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "contract.h"
#include "kernels/attention.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/scalar_math.h"
#include "kernels/targets.h"
#include "random_matrix.h"

namespace bantam::kernels {
namespace {

const std::map<std::string, uint64_t>& goldens() {
  static const std::map<std::string, uint64_t> table{
#include "golden_bits.inc"
  };
  return table;
}

// FNV-1a over the bits; all NaNs are one.
uint64_t digest(const std::vector<float>& values) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const float value : values) {
    const uint32_t bits =
        value != value ? 0x7FC00000 : std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ (bits >> shift & 0xFF)) * 0x100000001b3;
    }
  }
  return hash;
}

// From integers alone: C++ libraries differ in their distributions, and only
// the generator is the same everywhere.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : random_(seed) {}
  // In +-8, with 24 bits.
  float next() {
    return static_cast<float>(
        (static_cast<double>(random_() >> 40) - 0x1p23) * 0x1p-20);
  }
  std::vector<float> list(int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) {
      value = next();
    }
    return values;
  }

 private:
  std::mt19937_64 random_;
};

bool is_printing() {
  return std::getenv("BANTAM_PRINT_GOLDEN") != nullptr;
}

void expect_golden(const std::string& name, const std::vector<float>& values) {
  if (is_printing()) {
    std::printf(
        "{\"%s\", 0x%016llx},\n",
        name.c_str(),
        static_cast<unsigned long long>(digest(values)));
    return;
  }
  const auto found = goldens().find(name);
  ASSERT_NE(found, goldens().end()) << name;
  EXPECT_EQ(digest(values), found->second) << name;
}

class GoldenBits : public testing::Test {
 protected:
  void TearDown() override { set_target(supported_targets().front()); }
  // The contract's values, then every target's.
  template <typename Contract, typename Kernel>
  void check(
      const std::string& name,
      const Contract& by_contract,
      const Kernel& by_kernel) {
    const std::vector<float> expected = by_contract();
    expect_golden(name, expected);
    for (const std::string_view target : supported_targets()) {
      if (is_printing()) {
        return;
      }
      ASSERT_TRUE(set_target(target));
      EXPECT_EQ(digest(by_kernel()), digest(expected))
          << name << " on " << target;
    }
  }
  ThreadPool pool_{2};
};

TEST_F(GoldenBits, Products) {
  constexpr int64_t kRows = 21;
  constexpr int64_t kTokens = 3;
  for (const FormatCase& format : all_formats()) {
    const int64_t step = column_step(format);
    const int64_t cols = step == 1 ? 77 : 2 * step;
    const RandomMatrix random(format, kRows, cols, 4, RandomScales::integers);
    const WeightMatrix& w = random.matrix();
    const std::vector<float> x = Numbers(5).list(kTokens * cols);
    check(
        format.name,
        [&] {
          std::vector<float> y;
          for (int64_t t = 0; t < kTokens; ++t) {
            for (int64_t row = 0; row < kRows; ++row) {
              y.push_back(contract::dot(w, row, x.data() + t * cols));
            }
          }
          return y;
        },
        [&] {
          Activations activations;
          activations.reserve(kTokens, cols);
          activations.prepare(
              x.data(), cols, kTokens, cols, w.group_size(), pool_);
          std::vector<float> y(static_cast<size_t>(kTokens * kRows));
          matmul(w, activations, y.data(), kRows, Store::assign, pool_);
          return y;
        });
  }
}

TEST_F(GoldenBits, Attention) {
  constexpr AttentionShape kShape{4, 2, 32, 0.25f};
  constexpr int64_t kTokens = 19, kBudget = 11, kSinks = 4, kDim = 32;
  constexpr int64_t kStride = (4 + 2 + 2) * kDim;
  const std::vector<float> qkv = Numbers(6).list(kTokens * kStride);
  for (const int bits : {16, 8, 4}) {
    check(
        "attention_kv" + std::to_string(bits),
        [&] {
          std::vector<float> rounded = qkv;
          for (size_t i = 0; i < rounded.size(); i += kDim) {
            contract::store_kv(rounded.data() + i, kDim, bits);
          }
          std::vector<float> out(kTokens * 4 * kDim);
          for (int64_t t = 0; t < kTokens; ++t) {
            for (int64_t h = 0; h < 4; ++h) {
              std::vector<const float*> keys, values;
              for (const int64_t j : contract::visible(t, kBudget, kSinks)) {
                keys.push_back(&rounded[j * kStride + (4 + h / 2) * kDim]);
                values.push_back(&rounded[j * kStride + (6 + h / 2) * kDim]);
              }
              contract::attend(
                  &qkv[t * kStride + h * kDim],
                  kShape.scale,
                  kDim,
                  keys,
                  values,
                  bits,
                  &out[(t * 4 + h) * kDim]);
            }
          }
          return out;
        },
        [&] {
          const auto side =
              static_cast<size_t>(2 * kBudget * kv_row_bytes(kDim, bits));
          std::vector<std::byte> cache(2 * side);
          std::vector<std::byte> scratch(
              static_cast<size_t>(
                  attention_scratch_bytes(kShape, kBudget, kTokens, 2)));
          std::vector<float> out(kTokens * 4 * kDim);
          attention(
              kShape,
              qkv.data(),
              qkv.data() + 4 * kDim,
              qkv.data() + 6 * kDim,
              kStride,
              kTokens,
              0,
              {cache.data(), cache.data() + side, kBudget, kSinks, bits},
              out.data(),
              scratch.data(),
              pool_);
          return out;
        });
  }
}

TEST_F(GoldenBits, Elementwise) {
  const std::vector<float> x = Numbers(7).list(330);
  const std::vector<float> weight = Numbers(8).list(330);
  check(
      "rms_norm",
      [&] {
        std::vector<float> y(x.size());
        contract::rms_norm(x.data(), weight.data(), 1e-5f, 330, y.data());
        return y;
      },
      [&] {
        std::vector<float> y(x.size());
        rms_norm(x.data(), weight.data(), 1e-5f, 1, 330, y.data(), pool_);
        return y;
      });
  check(
      "softmax",
      [&] {
        std::vector<float> y = x;
        y.push_back(contract::softmax(y.data(), 330));
        return y;
      },
      [&] {
        std::vector<float> y = x;
        y.push_back(softmax(y.data(), 330));
        return y;
      });
  check(
      "swiglu",
      [&] {
        std::vector<float> y;
        for (size_t i = 0; i < x.size(); ++i) {
          y.push_back(contract::swiglu(x[i], weight[i]));
        }
        return y;
      },
      [&] {
        std::vector<float> y(x.size());
        swiglu(x.data(), weight.data(), 330, 1, 330, y.data(), pool_);
        return y;
      });
  const std::vector<float> frequencies(x.begin(), x.begin() + 32);
  const RopeShape shape{5, 66, 32, false};
  check(
      "rope",
      [&] {
        std::vector<float> y = x;
        contract::rope(y.data(), 100'003, shape, frequencies.data(), 1.25f);
        return y;
      },
      [&] {
        std::vector<float> y = x;
        rope(
            y.data(), 330, 1, 100'003, shape, frequencies.data(), 1.25f, pool_);
        return y;
      });
}

// Doubles as pairs of floats, so that no bit is lost.
TEST_F(GoldenBits, ScalarMath) {
  std::vector<float> out;
  const auto add = [&](double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    out.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits >> 33)));
    out.push_back(
        std::bit_cast<float>(static_cast<uint32_t>(bits & 0x3FFFFFFF)));
  };
  Numbers numbers(9);
  for (int i = 0; i < 2000; ++i) {
    const double x = static_cast<double>(numbers.next());
    add(steady_exp(x * 80));
    add(steady_log(x * x));
    add(steady_log1p(x * x));
    add(steady_pow(10000, -x / 8));
  }
  expect_golden("scalar_math", out);
}

}  // namespace
}  // namespace bantam::kernels
