// SPDX-License-Identifier: MIT
// GGUF's look-up formats for few tokens, by AVX-512 VNNI.
#pragma once

#include "kernels/gguf_planes_avx512vnni.h"
#include "kernels/iq_formats.h"
#include "kernels/k_planes_avx512vnni.h"

namespace bantam::kernels::BANTAM_TARGET {

// IQ3_XXS without a gather: a super-block's 64 indices fill a register, and
// two coordinates of the grid are a table of 256 bytes, four registers: eight
// magnitudes take four bits, which a bit matrix spreads out again. So the
// products come coordinate by coordinate, and activations lie in that order:
// of 256 columns first every fourth, then the ones after these, ... All four
// coordinates of a column lie in one dword of the sums, eight indices in two.
struct Iq3XxsPlanes {
  static constexpr int64_t kBytes = 98;
  static constexpr int kOffset = 64;  // above every magnitude

  const WeightMatrix& w;
  const uint8_t* row = nullptr;
  __m512i table[2][4] = {};

  explicit Iq3XxsPlanes(const WeightMatrix& matrix) : w(matrix) {
    for (int c = 0; c < 2; ++c) {
      for (int i = 0; i < 4; ++i) {
        table[c][i] = _mm512_loadu_si512(kIq3XxsPairs[c].data() + 64 * i);
      }
    }
  }

