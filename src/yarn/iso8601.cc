#include "yarn/iso8601.h"

#include <fmt/format.h>

namespace knit::yarn {
namespace {

// Takes `count` digits off the front; -1 if they are not there.
int take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_iso8601(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
  const int year = take_number(text, 4);
  if (year < 0 || !take(text, '-')) return std::nullopt;
  const int month = take_number(text, 2);
  if (month < 0 || !take(text, '-')) return std::nullopt;
  const int day = take_number(text, 2);
  const std::chrono::year_month_day date(std::chrono::year{year},
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (day < 0 || !date.ok() || !take(text, 'T')) return std::nullopt;
  const int hours = take_number(text, 2);
  if (hours < 0 || hours > 23 || !take(text, ':')) return std::nullopt;
  const int minutes = take_number(text, 2);
  if (minutes < 0 || minutes > 59 || !take(text, ':')) return std::nullopt;
  const int seconds = take_number(text, 2);
  if (seconds < 0 || seconds > 60 || !take(text, '.')) return std::nullopt;
  const int millis = take_number(text, 3);
  if (millis < 0) return std::nullopt;
  const bool behind = take(text, '-');
  if (!behind && !take(text, '+')) return std::nullopt;
  const int offset_hours = take_number(text, 2);
  const int offset_minutes = take_number(text, 2);
  if (offset_hours < 0 || offset_minutes < 0 || !text.empty()) return std::nullopt;
  const auto offset = std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes);
  const WallTime local = std::chrono::sys_days(date) + std::chrono::hours(hours) +
                         std::chrono::minutes(minutes) + std::chrono::seconds(seconds) +
                         std::chrono::milliseconds(millis);
  return behind ? local + offset : local - offset;
}

}  // namespace knit::yarn
