// Reaching DataNodes. An interface, so that tests script them.
#pragma once

#include <memory>

#include "hdfs/blocks.h"
#include "hdfs/options.h"
#include "io/stream.h"

namespace knit::hdfs {

class DataNodes {
 public:
  virtual ~DataNodes() = default;
  // A connection to the data port. Within a deadline of its own; kUnavailable or kDeadlineExceeded, naming
  // the address.
  virtual io::Task<Result<std::unique_ptr<io::Stream>>> connect(DatanodeInfo node) = 0;
  // How many bytes of a block that is still being written its DataNode shows to readers
  // (ClientDatanodeProtocol.getReplicaVisibleLength). ReplicaNotFoundException: nothing has arrived there
  // yet.
  virtual io::Task<Result<std::uint64_t>> visible_length(DatanodeInfo node, ExtendedBlock block,
                                                         security::Token token) = 0;
};

// The real ones, over TCP. `options` are copied.
std::unique_ptr<DataNodes> make_data_nodes(const Options& options);

}  // namespace knit::hdfs
