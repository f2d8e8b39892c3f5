// SPDX-License-Identifier: MIT
#include "kernels/targets.h"

#include "kernels/highway.h"

#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

namespace bantam::kernels {

namespace {

struct Target {
  std::string_view name;
  int64_t highway;  // the bit that Highway knows it by
  bool vnni;        // plus the sources compiled for AVX-512 VNNI
};

constexpr std::array kTargets{
#if defined(__x86_64__)
    Target{"avx512vnni", HWY_AVX3, true},
    Target{"avx512", HWY_AVX3, false},
    Target{"avx2", HWY_AVX2, false},
#elif defined(__aarch64__)
    Target{"neon", HWY_NEON, false},
#endif
    Target{"portable", 0, false},
};

// All that the flags of *_avx512vnni.cpp let the compiler use.
bool machine_has_avx512vnni() {
#if defined(BANTAM_AVX512VNNI)
  return __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512vnni") &&
      __builtin_cpu_supports("avx512vbmi") &&
      __builtin_cpu_supports("avx512vbmi2") &&
      __builtin_cpu_supports("avx512bitalg") &&
      __builtin_cpu_supports("avx512vpopcntdq") &&
      __builtin_cpu_supports("gfni") && __builtin_cpu_supports("vpclmulqdq");
#else
  return false;
#endif
}

// What the machine has, whatever a test has set before.
int64_t machine_targets() {
  static const int64_t targets = hwy::SupportedTargets();
  return targets;
}

bool can_run(const Target& target) {
  return (target.highway & ~machine_targets()) == 0 &&
      (!target.vnni || machine_has_avx512vnni());
}

std::atomic<const Target*> current{nullptr};

void use(const Target& target) {
  if (current.load(std::memory_order_acquire) == &target) {
    return;
  }
  // Zero would mean "all that the machine has"; a bit that is never compiled
  // leaves the portable code, which is always there.
  hwy::SetSupportedTargetsForTest(
      target.highway != 0 ? target.highway : HWY_EMU128);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  current.store(&target, std::memory_order_release);
}

const Target& chosen() {
  const Target* target = current.load(std::memory_order_acquire);
  if (target == nullptr) {
    set_best_target();
    target = current.load(std::memory_order_acquire);
  }
  return *target;
}

}  // namespace

std::string_view target_name() {
  return chosen().name;
}

std::vector<std::string_view> supported_targets() {
  std::vector<std::string_view> names;
  for (const Target& target : kTargets) {
    if (can_run(target)) {
      names.push_back(target.name);
    }
  }
  return names;
}

void set_best_target() {
  const char* wanted = std::getenv("BANTAM_KERNELS");
  if (wanted == nullptr || !set_target(wanted)) {
    use(*std::find_if(kTargets.begin(), kTargets.end(), can_run));
  }
}

bool set_target(std::string_view name) {
  const auto* target =
      std::find_if(kTargets.begin(), kTargets.end(), [&](const Target& each) {
        return each.name == name && can_run(each);
      });
  if (target == kTargets.end()) {
    return false;
  }
  use(*target);
  return true;
}

bool use_avx512vnni() {
  return chosen().vnni;
}

}  // namespace bantam::kernels
