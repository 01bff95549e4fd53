// For tests: a NameNode and DataNodes in memory that speak the wire's bytes, and fail where a test says so.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "hdfs/data_nodes.h"
#include "hdfs/file_system.h"
#include "hdfs/packet.h"
#include "hdfs/scripted_caller_for_test.h"
#include "io/loop.h"
#include "io/task_group.h"

namespace knit::hdfs {

// One replica on one DataNode.
struct Replica {
  std::uint64_t generation = 0;
  std::string bytes;
  bool finalized = false;
};

struct FakeFile {
  std::uint64_t id = 0;
  std::vector<ExtendedBlock> blocks;  // with the length the NameNode knows
  std::map<std::uint64_t, std::vector<DatanodeInfo>> places;
  std::uint32_t replication = 1;
  std::uint64_t block_size = 0;
  std::uint16_t permission = 0;
  std::string holder;  // of the lease; empty: closed
  bool is_directory = false;
  bool encrypted = false, erasure_coded = false;
};

// What goes wrong. Every hook may be left empty.
struct Faults {
  // Of a connection to a node's data port, or of one more packet that arrives there.
  std::function<bool(const DatanodeInfo& node)> refuse_connection;
  // Which node of a pipeline that is being set up is bad, if any.
  std::function<std::optional<std::size_t>(const std::vector<DatanodeInfo>& pipeline)> bad_link;
  // Whether a pipeline that is being set up never answers; whether a node takes a reader's question and no
  // more.
  std::function<bool(const std::vector<DatanodeInfo>& pipeline)> hang;
  std::function<bool(const DatanodeInfo& node)> hang_read;
  // What happens to packet number `arrived` (counted over all of the test, heartbeats not) before it is
  // stored.
  enum class Packet { kStore, kClose, kSilence, kLastNodeFails, kRestart };
  std::function<Packet(std::size_t arrived)> packet;
  // Changes what a reader gets: its index in the block's data.
  std::function<bool(const DatanodeInfo& node)> corrupt_read, refuse_token, cut_read;
  std::size_t incomplete_answers = 0;  // how often complete() first says false
  std::size_t not_replicated_yet = 0;  // how often addBlock first says NotReplicatedYetException
};

class FakeHdfs {
 public:
  explicit FakeHdfs(std::size_t nodes = 3);
  ~FakeHdfs();
  std::unique_ptr<HdfsFileSystem> file_system(Options options = {});

  // Runs `task` while time passes in small steps; at most an hour of it.
  template <class T>
  Result<T> run(io::Task<Result<T>> task) {
    std::optional<Result<T>> out;
    io::TaskGroup group;
    loop.post([&] { group.spawn(store(std::move(task), out)); });
    run_until_set([&] { return out.has_value(); });
    loop.run(group.join());
    return *std::move(out);
  }
  void run(io::Task<void> task) {
    const auto wrapped = [](io::Task<void> inner) -> io::Task<Status> {
      co_await std::move(inner);
      co_return Status();
    };
    EXPECT_TRUE(run(wrapped(std::move(task))));
  }
  void pass(std::chrono::milliseconds time) { loop.advance(time); }

  // The bytes of a closed file, from its replicas; an error text if they differ or are not as the NameNode
  // thinks.
  std::string stored(const std::string& path);

  io::Loop loop{io::Loop::Time::kManual};
  Faults faults;
  std::vector<DatanodeInfo> nodes;
  std::map<std::string, FakeFile> files;
  std::map<std::pair<std::string, std::uint64_t>, Replica> replicas;  // by uuid and block id
  ScriptedCaller* name_node = nullptr;                                // of the last file_system()
  std::size_t packets = 0, heartbeats = 0, reads_verified = 0;
  std::vector<std::string> problems;  // what a client did that no client may do

 private:
  class Nodes;
  friend class Nodes;
  template <class T>
  static io::Task<void> store(io::Task<Result<T>> task, std::optional<Result<T>>& out) {
    out.emplace(co_await std::move(task));
  }
  void run_until_set(const std::function<bool()>& done);
  std::unique_ptr<DataNodes> make_nodes();
  void script_files(ScriptedCaller& caller);
  void script_names(ScriptedCaller& caller);
  void script_leases(ScriptedCaller& caller);
  void script_blocks(ScriptedCaller& caller);
  void script_open_files(ScriptedCaller& caller);
  void script_pipelines(ScriptedCaller& caller);
  void script_locations(ScriptedCaller& caller);
  FakeFile* find(const std::string& path);
  FakeFile* file_of_block(std::uint64_t id);

  io::Task<void> serve(DatanodeInfo node, std::unique_ptr<io::Stream> stream);
  io::Task<Status> serve_write(const DatanodeInfo& node, io::Stream& stream, std::string message);
  io::Task<Status> serve_packets(const std::vector<DatanodeInfo>& pipeline, std::uint64_t block,
                                 io::Stream& stream);
  io::Task<Status> serve_read(const DatanodeInfo& node, io::Stream& stream, std::string message);
  io::Task<Status> serve_transfer(const DatanodeInfo& node, io::Stream& stream, std::string message);

  std::uint64_t next_id_ = 1000, next_block_ = 1, next_generation_ = 1;
  std::unique_ptr<io::TaskGroup> servers_;
};

}  // namespace knit::hdfs
