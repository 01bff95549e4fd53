#include "control/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/try.h"
#include "base/utf8.h"

namespace knit::control {
namespace {

namespace json = boost::json;
using base::json_bytes;
using base::json_text;
using base::JsonReader;

constexpr std::size_t kMaxWords = 100'000;
constexpr std::int32_t kMaxNumber = 1'000'000'000;  // of an instance or a restart: readers count on from it
constexpr std::array kFinalStatuses = {FinalStatus::kUndefined, FinalStatus::kSucceeded, FinalStatus::kFailed,
                                       FinalStatus::kKilled, FinalStatus::kEnded};

json::value cut_text(std::string_view text) {
  return json_text(base::utf8_head(text, kMaxJournalText));
}
// The end of a NodeManager's message is where the program's last lines are.
json::value cut_diagnostics(std::string_view text) {
  return json_text(base::utf8_tail(text, kMaxJournalText));
}

std::int64_t ms(WallTime time) {
  return time.time_since_epoch().count();
}
WallTime time(JsonReader& in) {
  return WallTime(std::chrono::milliseconds(in.integer("time_ms", 0)));
}
std::int32_t number(JsonReader& in, std::string_view name) {
  return static_cast<std::int32_t>(in.integer(name, 0, kMaxNumber));
}

json::object to_object(const MasterStarted& entry, bool whole_command = true) {
  json::array command;
  for (const auto& word : entry.command) {
    command.push_back(json_bytes(word));
    if (!whole_command) break;
  }
  return {{"kind", "master_started"},
          {"attempt", to_string(entry.attempt)},
          {"container", to_string(entry.container)},
          {"node", to_string(entry.node)},
          {"node_http_address", json_text(entry.node_http_address)},
          {"control_port", entry.control_port},
          {"time_ms", ms(entry.time)},
          {"name", cut_text(entry.name)},
          {"user", cut_text(entry.user)},
          {"queue", cut_text(entry.queue)},
          {"instances", entry.instances},
          {"command", std::move(command)}};
}

json::object to_object(const InstanceStarting& entry) {
  return {{"kind", "instance_starting"},   {"instance", entry.instance},
          {"restart", entry.restart},      {"container", to_string(entry.container)},
          {"node", to_string(entry.node)}, {"node_http_address", json_text(entry.node_http_address)},
          {"time_ms", ms(entry.time)}};
}

json::object to_object(const InstanceStarted& entry) {
  return {
      {"kind", "instance_started"}, {"container", to_string(entry.container)}, {"time_ms", ms(entry.time)}};
}

json::object to_object(const InstanceEnded& entry) {
  return {{"kind", "instance_ended"},
          {"instance", entry.instance},
          {"restart", entry.restart},
          {"container", to_string(entry.container)},
          {"time_ms", ms(entry.time)},
          {"exit_status", entry.exit_status},
          {"exit_class", json_text(to_string(entry.exit_class))},
          {"reason", cut_text(entry.reason)},
          {"diagnostics", cut_diagnostics(entry.diagnostics)},
          {"final", entry.final}};
}

// Escaped, each byte may take six: two streams still fit into a line.
json::object to_object(const InstanceOutput& entry) {
  json::array streams;
  for (const auto& stream : entry.streams) {
    if (streams.size() == kMaxOutputStreams) break;
    const std::string_view bytes = stream.bytes;
    const auto cut = bytes.size() - std::min(bytes.size(), kMaxOutputBytes);
    streams.push_back(json::object{{"file", cut_text(stream.file)},
                                   {"length", static_cast<std::int64_t>(stream.length)},
                                   {"bytes", json_bytes(bytes.substr(cut))}});
  }
  return {{"kind", "instance_output"},
          {"container", to_string(entry.container)},
          {"time_ms", ms(entry.time)},
          {"streams", std::move(streams)},
          {"unavailable", cut_text(entry.unavailable)}};
}

json::object to_object(const Scaled& entry) {
  return {{"kind", "scaled"},
          {"time_ms", ms(entry.time)},
          {"total", entry.total},
          {"removed", json::array(entry.removed.begin(), entry.removed.end())},
          {"held", entry.held}};
}

json::object to_object(const RestartRequested& entry) {
  return {{"kind", "restart_requested"}, {"instance", entry.instance}, {"time_ms", ms(entry.time)}};
}

json::object to_object(const StopRequested& entry) {
  return {{"kind", "stop_requested"}, {"time_ms", ms(entry.time)}, {"grace_ms", entry.grace.count()}};
}

json::object to_object(const ApplicationEnded& entry) {
  return {{"kind", "application_ended"},
          {"time_ms", ms(entry.time)},
          {"status", json_text(to_string(entry.status))},
          {"diagnostics", cut_text(entry.diagnostics)}};
}

Result<FinalStatus> parse_final_status(std::string_view text) {
  for (const FinalStatus status : kFinalStatuses) {
    if (to_string(status) == text) return status;
  }
  return Error(ErrorCode::kDataLoss, fmt::format("'{}' is no final status", text));
}

MasterStarted read_master_started(JsonReader& in) {
  MasterStarted entry;
  entry.attempt = in.parsed("attempt", ApplicationAttemptId::parse);
  entry.container = in.parsed("container", ContainerId::parse);
  entry.node = in.parsed("node", NodeId::parse);
  entry.node_http_address = in.text_or("node_http_address", "");
  entry.control_port = static_cast<std::int32_t>(in.integer_or("control_port", 0, 0, UINT16_MAX));
  entry.time = time(in);
  entry.name = in.text_or("name", "");
  entry.user = in.text_or("user", "");
  entry.queue = in.text_or("queue", "");
  entry.instances = number(in, "instances");
  entry.command = in.byte_list("command", kMaxWords);
  return entry;
}

InstanceStarting read_instance_starting(JsonReader& in) {
  InstanceStarting entry;
  entry.instance = number(in, "instance");
  entry.restart = number(in, "restart");
  entry.container = in.parsed("container", ContainerId::parse);
  entry.node = in.parsed("node", NodeId::parse);
  entry.node_http_address = in.text_or("node_http_address", "");
  entry.time = time(in);
  return entry;
}

InstanceEnded read_instance_ended(JsonReader& in) {
  InstanceEnded entry;
  entry.instance = number(in, "instance");
  entry.restart = number(in, "restart");
  entry.container = in.parsed("container", ContainerId::parse);
  entry.time = time(in);
  entry.exit_status = static_cast<std::int32_t>(in.integer("exit_status", INT32_MIN, INT32_MAX));
  entry.exit_class = in.parsed("exit_class", app::parse_exit_class);
  entry.reason = in.text_or("reason", "");
  entry.diagnostics = in.text_or("diagnostics", "");
  entry.final = in.boolean_or("final", false);
  return entry;
}

InstanceOutput read_instance_output(JsonReader& in) {
  InstanceOutput entry;
  entry.container = in.parsed("container", ContainerId::parse);
  entry.time = time(in);
  for (auto& one : in.objects("streams", kMaxOutputStreams)) {
    InstanceOutput::Stream stream;
    stream.file = one.text("file");
    stream.bytes = one.bytes("bytes");
    stream.length = static_cast<std::uint64_t>(one.integer("length", 0));
    if (stream.bytes.size() > std::min<std::uint64_t>(stream.length, kMaxOutputBytes))
      one.fail("bytes", "are more than there can be");
    entry.streams.push_back(std::move(stream));
  }
  entry.unavailable = in.text_or("unavailable", "");
  return entry;
}

}  // namespace

std::string encode(const JournalEntry& entry) {
  std::string line = base::to_json(std::visit([](const auto& one) { return to_object(one); }, entry));
  const auto* started = std::get_if<MasterStarted>(&entry);
  if (line.size() > kMaxJournalLine && started != nullptr) line = base::to_json(to_object(*started, false));
  return line;
}

Result<JournalEntry> decode_journal_line(std::string_view line) {
  KNIT_TRY(const auto value, base::parse_json(line, kMaxJournalLine).with_context("journal entry"));
  JsonReader in(value, "journal entry");
  const std::string kind = in.text("kind");
  KNIT_TRY_VOID(in.status());
  JournalEntry entry;
  if (kind == "master_started") {
    entry = read_master_started(in);
  } else if (kind == "instance_starting") {
    entry = read_instance_starting(in);
  } else if (kind == "instance_started") {
    entry = InstanceStarted{in.parsed("container", ContainerId::parse), time(in)};
  } else if (kind == "instance_ended") {
    entry = read_instance_ended(in);
  } else if (kind == "instance_output") {
    entry = read_instance_output(in);
  } else if (kind == "scaled") {
    Scaled scaled{
        .time = time(in), .total = number(in, "total"), .removed = {}, .held = in.boolean_or("held", false)};
    for (const auto one : in.integers("removed", kMaxRemoved, 0, kMaxNumber))
      scaled.removed.insert(static_cast<std::int32_t>(one));
    entry = std::move(scaled);
  } else if (kind == "restart_requested") {
    entry = RestartRequested{number(in, "instance"), time(in)};
  } else if (kind == "stop_requested") {
    entry = StopRequested{time(in), std::chrono::milliseconds(in.integer("grace_ms", 0))};
  } else if (kind == "application_ended") {
    ApplicationEnded ended;
    ended.time = time(in);
    ended.status = in.parsed("status", parse_final_status);
    ended.diagnostics = in.text_or("diagnostics", "");
    entry = std::move(ended);
  } else {
    return Error(ErrorCode::kUnimplemented, fmt::format("journal entry: kind '{}' is not known", kind));
  }
  KNIT_TRY_VOID(in.status());
  return entry;
}

Result<std::vector<JournalEntry>> JournalReader::feed(std::string_view bytes) {
  std::vector<JournalEntry> entries;
  bytes_read_ += bytes.size();
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    partial_ += bytes.substr(0, newline);
    if (partial_.size() > kMaxJournalLine) {
      return Error(ErrorCode::kDataLoss,
                   fmt::format("journal, line {}: longer than {} bytes", line_ + 1, kMaxJournalLine));
    }
    if (newline == std::string_view::npos) break;
    bytes.remove_prefix(newline + 1);
    ++line_;
    const std::string line = std::move(partial_);
    partial_.clear();
    if (line.empty()) continue;
    auto entry = decode_journal_line(line);
    if (entry) {
      entries.push_back(*std::move(entry));
    } else if (entry.error().code() != ErrorCode::kUnimplemented) {
      return std::move(entry).error().with_context(fmt::format("journal, line {}", line_));
    }
  }
  return entries;
}

std::string application_directory(std::string_view staging, const ApplicationId& id) {
  return fmt::format("{}/apps/{}", staging, to_string(id));
}

std::string journal_path(std::string_view staging, const ApplicationId& id, std::int32_t attempt) {
  const std::string first = application_directory(staging, id) + "/journal";
  return attempt <= 1 ? first : fmt::format("{}.{}", first, attempt);
}

std::string record_path(std::string_view staging, const ApplicationId& id) {
  return fmt::format("{}/runs/{}", staging, to_string(id));
}

}  // namespace knit::control
