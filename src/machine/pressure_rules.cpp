// SPDX-License-Identifier: MIT
#include "machine/pressure_rules.h"

#include <algorithm>
#include <array>

namespace bantam {

namespace {

using Room = PressureReadings::Room;

// Thrashing on a fast disk was seen at 8 to 18 % of "some" (anonymous memory
// and mapped files in a 128 MB limit, kernel 6.18); an idle machine shows 0.
constexpr double kYellowSome = 0.10;
constexpr double kRedSome = 0.40;
constexpr double kRedFull = 0.25;
// Less than this is noise, and what stands beside it is no trouble.
constexpr double kTraceSome = 0.01;

// Of what a limit allows. Swapping and killing begin at some gigabytes left
// however large the machine is, hence the caps.
constexpr double kYellowShare = 0.10;
constexpr double kRedShare = 0.05;
constexpr int64_t kYellowRoomBytes = int64_t{4} << 30;
constexpr int64_t kRedRoomBytes = int64_t{2} << 30;

// Mapped weights that do not fit are read again and again.
constexpr double kYellowRefaultBytes = 100e6;

Pressure judge_room(const Room& room) {
  const auto less_than = [&](double share, int64_t cap) {
    const double line = std::min(
        share * static_cast<double>(room.limit_bytes),
        static_cast<double>(cap));
    return static_cast<double>(room.available_bytes) < line;
  };
  if (less_than(kRedShare, kRedRoomBytes)) {
    return Pressure::red;
  }
  return less_than(kYellowShare, kYellowRoomBytes) ? Pressure::yellow
                                                   : Pressure::green;
}

Pressure judge_stall(const PressureReadings::Stall& stall) {
  if (stall.full >= kRedFull || stall.some >= kRedSome) {
    return Pressure::red;
  }
  return stall.some >= kYellowSome ? Pressure::yellow : Pressure::green;
}

// A cgroup near its limit may be just what somebody planned, and a file read
// again just a second start: with PSI, they count as far as tasks wait.
Pressure confirm(Pressure suspected, const PressureReadings& readings) {
  if (!readings.stall) {
    return suspected;
  }
  const double some = readings.stall->some;
  if (some >= kYellowSome) {
    return suspected;
  }
  return some >= kTraceSome ? std::min(suspected, Pressure::yellow)
                            : Pressure::green;
}

}  // namespace

Pressure judge_pressure(const PressureReadings& readings) {
  Pressure worst = Pressure::unknown;
  const auto add = [&](Pressure pressure) {
    worst = std::max(worst, pressure);
  };
  if (readings.stall) {
    add(judge_stall(*readings.stall));
  }
  if (readings.machine) {
    add(judge_room(*readings.machine));
  }
  if (readings.cgroup) {
    add(confirm(judge_room(*readings.cgroup), readings));
  }
  // Alone they say nothing about calm: they raise a colour, never make one.
  if (readings.refault_bytes_per_s.value_or(0) >= kYellowRefaultBytes) {
    const Pressure colour = confirm(Pressure::yellow, readings);
    add(colour == Pressure::green ? Pressure::unknown : colour);
  }
  if (readings.out_of_memory) {
    add(Pressure::red);
  }
  return worst;
}

}  // namespace bantam
