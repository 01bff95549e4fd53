#include "master/failed_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace knit::master {
namespace {

constexpr const char* kStreams[] = {"stdout", "stderr"};
constexpr std::size_t kMaxSilent = 1000;  // nodes that are remembered

}  // namespace

FailedOutput::FailedOutput(Result<logs::NodePages> pages, Journal& journal, Notes& notes)
    : FailedOutput(std::move(pages), journal, notes, Limits{}) {}

FailedOutput::FailedOutput(Result<logs::NodePages> pages, Journal& journal, Notes& notes, Limits limits)
    : pages_(std::move(pages)), journal_(journal), notes_(notes), limits_(limits) {}

void FailedOutput::keep(const ContainerId& container, std::string address) {
  if (waiting_.size() >= limits_.waiting) {
    waiting_.pop_front();
    ++left_out_;
  }
  waiting_.push_back({container, std::move(address)});
  if (working_ < limits_.at_once) workers_.spawn(work());
}

io::Task<void> FailedOutput::work() {
  ++working_;
  while (!waiting_.empty() && co_await io::check_cancelled()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    auto entry = co_await read(std::move(next));
    if (co_await io::check_cancelled()) {
      add(entry);
    } else {
      ++left_out_;
    }
  }
  --working_;
}

// In any case something that can be written down.
io::Task<control::InstanceOutput> FailedOutput::read(Wanted wanted) {
  control::InstanceOutput entry{.container = wanted.container, .time = io::wall_now()};
  const auto silence = silent_.find(wanted.address);
  if (!pages_) {
    entry.unavailable = pages_.error().message();
  } else if (silence != silent_.end() && io::now() < silence->second.until) {
    entry.unavailable = silence->second.why;
  } else {
    const auto address = wanted.address;
    auto output = co_await io::run_until(io::after(limits_.patience), ask(std::move(wanted)));
    if (output) co_return *std::move(output);
    entry.unavailable = output.error().code() == ErrorCode::kDeadlineExceeded
                            ? fmt::format("{} did not answer in time", address)
                            : output.error().message();
    if (silent_.size() >= kMaxSilent) silent_.clear();
    silent_[address] = {io::after(limits_.node_pause), entry.unavailable};
  }
  co_return entry;
}

io::Task<Result<control::InstanceOutput>> FailedOutput::ask(Wanted wanted) {
  control::InstanceOutput entry{.container = wanted.container, .time = io::wall_now()};
  KNIT_CO_TRY(const auto list, co_await pages_->list(wanted.address, wanted.container));
  for (const char* name : kStreams) {
    if (!list) break;
    const auto file = std::ranges::find(list->local, name, &logs::NodeLogFile::name);
    if (file == list->local.end()) continue;
    control::InstanceOutput::Stream stream{.file = name};
    logs::FollowCursor cursor;
    cursor.read_on(file->length - std::min<std::uint64_t>(file->length, control::kMaxOutputBytes));
    const auto take = [&stream](std::span<const std::byte> bytes) {
      stream.bytes += io::as_text(bytes);
      // It may still be written to, by a process that was left behind.
      if (stream.bytes.size() > 2 * control::kMaxOutputBytes)
        stream.bytes.erase(0, stream.bytes.size() - control::kMaxOutputBytes);
      return Status();
    };
    KNIT_CO_TRY_VOID(
        co_await pages_->read_on(wanted.address, wanted.container, name, file->length, &cursor, take));
    stream.length = cursor.seen();
    entry.streams.push_back(std::move(stream));
  }
  if (entry.streams.empty()) {
    entry.unavailable =
        fmt::format("the NodeManager at {} has none of it{}", wanted.address, list ? "" : " any more");
  }
  co_return entry;
}

void FailedOutput::add(const control::InstanceOutput& entry) {
  std::string line = control::encode(entry);
  full_ = full_ || written_ + line.size() > limits_.first;
  if (!full_) {
    written_ += line.size();
    journal_.append_line(line);
    return;
  }
  last_size_ += line.size();
  last_.push_back(std::move(line));
  for (; last_size_ > limits_.last; ++left_out_) {
    last_size_ -= last_.front().size();
    last_.pop_front();
  }
}

io::Task<void> FailedOutput::finish() {
  const auto all = [](io::TaskGroup& workers) -> io::Task<Status> {
    co_await workers.join();
    co_return Status();
  };
  if (working_ > 0) (void)co_await io::run_until(io::after(limits_.finish_timeout), all(workers_));
  co_await workers_.stop();
  left_out_ += std::exchange(waiting_, {}).size();
  for (const auto& line : std::exchange(last_, {})) journal_.append_line(line);
  if (left_out_ > 0) {
    notes_.say(
        fmt::format("the output of {} failed runs is left out of the record, which has that of the "
                    "first and of the last ones",
                    left_out_));
  }
}

}  // namespace knit::master
