// SPDX-License-Identifier: MIT
#include "text/jinja_clock.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "text/jinja_failure.h"

namespace bantam::jinja {

namespace {

constexpr std::string_view kDays[] = {
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday"};
constexpr std::string_view kMonths[] = {
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December"};

int64_t days_before_year(int64_t year) {
  const int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400;
}

bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in_month(int year, int month) {
  constexpr int kDaysIn[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDaysIn[month] + (month == 1 && is_leap(year));
}

int year_day(int year, int month, int day) {
  int days = day - 1;
  for (int i = 0; i < month; ++i) {
    days += days_in_month(year, i);
  }
  return days;
}

// ISO 8601: weeks begin on Monday, week 1 holds January 4th.
struct IsoWeek {
  int year;
  int week;
};

IsoWeek iso_week(const std::tm& time) {
  const int year = time.tm_year + 1900;
  const int weekday = (time.tm_wday + 6) % 7;  // Monday is 0
  const int week = (time.tm_yday - weekday + 10) / 7;
  const auto weeks_in = [](int y) {
    const auto p = [](int64_t z) {
      return (z + z / 4 - z / 100 + z / 400) % 7;
    };
    return p(y) == 4 || p(y - 1) == 3 ? 53 : 52;
  };
  if (week < 1) {
    return {year - 1, weeks_in(year - 1)};
  }
  return week > weeks_in(year) ? IsoWeek{year + 1, 1} : IsoWeek{year, week};
}

// Conversions made of others; empty if `letter` is none.
std::string_view composed(char letter) {
  switch (letter) {
    case 'c':
      return "%a %b %e %H:%M:%S %Y";
    case 'x':
    case 'D':
      return "%m/%d/%y";
    case 'X':
    case 'T':
      return "%H:%M:%S";
    case 'R':
      return "%H:%M";
    case 'r':
      return "%I:%M:%S %p";
    case 'F':
      return "%Y-%m-%d";
    default:
      return "";
  }
}

struct NumberFormat {
  int value;
  int width;
  char fill;
};

// Conversions that are one number.
std::optional<NumberFormat> number_of(const std::tm& time, char letter) {
  const int year = time.tm_year + 1900;
  const int hour12 = time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12;
  const int monday_based = (time.tm_wday + 6) % 7;
  switch (letter) {
    case 'w':
      return NumberFormat{time.tm_wday, 1, '0'};
    case 'u':
      return NumberFormat{monday_based + 1, 1, '0'};
    case 'd':
      return NumberFormat{time.tm_mday, 2, '0'};
    case 'e':
      return NumberFormat{time.tm_mday, 2, ' '};
    case 'm':
      return NumberFormat{time.tm_mon + 1, 2, '0'};
    case 'y':
      return NumberFormat{year % 100, 2, '0'};
    case 'Y':
      return NumberFormat{year, 1, '0'};
    case 'C':
      return NumberFormat{year / 100, 2, '0'};
    case 'G':
      return NumberFormat{iso_week(time).year, 1, '0'};
    case 'g':
      return NumberFormat{iso_week(time).year % 100, 2, '0'};
    case 'V':
      return NumberFormat{iso_week(time).week, 2, '0'};
    case 'U':
      return NumberFormat{(time.tm_yday + 7 - time.tm_wday) / 7, 2, '0'};
    case 'W':
      return NumberFormat{(time.tm_yday + 7 - monday_based) / 7, 2, '0'};
    case 'H':
      return NumberFormat{time.tm_hour, 2, '0'};
    case 'k':
      return NumberFormat{time.tm_hour, 2, ' '};
    case 'I':
      return NumberFormat{hour12, 2, '0'};
    case 'l':
      return NumberFormat{hour12, 2, ' '};
    case 'M':
      return NumberFormat{time.tm_min, 2, '0'};
    case 'S':
      return NumberFormat{time.tm_sec, 2, '0'};
    case 'f':
      return NumberFormat{0, 6, '0'};
    case 'j':
      return NumberFormat{time.tm_yday + 1, 3, '0'};
    default:
      return std::nullopt;
  }
}

std::string conversion(const std::tm& time, char letter) {
  if (const auto number = number_of(time, letter)) {
    std::string digits = std::to_string(number->value);
    const auto width = static_cast<size_t>(number->width);
    digits.insert(0, width - std::min(width, digits.size()), number->fill);
    return digits;
  }
  if (const auto format = composed(letter); !format.empty()) {
    return format_time(time, format);
  }
  switch (letter) {
    case 'a':
      return std::string(kDays[time.tm_wday].substr(0, 3));
    case 'A':
      return std::string(kDays[time.tm_wday]);
    case 'b':
    case 'h':
      return std::string(kMonths[time.tm_mon].substr(0, 3));
    case 'B':
      return std::string(kMonths[time.tm_mon]);
    case 'p':
      return time.tm_hour < 12 ? "AM" : "PM";
    case 'P':
      return time.tm_hour < 12 ? "am" : "pm";
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '%':
      return "%";
    case 'z':
    case 'Z':
      return "";  // datetime.now() knows no zone
    default:
      raise_unsupported("strftime conversion '%{}'", letter);
  }
}

}  // namespace

std::tm parse_clock(std::string_view text) {
  const std::string copy(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  char mark = ' ';
  const int read = std::sscanf(
      copy.c_str(),
      "%4d-%2d-%2d%c%2d:%2d:%2d",
      &year,
      &month,
      &day,
      &mark,
      &hour,
      &minute,
      &second);
  const bool form = read == 3 || (read >= 6 && (mark == ' ' || mark == 'T'));
  const bool valid = form && year >= 1 && month >= 1 && month <= 12 &&
      day >= 1 && day <= days_in_month(year, month - 1) && hour >= 0 &&
      hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  if (!valid) {
    bantam::fail(
        ErrorCode::invalid_request,
        "strftime_now: '{}' is no time, write it as 2024-07-26 09:30:00",
        text);
  }
  std::tm time{};
  time.tm_year = year - 1900;
  time.tm_mon = month - 1;
  time.tm_mday = day;
  time.tm_hour = hour;
  time.tm_min = minute;
  time.tm_sec = second;
  time.tm_yday = year_day(year, month - 1, day);
  time.tm_wday =
      static_cast<int>((days_before_year(year) + time.tm_yday + 1) % 7);
  return time;
}

std::string format_time(const std::tm& time, std::string_view format) {
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    char letter = format[++i];
    // glibc's "-" drops a leading zero or space, as in "%-d".
    const bool bare = letter == '-' && i + 1 < format.size();
    letter = bare ? format[++i] : letter;
    std::string part = conversion(time, letter);
    while (bare && part.size() > 1 && (part[0] == '0' || part[0] == ' ')) {
      part.erase(0, 1);
    }
    out += part;
  }
  return out;
}

}  // namespace bantam::jinja
