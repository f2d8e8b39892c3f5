// SPDX-License-Identifier: MIT
#include "nn/stream_lease.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace bantam::nn {

namespace {

std::mutex free_mutex;

// Never destroyed: MLX's threads outlive static destructors.
std::vector<mx::Stream>& free_streams() {
  static auto* streams = new std::vector<mx::Stream>();
  return *streams;
}

mx::Stream take_stream(mx::Device device) {
  const std::scoped_lock lock(free_mutex);
  std::vector<mx::Stream>& streams = free_streams();
  const auto found =
      std::find_if(streams.begin(), streams.end(), [&](const mx::Stream& s) {
        return s.device == device;
      });
  if (found == streams.end()) {
    return mx::new_thread_unsafe_stream(device);
  }
  const mx::Stream stream = *found;
  streams.erase(found);
  return stream;
}

}  // namespace

StreamLease::StreamLease(mx::Device device) : stream_(take_stream(device)) {}

StreamLease::~StreamLease() {
  try {
    const std::scoped_lock lock(free_mutex);
    free_streams().push_back(stream_);
  } catch (...) {
    // Then the next engine makes another.
  }
}

}  // namespace bantam::nn
