// Setting up a pipeline: connect to its first DataNode, say what is to be written, hear whether all of them
// are there (Hadoop 3.4.2: DataStreamer.createBlockOutputStream).
#pragma once

#include <memory>
#include <variant>

#include "hdfs/block_pipeline.h"
#include "hdfs/data_nodes.h"
#include "hdfs/transfer.h"

namespace knit::hdfs {

using PipelineSetup = std::variant<std::unique_ptr<io::Stream>, PipelineFailure>;

// What `operation` refers to must live until then. A failure names the DataNode that is to be left out; its
// error's code is kCancelled where this task was cancelled and no DataNode is to blame.
io::Task<PipelineSetup> set_up_pipeline(DataNodes& nodes, const Options& options, WriteOperation operation);

// Asks `source` to copy its replica of the block to the one node of `target`, and waits until it has.
io::Task<Status> transfer_replica(DataNodes& nodes, const Options& options, DatanodeInfo source,
                                  const ExtendedBlock& block, const LocatedBlock& target,
                                  const std::string& client);

}  // namespace knit::hdfs
