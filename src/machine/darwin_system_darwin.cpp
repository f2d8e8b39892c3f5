// SPDX-License-Identifier: MIT
#include <libproc.h>
#include <mach/mach.h>
#include <mach/mach_host.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include "machine/darwin_system.h"
#include "machine/uptime_clock.h"

namespace bantam {

namespace {

bool sysctl_by_name(const char* name, void* value, size_t* bytes) {
  return ::sysctlbyname(name, value, bytes, nullptr, 0) == 0;
}

bool vm_statistics(DarwinVmStatistics* statistics) {
  // Each call of mach_host_self() takes another reference to the port.
  static const mach_port_t host = mach_host_self();
  vm_statistics64_data_t vm{};
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  vm_size_t page_bytes = 0;
  if (host_statistics64(
          host, HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&vm), &count) !=
          KERN_SUCCESS ||
      host_page_size(host, &page_bytes) != KERN_SUCCESS) {
    return false;
  }
  statistics->page_bytes = static_cast<int64_t>(page_bytes);
  statistics->active = vm.active_count;
  statistics->inactive = vm.inactive_count;
  statistics->free = vm.free_count;
  statistics->compressor = vm.compressor_page_count;
  statistics->swapped_in = static_cast<int64_t>(vm.swapins);
  statistics->swapped_out = static_cast<int64_t>(vm.swapouts);
  return true;
}

// The kernel fills as many fields as its version knows and says how many.
bool filled(const task_vm_info_data_t& info, const void* field, size_t words) {
  const auto offset = static_cast<size_t>(
      static_cast<const char*>(field) - reinterpret_cast<const char*>(&info));
  return offset + sizeof(int64_t) <= words * sizeof(natural_t);
}

bool task_memory(DarwinTaskMemory* memory) {
  task_vm_info_data_t info{};
  mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
  if (task_info(
          mach_task_self(),
          TASK_VM_INFO,
          reinterpret_cast<task_info_t>(&info),
          &count) != KERN_SUCCESS) {
    return false;
  }
  if (filled(info, &info.external, count)) {
    memory->mapped_file_bytes = static_cast<int64_t>(info.external);
  }
  if (filled(info, &info.phys_footprint, count)) {
    memory->footprint_bytes = static_cast<int64_t>(info.phys_footprint);
  }
  if (filled(info, &info.ledger_swapins, count)) {
    memory->swapped_in_bytes = info.ledger_swapins;
  }
  return true;
}

int list_pids(int* pids, int capacity) {
  return ::proc_listallpids(pids, capacity * static_cast<int>(sizeof(*pids)));
}

int pid_path(int pid, char* path, int capacity) {
  return ::proc_pidpath(pid, path, static_cast<uint32_t>(capacity));
}

bool pid_footprint(int pid, int64_t* bytes) {
  rusage_info_v4 usage{};
  if (::proc_pid_rusage(
          pid, RUSAGE_INFO_V4, reinterpret_cast<rusage_info_t*>(&usage)) != 0) {
    return false;
  }
  *bytes = static_cast<int64_t>(usage.ri_phys_footprint);
  return true;
}

int own_pid() {
  return ::getpid();
}

}  // namespace

const DarwinSystem& darwin_system() {
  static constexpr DarwinSystem kSystem{
      .sysctl = sysctl_by_name,
      .vm_statistics = vm_statistics,
      .task_memory = task_memory,
      .list_pids = list_pids,
      .pid_path = pid_path,
      .pid_footprint = pid_footprint,
      .own_pid = own_pid,
      .uptime_seconds = uptime_seconds,
  };
  return kSystem;
}

}  // namespace bantam
