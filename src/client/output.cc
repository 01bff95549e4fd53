#include "client/output.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"

namespace knit::client {
namespace {

using Phase = ContainerRun::Phase;

// It ended before its command began.
bool wrote_nothing(const ContainerRun& run) {
  return run.phase == Phase::kEnded && (!run.started || run.exit_class == control::ExitClass::kLaunch);
}

constexpr io::Duration kFirstRetry = std::chrono::seconds(1), kLastRetry = std::chrono::seconds(30);

}  // namespace

OutputFollower::OutputFollower(logs::NodePages& pages, OutputSink& sink, OutputOptions options)
    : pages_(pages), sink_(sink), options_(std::move(options)) {}

OutputFollower::~OutputFollower() = default;

OutputFollower::Node& OutputFollower::node_at(const std::string& address) {
  auto& node = nodes_[address];
  if (!node) {
    node = std::make_unique<Node>();
    node->address = address;
    if (!application_ended_) group_.spawn(follow_node(node.get()));
  }
  return *node;
}

void OutputFollower::update(const std::vector<ContainerRun>& runs) {
  for (const auto& run : runs) {
    if (!options_.wants_container(run)) continue;
    auto& log = index_[run.id];
    if (!log) {
      log = &logs_.emplace_back();
      log->run = run;
      if (run.instance >= 0) log->before = std::exchange(latest_[run.instance], log);
      if (!run.node_http_address.empty()) {
        auto& node = node_at(run.node_http_address);
        node.logs.push_back(log);
        node.pace = kFastest;
        node.urgent = true;
        node.wake.pulse();
      }
    }
    if (log->done) continue;
    log->run = run;
    if (run.phase == Phase::kEnded && !log->ended_at) {
      log->ended_at = io::now();
      if (const auto node = nodes_.find(run.node_http_address); node != nodes_.end()) {
        node->second->urgent = true;
        node->second->wake.pulse();
      }
    }
  }
}

bool OutputFollower::pending() const {
  return std::any_of(logs_.begin(), logs_.end(), [](const Log& log) { return !log.done; });
}

bool OutputFollower::is_hopeless(const Log& log) const {
  const auto found = nodes_.find(log.run.node_http_address);
  if (found == nodes_.end() || log.empty_looks >= kEmptyLooks) return true;
  const Node& node = *found->second;
  // One failure may be a NodeManager that restarts.
  if (node.answered || !node.first_asked) return node.failures > 1;
  return node.failures > 0 || io::now() - *node.first_asked > kFirstAnswer;
}

bool OutputFollower::caught_up() const {
  return std::all_of(logs_.begin(), logs_.end(),
                     [this](const Log& log) { return log.done || !log.ended_at || is_hopeless(log); });
}

// Not before what the instance wrote in its earlier run, unless that cannot be had.
bool OutputFollower::may_read(const Log& log) const {
  if (log.done) return false;
  const Log* before = log.before;
  if (!before || before->done || wrote_nothing(before->run)) return true;
  if (application_ended_) return false;
  const auto node = nodes_.find(before->run.node_http_address);
  if (node == nodes_.end() || node->second->failures > 1) return true;
  return before->ended_at && io::now() - *before->ended_at > kPredecessorPatience;
}

io::Task<void> OutputFollower::acquire() {
  while (free_ == 0) {
    if (!co_await released_.wait()) break;  // cancelled: what follows ends at once
  }
  --free_;
}

void OutputFollower::release() {
  ++free_;
  released_.pulse();
}

io::Task<void> OutputFollower::follow_node(Node* node) {
  while (!failure_) {
    node->urgent = false;
    if (!co_await io::check_cancelled()) co_return;
    if (io::now() >= node->retry_at) {
      const bool news = co_await pass(node);
      node->pace = news ? kFastest : std::min(node->pace * 3 / 2, kSlowest);
    }
    if (node->urgent) {
      node->pace = kFastest;
      if (io::now() >= node->retry_at) continue;
    }
    const bool idle = std::all_of(node->logs.begin(), node->logs.end(), [](Log* log) { return log->done; });
    const auto until = idle ? io::kNoDeadline : std::max(io::after(node->pace), node->retry_at);
    (void)co_await io::run_until(until, node->wake.wait());
  }
}

io::Task<bool> OutputFollower::pass(Node* node) {
  bool news = false;
  // By index: new containers may be added meanwhile.
  for (std::size_t i = 0; i < node->logs.size() && !failure_; ++i) {
    if (!may_read(*node->logs[i])) continue;
    co_await acquire();
    const bool more = co_await poll(node, node->logs[i]);
    release();
    news = news || more;
    if (node->failures > 0 || !co_await io::check_cancelled()) break;
  }
  co_return news;
}

Status OutputFollower::deliver(Log& log, const std::string& name, File& file,
                               std::span<const std::byte> bytes) {
  if (file.cursor.took_anew()) {
    KNIT_TRY_VOID(sink_.on_end(log.run, name));
    sink_.on_notice(fmt::format("{} of {} was cut off and begins anew", name, to_string(log.run.id)));
  }
  return sink_.on_bytes(log.run, name, bytes);
}

bool OutputFollower::is_complete(const Log& log, const std::vector<logs::NodeLogFile>& listed,
                                 bool ended) const {
  if (!ended) return false;
  const auto read = [&](const std::string& name) {
    const auto file = log.files.find(name);
    const auto there =
        std::find_if(listed.begin(), listed.end(), [&](auto& entry) { return entry.name == name; });
    return there != listed.end() && file != log.files.end() && file->second.cursor.seen() >= there->length;
  };
  for (const auto& [name, file] : log.files) {
    if (!read(name)) return false;
  }
  // A node that removes what it has uploaded does so file by file.
  return !application_ended_ || std::all_of(options_.expected.begin(), options_.expected.end(), read);
}

// One look at one container. True if there was something new.
io::Task<bool> OutputFollower::poll(Node* node, Log* log) {
  const bool ended = application_ended_ || log->run.phase == Phase::kEnded;
  if (!node->first_asked) node->first_asked = io::now();
  auto list = co_await pages_.list(node->address, log->run.id);
  if (!list) {
    note_trouble(*node, list.error());
    co_return false;
  }
  node->answered = true;
  node->failures = 0;
  node->retry_at = {};
  if (!*list) {
    if (ended && ++log->empty_looks == kEmptyLooks) told_();
    co_return false;
  }
  bool news = false;
  for (const auto& entry : (*list)->local) {
    if (!options_.wants_file(entry.name)) continue;
    const auto [place, fresh] = log->files.try_emplace(entry.name);
    auto& file = place->second;
    if (fresh && options_.tail_lines) {
      auto start = co_await pages_.find_tail(node->address, log->run.id, entry.name, entry.length,
                                             *options_.tail_lines);
      if (!start) {
        log->files.erase(place);
        note_trouble(*node, start.error());
        co_return news;
      }
      file.cursor.read_on(start->value_or(0));
    }
    const auto take = [&](std::span<const std::byte> bytes) -> Status {
      news = true;
      auto taken = deliver(*log, entry.name, file, bytes);
      if (!taken) fail(taken.error());
      return taken;
    };
    auto read =
        co_await pages_.read_on(node->address, log->run.id, entry.name, entry.length, &file.cursor, take);
    if (failure_) co_return true;
    if (!read) {
      note_trouble(*node, read.error());
      co_return news;
    }
  }
  if (is_complete(*log, (*list)->local, ended)) end_log(*log);
  co_return news;
}

void OutputFollower::note_trouble(Node& node, const Error& error) {
  if (error.code() == ErrorCode::kCancelled) return;
  const auto factor = 1 << std::min(node.failures, 5);
  ++node.failures;
  node.retry_at = io::after(std::min(kFirstRetry * factor, kLastRetry));
  told_();
  // One failure may be a NodeManager that restarts.
  if (node.failures < 2 || told_unreachable_ || application_ended_) return;
  told_unreachable_ = true;
  sink_.on_notice(
      fmt::format("{}; the output of the containers there, and on other nodes that do not answer, follows "
                  "when the application "
                  "has ended",
                  error.message()));
}

void OutputFollower::end_log(Log& log) {
  log.done = true;
  told_();
  for (auto& [name, file] : log.files) {
    if (std::exchange(file.ended, true)) continue;
    if (auto told = sink_.on_end(log.run, name); !told) fail(told.error());
  }
}

void OutputFollower::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

io::Task<void> OutputFollower::stop() {
  co_await group_.stop();
}

io::Task<void> OutputFollower::pass_and_release(Node* node) {
  (void)co_await pass(node);
}

io::Task<void> OutputFollower::finish_from_nodes(io::Deadline deadline) {
  co_await group_.stop();
  application_ended_ = true;
  const auto count_done = [this] {
    return std::count_if(logs_.begin(), logs_.end(), [](const Log& log) { return log.done; });
  };
  // A later run of an instance becomes readable when the earlier one has been read.
  for (auto before = count_done(); pending() && !failure_; before = count_done()) {
    auto all_nodes = [this]() -> io::Task<Status> {
      for (auto& [address, node] : nodes_) {
        if (node->failures == 0) group_.spawn(pass_and_release(node.get()));
      }
      co_await group_.join();
      co_return Status();
    };
    (void)co_await io::run_until(deadline, all_nodes());
    if (count_done() == before || io::now() >= deadline || !co_await io::check_cancelled()) break;
  }
}

void OutputFollower::give_up(std::string_view reason, const std::function<bool(const ContainerRun&)>& which) {
  for (auto& log : logs_) {
    if (log.done || !which(log.run)) continue;
    // Nothing can be missing of a container that never ran.
    const bool ran = log.run.started || !log.files.empty();
    const auto names = [&] {
      std::vector<std::string> out = options_.expected;
      for (const auto& [name, file] : log.files) {
        if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
      }
      return out;
    }();
    for (const auto& name : names) {
      if (!ran || failure_) break;
      sink_.on_notice(logs::unread(name, to_string(log.run.id), log.files[name].cursor,
                                   log.trouble.empty() ? reason : log.trouble));
    }
    end_log(log);
  }
}

}  // namespace knit::client
