// Counts on the command line.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>

namespace knit::cli {

// For Option::transform of an std::int32_t: a whole number as people write it. CLI11 alone reads "010" as
// eight and "" as 0.
inline CLI::Validator whole_number(std::int32_t least = 0) {
  const auto read = [least](std::string& text) -> std::string {
    std::int32_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc::result_out_of_range) return fmt::format("'{}' is too large", text);
    if (error != std::errc() || rest != end || number < least)
      return fmt::format("'{}' is no whole number from {} up", text, least);
    text = std::to_string(number);
    return {};
  };
  return CLI::Validator(read, "");
}

}  // namespace knit::cli
