// SPDX-License-Identifier: MIT
// A Mac made of values: fills a DarwinSystem. One at a time.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "machine/darwin_system.h"

namespace bantam {

class FakeDarwin {
 public:
  struct Process {
    std::string path;
    std::optional<int64_t> footprint_bytes;
  };

  FakeDarwin() {
    current_ = this;
    set_number("kern.memorystatus_vm_pressure_level", 1);
    set_bytes("hw.memsize", uint64_t{16} << 30);
    set_swap_used(3'900'000'000);
  }
  ~FakeDarwin() { current_ = nullptr; }
  FakeDarwin(const FakeDarwin&) = delete;
  FakeDarwin& operator=(const FakeDarwin&) = delete;

  void set_number(const std::string& name, int32_t value) {
    set_bytes(name, value);
  }
  void set_text(const std::string& name, const std::string& text) {
    sysctls[name] = text + '\0';
  }
  template <typename T>
  void set_bytes(const std::string& name, const T& value) {
    sysctls[name] =
        std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void set_swap_used(uint64_t bytes) {
    // struct xsw_usage: total, available, used, page size, encrypted.
    const uint64_t usage[4] = {bytes, 0, bytes, 16384};
    set_bytes("vm.swapusage", usage);
  }

  DarwinSystem system() const {
    return {
        .sysctl = fill_sysctl,
        .vm_statistics = fill_vm,
        .task_memory = fill_task,
        .list_pids = list_pids,
        .pid_path = pid_path,
        .pid_footprint = pid_footprint,
        .own_pid = [] { return current_->own_pid; },
        .uptime_seconds = []() noexcept { return current_->now_s; }};
  }

  std::map<std::string, std::string, std::less<>> sysctls;  // raw bytes
  DarwinVmStatistics vm{16384, 300'000, 200'000, 100'000, 100'000, 1000, 2000};
  bool vm_works = true;
  int vm_calls = 0;
  DarwinTaskMemory task{150'000'000, 90'000'000, 4096};
  bool task_works = true;
  std::map<int, Process> processes;
  int own_pid = 4711;
  double now_s = 100;

 private:
  static bool fill_sysctl(const char* name, void* value, size_t* bytes) {
    const auto found = current_->sysctls.find(std::string_view(name));
    if (found == current_->sysctls.end() || found->second.size() > *bytes) {
      return false;
    }
    *bytes = found->second.size();
    std::memcpy(value, found->second.data(), *bytes);
    return true;
  }
  static bool fill_vm(DarwinVmStatistics* statistics) {
    ++current_->vm_calls;
    *statistics = current_->vm;
    return current_->vm_works;
  }
  static bool fill_task(DarwinTaskMemory* memory) {
    *memory = current_->task;
    return current_->task_works;
  }
  static int list_pids(int* pids, int capacity) {
    int count = 0;
    for (const auto& [pid, process] : current_->processes) {
      if (pids != nullptr && count < capacity) {
        pids[count] = pid;
      }
      ++count;
    }
    return count;
  }
  static int pid_path(int pid, char* path, int capacity) {
    const std::string& text = current_->processes.at(pid).path;
    if (text.size() > static_cast<size_t>(capacity)) {
      return 0;
    }
    std::memcpy(path, text.data(), text.size());
    return static_cast<int>(text.size());
  }
  static bool pid_footprint(int pid, int64_t* bytes) {
    const auto& footprint = current_->processes.at(pid).footprint_bytes;
    *bytes = footprint.value_or(0);
    return footprint.has_value();
  }

  static inline FakeDarwin* current_ = nullptr;
};

}  // namespace bantam
