// SPDX-License-Identifier: MIT
// A stream of one's own. MLX never ends a stream's thread, so one that is no
// longer used is handed on instead of making another.
#pragma once

#include "nn/compute.h"

namespace bantam::nn {

class StreamLease {
 public:
  explicit StreamLease(mx::Device device);
  /// The stream must be idle (settle).
  ~StreamLease();
  StreamLease(const StreamLease&) = delete;
  StreamLease& operator=(const StreamLease&) = delete;

  mx::Stream stream() const { return stream_; }

 private:
  mx::Stream stream_;
};

}  // namespace bantam::nn
