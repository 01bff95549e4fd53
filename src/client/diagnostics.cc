#include "client/diagnostics.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/utf8.h"

namespace knit::client {
namespace {

constexpr std::size_t kMaxLine = 500;

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// What stands behind `mark`, if it is there.
std::optional<std::string_view> after(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + mark.size());
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

// "org.apache.hadoop.security.AccessControlException: " in front of a message.
std::string_view without_exception(std::string_view text) {
  while (true) {
    const auto colon = text.find(": ");
    if (colon == std::string_view::npos) return text;
    const auto name = text.substr(0, colon);
    const auto dots = std::count(name.begin(), name.end(), '.');
    const bool class_name = std::all_of(name.begin(), name.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '$' || c == '_';
    });
    if (dots < 2 || !class_name) return text;
    text = text.substr(colon + 2);
  }
}

// Cuts what Hadoop adds for people with a browser.
std::string_view without_advice(std::string_view text) {
  for (const std::string_view mark : {"For more detailed output, check", ". Failing the application."}) {
    if (const auto at = text.find(mark); at != std::string_view::npos) text = text.substr(0, at);
  }
  return trim(text);
}

}  // namespace

std::optional<Resource> resource_after(std::string_view text, std::string_view label) {
  const auto rest = after(text, label);
  if (!rest || !rest->starts_with("<memory:")) return std::nullopt;
  const auto all = rest->substr(0, rest->find('>'));
  const auto memory = number<std::int64_t>(all.substr(8));
  const auto vcores_text = after(all, "vCores:");
  if (!memory || *memory < 0 || *memory > (INT64_MAX >> 20) || !vcores_text) return std::nullopt;
  return Resource{ByteSize::mib(*memory), number<std::int32_t>(*vcores_text).value_or(0), {}};
}

std::string_view without_time(std::string_view text) {
  text = trim(text);
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    const auto inside = text.substr(1, close == std::string_view::npos ? 0 : close - 1);
    const auto digits = std::count_if(inside.begin(), inside.end(),
                                      [](char c) { return std::isdigit(static_cast<unsigned char>(c)); });
    if (digits >= 8 && std::count(inside.begin(), inside.end(), ':') == 2) text = text.substr(close + 1);
  }
  return trim(text);
}

std::string first_line(std::string_view text) {
  text = trim(text);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = without_exception(without_time(text.substr(0, end)));
    const bool frame = line.starts_with("at ") && line.find('(') != std::string_view::npos;
    if (!line.empty() && !frame) {
      return base::to_utf8(line.size() <= kMaxLine ? line : base::utf8_head(line, kMaxLine));
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return {};
}

std::optional<MasterFailure> parse_master_failure(std::string_view diagnostics) {
  const auto failed = after(diagnostics, " failed ");
  if (!diagnostics.starts_with("Application application_") || !failed) return std::nullopt;
  const auto why = after(*failed, " due to ");
  if (!why) return std::nullopt;
  MasterFailure failure;
  failure.times = number<int>(*failed).value_or(1);
  if (const auto code = after(*why, " exitCode: "); code && why->starts_with("AM Container for ")) {
    failure.kind = MasterFailure::Kind::kContainer;
    failure.exit_status = number<std::int32_t>(*code).value_or(0);
    failure.details = without_advice(after(*code, "Diagnostics: ").value_or(""));
  } else if (why->starts_with("ApplicationMaster for attempt ")) {
    failure.kind = MasterFailure::Kind::kSilent;
  } else if (why->starts_with("Error launching ")) {
    failure.kind = MasterFailure::Kind::kLaunch;
    failure.details = without_advice(after(*why, "Got exception: ").value_or(*why));
  } else {
    failure.details = without_advice(*why);
  }
  return failure;
}

std::optional<Killed> parse_killed(std::string_view diagnostics) {
  auto rest = after(diagnostics, " was killed by user ");
  if (!rest) return std::nullopt;
  Killed killed;
  constexpr std::string_view kMessage = " with diagnostic message: ";
  const auto message = rest->find(kMessage);
  if (message != std::string_view::npos) {
    killed.message = trim(rest->substr(message + kMessage.size()));
    rest = rest->substr(0, message);
  }
  const auto head = trim(rest->substr(0, rest->find('\n')));
  const auto at = head.find(" at ");
  killed.user = head.substr(0, at);
  if (at != std::string_view::npos) killed.address = head.substr(at + 4);
  return killed;
}

}  // namespace knit::client