  // 256 bytes in the order of coordinates.
  static void put_coordinates(const int8_t* from, int8_t* to) {
    alignas(64) uint8_t every_fourth[64];
    for (int c = 0; c < 4; ++c) {
      for (int i = 0; i < 64; ++i) {
        every_fourth[i] = static_cast<uint8_t>((4 * i + c) % 128);
      }
      const __m512i order = _mm512_load_si512(every_fourth);
      const auto half = [&](int64_t at) {
        return _mm512_castsi512_si256(_mm512_permutex2var_epi8(
            _mm512_loadu_si512(from + at),
            order,
            _mm512_loadu_si512(from + at + 64)));
      };
      _mm512_storeu_si512(to + 64 * c, join(half(0), half(128)));
    }
  }

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    constexpr uint8_t kRuns[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    split_in_runs(v, cols, kRuns, planes);
    for (int64_t k = 0; k < cols; k += 256) {
      for (int8_t* plane : {planes.high, planes.low}) {
        alignas(64) int8_t in_order[256];
        std::memcpy(in_order, plane + k, sizeof(in_order));
        put_coordinates(in_order, plane + k);
      }
    }
    put_excess<32>(v, cols, kOffset, planes.excess);
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  // Bytes of eight signs, twice each: of indices 2 n and 2 n + 1.
  HWY_INLINE static __m512i sign_bytes(const uint8_t* block) {
    const __m512i words = _mm512_permutexvar_epi64(
        _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3),
        _mm512_castsi256_si512(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 66))));
    // Seven bits from bit 0, 7, 14 and 21 of each dword on.
    constexpr int64_t kFirst = 0x15150E0E07070000;
    constexpr int64_t kSecond = kFirst + 0x2020202020202020;
    const __m512i fields = _mm512_multishift_epi64_epi8(
        _mm512_setr_epi64(
            kFirst, kSecond, kFirst, kSecond, kFirst, kSecond, kFirst, kSecond),
        words);
    // Bits 0 .. 6 as they are; bit 7 is their parity.
    return _mm512_gf2p8affine_epi64_epi8(
        fields, _mm512_set1_epi64(0x010204081020407F), 0);
  }

  // Which quarter of the tables each index is in; the first is the rest.
  struct Quarters {
    __mmask64 second;
    __mmask64 third;
    __mmask64 fourth;
    HWY_INLINE explicit Quarters(__m512i index) {
      const __mmask64 upper = _mm512_movepi8_mask(index);
      const __mmask64 odd = _mm512_movepi8_mask(_mm512_slli_epi16(index, 1));
      second = _kandn_mask64(upper, odd);
      third = _kandn_mask64(odd, upper);
      fourth = _kand_mask64(upper, odd);
    }
  };

  // The codes of coordinates 2 kPair and 2 kPair + 1 of 64 points.
  template <int kPair>
  HWY_INLINE __m512i codes(__m512i index, const Quarters& quarters) const {
    const __m512i* quarter = table[kPair];
    __m512i found = _mm512_permutexvar_epi8(index, quarter[0]);
    found =
        _mm512_mask_permutexvar_epi8(found, quarters.second, index, quarter[1]);
    found =
        _mm512_mask_permutexvar_epi8(found, quarters.third, index, quarter[2]);
    return _mm512_mask_permutexvar_epi8(
        found, quarters.fourth, index, quarter[3]);
  }

  // kOffset plus or minus the magnitude of coordinate kAt.
  template <int kAt>
  HWY_INLINE static __m512i points(__m512i codes, __m512i signs) {
    // From bits 0 .. 2 of the code 8 each, from bit 3 (of the largest) 2, and
    // always 4 and kOffset.
    constexpr int64_t kFirst = 0x0008000102040000;
    constexpr int64_t kMatrix = kAt % 2 == 0 ? kFirst : kFirst << 4;
    const __m512i plus = _mm512_gf2p8affine_epi64_epi8(
        codes, _mm512_set1_epi64(kMatrix), 4 + kOffset);
    // Odd points have their signs in the upper nibble.
    const __mmask64 negative = _mm512_test_epi8_mask(
        signs, _mm512_set1_epi16((0x10 << kAt) << 8 | 1 << kAt));
    return _mm512_mask_sub_epi8(plus, negative, mask_bytes(2 * kOffset), plus);
  }

  // Eight groups, two dwords each.
  HWY_INLINE __m512i
  products(const uint8_t* block, Planes planes, int64_t at) const {
    const __m512i index = _mm512_loadu_si512(block + 2);
    const Quarters quarters(index);
    const __m512i signs = sign_bytes(block);
    __m512i high = _mm512_setzero_si512();
    __m512i low = _mm512_setzero_si512();
    const auto add = [&](__m512i u, int64_t k) __attribute__((always_inline)) {
      high = _mm512_dpbusd_epi32(high, u, _mm512_loadu_si512(planes.high + k));
      low = _mm512_dpbusd_epi32(low, u, _mm512_loadu_si512(planes.low + k));
    };
    const __m512i first = codes<0>(index, quarters);
    add(points<0>(first, signs), at);
    add(points<1>(first, signs), at + 64);
    const __m512i second = codes<1>(index, quarters);
    add(points<2>(second, signs), at + 128);
    add(points<3>(second, signs), at + 192);
    return _mm512_add_epi32(_mm512_slli_epi32(high, 8), low);
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* block = row + g / 8 * kBytes;
    const uint8_t* next = kTail ? block : block + kBytes;
    const __m512i first = products(block, planes, g * 32);
    const __m512i second = kTail ? first : products(next, planes, g * 32 + 256);
    const __m512i even = _mm512_setr_epi32(
        0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_setr_epi32(
        1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    const __m512i sums = _mm512_sub_epi32(
        _mm512_add_epi32(
            _mm512_permutex2var_epi32(first, even, second),
            _mm512_permutex2var_epi32(first, odd, second)),
        _mm512_loadu_si512(planes.excess + g));
    const auto words = [](const uint8_t* from) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 66));
    };
    const __m512 four_bits = _mm512_cvtepi32_ps(
        _mm512_srli_epi32(join(words(block), words(next)), 28));
    const __m512 d =
        _mm512_mask_mov_ps(broadcast_half(block), 0xFF00, broadcast_half(next));
    const __m512 scale = _mm512_mul_ps(
        _mm512_mul_ps(d, _mm512_add_ps(four_bits, _mm512_set1_ps(0.5f))),
        _mm512_set1_ps(0.5f));
    return join_groups<false>(
        acc,
        sums,
        scale,
        scale,
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }
};

// The formats whose points are gathered: 64 columns at a time in their order,
// the signs one mask. G brings kBytes, kGroup, magnitudes() and signs() of 64
// columns from 64 i on, and the scales of a super-block.
template <class G>
struct GridPlanes {
  static constexpr int64_t kBytes = G::kBytes;
  static constexpr int64_t kBlockGroups = 256 / G::kGroup;
  static constexpr int kOffset = 64;  // above every magnitude

