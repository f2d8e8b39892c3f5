// SPDX-License-Identifier: MIT
// How many cores this process may really use: SMT siblings counted once, and
// the limits of affinity masks and container quotas respected.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "kernels/thread_pool.h"

#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace bantam::kernels {

#if defined(__linux__)

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Cores of the affinity mask; CPUs that list the same siblings are one core.
int cores_of_affinity() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof(mask), &mask) != 0) {
    return static_cast<int>(std::thread::hardware_concurrency());
  }
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &mask)) {
      const std::string siblings = first_line(
          "/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
          "/topology/thread_siblings_list");
      cores.insert(siblings.empty() ? "cpu" + std::to_string(cpu) : siblings);
    }
  }
  return static_cast<int>(cores.size());
}

// Whole cores that the control group's quota pays for; 0: no quota. Version 2
// writes "quota period" or "max period" in one file, version 1 in two.
int cores_of_quota() {
  const std::string path = "/sys/fs/cgroup/";
  std::string line = first_line(path + "cpu.max");
  if (line.empty()) {
    line = first_line(path + "cpu/cpu.cfs_quota_us") + " " +
        first_line(path + "cpu/cpu.cfs_period_us");
  }
  double quota = 0;
  double period = 0;
  if (std::sscanf(line.c_str(), "%lf %lf", &quota, &period) != 2 ||
      quota <= 0 || period <= 0) {
    return 0;
  }
  return std::max(1, static_cast<int>(std::floor(quota / period + 0.5)));
}

}  // namespace

int physical_cores() {
  const int cores = std::max(1, cores_of_affinity());
  const int quota = cores_of_quota();
  return quota > 0 ? std::min(cores, quota) : cores;
}

#elif defined(__APPLE__)

// Performance cores only: a loop is as slow as its slowest part.
int physical_cores() {
  for (const char* name : {"hw.perflevel0.physicalcpu", "hw.physicalcpu"}) {
    int cores = 0;
    size_t size = sizeof(cores);
    if (sysctlbyname(name, &cores, &size, nullptr, 0) == 0 && cores > 0) {
      return cores;
    }
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

#else

int physical_cores() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

#endif

}  // namespace bantam::kernels
