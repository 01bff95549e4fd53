// Driver: the output of containers that come and go, each byte once and in its container's order: from the
// NodeManagers' pages while the application runs, from the uploaded logs afterwards.
#pragma once

#include <knit/cluster.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/run_state.h"
#include "client/uploads.h"
#include "io/task_group.h"
#include "io/wait.h"
#include "logs/follow_cursor.h"
#include "logs/node_pages.h"

namespace knit::client {

// Where output goes. Called on the loop; an error ends all reading and becomes OutputFollower::failure().
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual Status on_bytes(const ContainerRun& run, const std::string& file,
                          std::span<const std::byte> bytes) = 0;
  // Nothing follows in this log, or it begins anew.
  virtual Status on_end(const ContainerRun& run, const std::string& file) = 0;
  virtual void on_notice(const std::string& text) = 0;
};

struct OutputOptions {
  std::function<bool(const ContainerRun& run)> wants_container;
  std::function<bool(std::string_view file)> wants_file;
  std::vector<std::string> expected;        // files that every container has once it was started
  std::optional<std::uint64_t> tail_lines;  // of what was written before it is first looked at
};

// How an application's logs are being collected, asked again and again; nothing while that is not known.
using UploadState = std::function<io::Task<std::optional<LogAggregation>>()>;

// Belongs to one loop; pages and sink must outlive it, and so must stop() or finish_*() have ended before it
// goes. Reads one log at a time from each node, from at most kMaxConnections nodes at once. A later run of an
// instance is not read before the earlier one has been read to its end, if that can be had.
class OutputFollower {
 public:
  static constexpr int kMaxConnections = 32;
  static constexpr io::Duration kFastest = std::chrono::milliseconds(250), kSlowest = std::chrono::seconds(2);
  // Of waiting for the end of an earlier run's output.
  static constexpr io::Duration kPredecessorPatience = std::chrono::seconds(10);
  // Of a node that has never answered, before nobody waits for it; it is asked for longer.
  static constexpr io::Duration kFirstAnswer = std::chrono::seconds(2);
  // Looks at a container that has ended, after which a node that has nothing of it never will.
  static constexpr int kEmptyLooks = 2;

  OutputFollower(logs::NodePages& pages, OutputSink& sink, OutputOptions options);
  ~OutputFollower();
  OutputFollower(const OutputFollower&) = delete;
  OutputFollower& operator=(const OutputFollower&) = delete;

  // Starts reading of new containers, and learns which have ended. Repeat it with the same ones as you like.
  void update(const std::vector<ContainerRun>& runs);
  // True while there is output that may still be had.
  bool pending() const;
  // Of what has ended, as far as update() has told, nothing more will come from the nodes: it was read to its
  // last byte, or its node does not answer or has nothing of it.
  bool caught_up() const;
  // Called when caught_up() may have become true.
  void on_caught_up(std::function<void()> told) { told_ = std::move(told); }
  const std::optional<Error>& failure() const { return failure_; }

  // The application has ended: what its nodes still have. Afterwards nothing is read any more from nodes.
  io::Task<void> finish_from_nodes(io::Deadline deadline);
  // The rest from what the nodes uploaded, or uploads within the deadline. What cannot be had is a notice.
  io::Task<void> finish_from_uploads(UploadFolders folders, UploadState state, io::Deadline deadline);
  // What the record has of runs that failed, where the nodes keep nothing any more.
  void finish_from_record(const RunState& state);
  // Gives up all that is still pending, with a notice for each: why its upload could not be read, or
  // `reason`.
  void give_up(std::string_view reason) {
    give_up(reason, [](const ContainerRun&) { return true; });
  }
  io::Task<void> stop();

 private:
  void give_up(std::string_view reason, const std::function<bool(const ContainerRun&)>& which);
  struct File {
    logs::FollowCursor cursor;
    bool ended = false;
  };
  struct Log {  // of one container
    ContainerRun run;
    Log* before = nullptr;  // the earlier run of the same instance
    std::map<std::string, File> files;
    bool done = false;
    std::optional<io::TimePoint> ended_at;  // seen
    int empty_looks = 0;                    // after that, in which its node had nothing of it
    std::string trouble;                    // why its node's upload could not be read when last tried
  };
  struct Node {
    std::string address;
    std::vector<Log*> logs;
    io::Event wake;
    bool urgent = false;
    io::Duration pace = kFastest;
    int failures = 0;  // in a row
    io::TimePoint retry_at{};
    bool answered = false;                     // at any time
    std::optional<io::TimePoint> first_asked;  // at all
  };

  Node& node_at(const std::string& address);
  bool may_read(const Log& log) const;
  bool is_hopeless(const Log& log) const;
  io::Task<void> follow_node(Node* node);
  io::Task<bool> pass(Node* node);
  io::Task<bool> poll(Node* node, Log* log);
  io::Task<void> pass_and_release(Node* node);
  io::Task<void> acquire();
  void release();
  Status deliver(Log& log, const std::string& name, File& file, std::span<const std::byte> bytes);
  void note_trouble(Node& node, const Error& error);
  bool is_complete(const Log& log, const std::vector<logs::NodeLogFile>& listed, bool ended) const;
  void end_log(Log& log);
  void fail(Error error);

  io::Task<bool> read_uploads(const std::vector<logs::NodeFile>& files, bool last);
  io::Task<Result<bool>> read_upload(logs::NodeLog& upload, Log* log);
  io::Task<Status> read_entry(logs::NodeLog& upload, const logs::LogEntry& entry, Log* log);

  logs::NodePages& pages_;
  OutputSink& sink_;
  OutputOptions options_;
  std::list<Log> logs_;  // in the order in which they came; pointers to them stay valid
  std::map<ContainerId, Log*> index_;
  std::map<std::int32_t, Log*> latest_;  // by instance
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  io::TaskGroup group_;
  int free_ = kMaxConnections;
  io::Event released_;
  bool application_ended_ = false;
  bool told_unreachable_ = false;
  std::function<void()> told_ = [] {};
  std::optional<Error> failure_;
};

}  // namespace knit::client