  const WeightMatrix& w;
  const uint8_t* row = nullptr;

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    split_in_order(v, cols, planes);
    put_excess<G::kGroup>(v, cols, kOffset, planes.excess);
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  HWY_INLINE static __m512i products(
      const uint8_t* block,
      int64_t i,
      Planes planes,
      int64_t at) {
    const __m512i offset = mask_bytes(kOffset);
    const __m512i magnitude = G::magnitudes(block, i);
    const __m512i u = _mm512_mask_sub_epi8(
        _mm512_add_epi8(offset, magnitude),
        G::signs(block, i),
        offset,
        magnitude);
    return plane_products(u, planes, at + 64 * i);
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* block = row + g / kBlockGroups * kBytes;
    const int64_t at = g * G::kGroup;
    const auto part = [&](int i) __attribute__((always_inline)) {
      return kTail && i >= 4
          ? _mm512_setzero_si512()
          : products(block + i / 4 * kBytes, i % 4, planes, at + i / 4 * 256);
    };
    __m512i sums;
    if constexpr (G::kGroup == 16) {
      sums = sum_block_registers(part(0), part(1), part(2), part(3));
    } else {
      sums = sum_half_registers(part);
    }
    alignas(64) float scale[16] = {};
    G::Format::scales(block, scale, nullptr);
    if constexpr (G::kGroup == 32 && !kTail) {
      G::Format::scales(block + kBytes, scale + 8, nullptr);
    }
    const __m512 scales = _mm512_load_ps(scale);
    return join_groups<false>(
        acc,
        _mm512_sub_epi32(sums, _mm512_loadu_si512(planes.excess + g)),
        scales,
        scales,
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }
};

// Eight entries of eight magnitudes.
template <size_t kCount>
HWY_INLINE __m512i
gather_eights(const std::array<uint64_t, kCount>& grid, __m512i index) {
  return _mm512_i64gather_epi64(index, grid.data(), 8);
}

HWY_INLINE __m512i eight_bytes(const uint8_t* from) {
  return _mm512_cvtepu8_epi64(
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

// Seven bits in each byte; the eighth makes their number even.
HWY_INLINE uint64_t even_sign_bytes(uint64_t sevens) {
  uint64_t parity = sevens ^ sevens >> 4;
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return sevens | (parity & 0x0101010101010101) << 7;
}

HWY_INLINE uint64_t load_u64(const uint8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

struct Iq2XxsGrid {
  using Format = Iq2Xxs;
  static constexpr int64_t kBytes = 66;
  static constexpr int kGroup = 32;

  HWY_INLINE static __m512i magnitudes(const uint8_t* block, int64_t i) {
    // Four indices, four bytes of signs and scale, and again.
    const uint64_t low = load_u32(block + 2 + 16 * i);
    const uint64_t high = load_u32(block + 2 + 16 * i + 8);
    return gather_eights(
        kIq2XxsGrid,
        _mm512_cvtepu8_epi64(
            _mm_cvtsi64_si128(static_cast<int64_t>(low | high << 32))));
  }
  HWY_INLINE static __mmask64 signs(const uint8_t* block, int64_t i) {
    constexpr uint32_t kSevens = 0x7F7F7F7F;
    const uint64_t low = _pdep_u32(load_u32(block + 2 + 16 * i + 4), kSevens);
    const uint64_t high = _pdep_u32(load_u32(block + 2 + 16 * i + 12), kSevens);
    return even_sign_bytes(low | high << 32);
  }
};

struct Iq2XsGrid {
  using Format = Iq2Xs;
  static constexpr int64_t kBytes = 74;
  static constexpr int kGroup = 16;

  HWY_INLINE static __m512i words(const uint8_t* block, int64_t i) {
    return _mm512_cvtepu16_epi64(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 2 + 16 * i)));
  }
  HWY_INLINE static __m512i magnitudes(const uint8_t* block, int64_t i) {
    return gather_eights(
        kIq2XsGrid, _mm512_and_si512(words(block, i), _mm512_set1_epi64(511)));
  }
  HWY_INLINE static __mmask64 signs(const uint8_t* block, int64_t i) {
    const __m128i sevens =
        _mm512_cvtepi64_epi8(_mm512_srli_epi64(words(block, i), 9));
    return even_sign_bytes(static_cast<uint64_t>(_mm_cvtsi128_si64(sevens)));
  }
};

struct Iq2SGrid {
  using Format = Iq2S;
  static constexpr int64_t kBytes = 82;
  static constexpr int kGroup = 16;

  HWY_INLINE static __m512i magnitudes(const uint8_t* block, int64_t i) {
    const uint64_t high =
        _pdep_u64(load_u16(block + 66 + 2 * i), 0x0303030303030303);
    const __m512i upper =
        _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(static_cast<int64_t>(high)));
    return gather_eights(
        kIq2SGrid,
        _mm512_or_si512(
            eight_bytes(block + 2 + 8 * i), _mm512_slli_epi64(upper, 8)));
  }
  HWY_INLINE static __mmask64 signs(const uint8_t* block, int64_t i) {
    return load_u64(block + 34 + 8 * i);
  }
};

struct Iq3SGrid {
  using Format = Iq3S;
  static constexpr int64_t kBytes = 110;
  static constexpr int kGroup = 32;

  HWY_INLINE static __m512i magnitudes(const uint8_t* block, int64_t i) {
    const __m512i low = _mm512_cvtepu8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 2 + 16 * i)));
    const __mmask16 ninth = load_u16(block + 66 + 2 * i);
    const __m512i index =
        _mm512_mask_or_epi32(low, ninth, low, _mm512_set1_epi32(256));
    return _mm512_i32gather_epi32(index, kIq3SGrid.data(), 4);
  }
  HWY_INLINE static __mmask64 signs(const uint8_t* block, int64_t i) {
    return load_u64(block + 74 + 8 * i);
  }
};

// IQ4_XS: nibbles pick from sixteen values; they are made positive.
struct Iq4XsPlanes {
  static constexpr int64_t kBytes = 136;
  static constexpr int kOffset = 128;

  const WeightMatrix& w;
  const uint8_t* row = nullptr;

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    split_by_halves(v, cols, planes);
    put_excess<32>(v, cols, kOffset, planes.excess);
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  HWY_INLINE static __m512i products(
      const uint8_t* nibbles,
      Planes planes,
      int64_t g) {
    const __m512i bytes = _mm512_loadu_si512(nibbles);
    const __m512i mask = mask_bytes(15);
    __m512i first = _mm512_and_si512(bytes, mask);
    __m512i second = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), mask);
    look_up(kNonlinear4, kOffset, first, second);
    return half_products(first, second, planes, g);
  }

  // Eight scales of six bits as bytes, less 32.
  HWY_INLINE static uint64_t scale_bytes(const uint8_t* block) {
    // Nibble i of the low bits to byte i, then the pair i of the high ones.
    const uint64_t low = _pdep_u64(load_u32(block + 4), 0x0F0F0F0F0F0F0F0F);
    const uint64_t high = _pdep_u64(load_u16(block + 2), 0x3030303030303030);
    return low | high;
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* block = row + g / 8 * kBytes;
    const uint8_t* next = kTail ? block : block + kBytes;
    const __m512i zero = _mm512_setzero_si512();
    const __m512i sums = sum_block_registers(
        products(block + 8, planes, g),
        products(block + 72, planes, g + 4),
        kTail ? zero : products(next + 8, planes, g + 8),
        kTail ? zero : products(next + 72, planes, g + 12));
    const __m512i six = _mm512_cvtepu8_epi32(_mm_set_epi64x(
        static_cast<int64_t>(scale_bytes(next)),
        static_cast<int64_t>(scale_bytes(block))));
    const __m512 d =
        _mm512_mask_mov_ps(broadcast_half(block), 0xFF00, broadcast_half(next));
    const __m512 scale = _mm512_mul_ps(
        d, _mm512_cvtepi32_ps(_mm512_sub_epi32(six, _mm512_set1_epi32(32))));
    return join_groups<false>(
        acc,
        _mm512_sub_epi32(sums, _mm512_loadu_si512(planes.excess + g)),
        scale,
        scale,
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }
};

}  // namespace bantam::kernels::BANTAM_TARGET
