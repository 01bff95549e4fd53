#include "hdfs/file_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "io/wait.h"

namespace knit::hdfs {
namespace {

constexpr int kMaxRefetches = 3;                       // dfs.client.max.block.acquire.failures
constexpr std::chrono::milliseconds kFirstPause{500};  // doubled each time
constexpr std::uint64_t kPrefetch = std::uint64_t{10} * (128u << 20);  // ten blocks, as DFSInputStream
constexpr std::uint64_t kLeastReadAhead = 256u << 10;  // of a read that does not continue the last one
constexpr int kLengthRetries = 3;  // dfs.client.retry.times.get-last-block-length; every 4 s
constexpr std::chrono::milliseconds kLengthPause{4000};

}  // namespace

io::Task<Result<std::unique_ptr<FileReader>>> FileReader::open(const ReadContext& context, std::string path,
                                                               std::shared_ptr<const void> keep) {
  std::unique_ptr<FileReader> reader(new FileReader(context, std::move(path), std::move(keep)));
  const io::TimePoint begun = io::now();
  for (int attempt = 0;; ++attempt) {
    KNIT_CO_TRY_VOID(co_await reader->locate(0));
    const LocatedBlocks& blocks = reader->blocks_;
    reader->length_ = blocks.file_length;
    if (blocks.last_complete || !blocks.last) break;
    auto length = co_await reader->visible_length(*blocks.last);
    if (length) {
      reader->blocks_.last->block.length = *length;
      reader->length_ += *length;
      break;
    }
    if (length.error().code() == ErrorCode::kCancelled || attempt == kLengthRetries ||
        (attempt > 0 && reader->silent_since(begun))) {
      co_return std::move(length).error();
    }
    KNIT_CO_TRY_VOID(co_await io::sleep_for(kLengthPause));
  }
  co_return std::move(reader);
}

bool FileReader::silent_since(io::TimePoint begun) const {
  return io::now() - begun >= context_.options.socket_timeout;
}

io::Task<Status> FileReader::locate(std::uint64_t offset) {
  KNIT_CO_TRY(auto found, co_await context_.name_node.get_block_locations(path_, offset, kPrefetch));
  if (!found.encryption_key.empty()) {
    co_return Error(ErrorCode::kUnimplemented,
                    fmt::format("{} lies in an encryption zone (key {}), and Knit cannot decrypt it", path_,
                                found.encryption_key));
  }
  if (!found.erasure_policy.empty()) {
    co_return Error(ErrorCode::kUnimplemented,
                    fmt::format("{} is erasure-coded ({}), and Knit reads replicated files only", path_,
                                found.erasure_policy));
  }
  // What we called the end of a file that is being written stays its end.
  if (blocks_.last && found.last && found.last->block.id == blocks_.last->block.id) {
    found.last->block.length = std::max(found.last->block.length, blocks_.last->block.length);
  }
  blocks_ = std::move(found);
  co_return Status();
}

io::Task<Result<std::uint64_t>> FileReader::visible_length(const LocatedBlock& last) {
  if (last.nodes.empty()) {
    if (last.block.length == 0) co_return std::uint64_t{0};  // no DataNode has had anything yet
    co_return Error(
        ErrorCode::kUnavailable,
        fmt::format("{}: no DataNode has reported its last block, which is being written", path_));
  }
  std::size_t without = 0;
  std::optional<Error> error;
  for (const DatanodeInfo& node : last.nodes) {
    auto length = co_await context_.data_nodes.visible_length(node, last.block, last.token);
    if (length || length.error().code() == ErrorCode::kCancelled) co_return std::move(length);
    without += length.error().is_remote("ReplicaNotFoundException");
    error = std::move(length).error();
  }
  // Every one of them says that nothing has arrived: the pipeline is just being set up (readBlockLength).
  if (without == last.nodes.size()) co_return std::uint64_t{0};
  co_return std::move(*error).with_context(
      fmt::format("length of the last block of {}, which is being written", path_));
}

const LocatedBlock* FileReader::find(std::uint64_t offset) const {
  const auto holds = [&](const LocatedBlock& block) {
    return block.offset <= offset && offset - block.offset < block.block.length;
  };
  if (offset >= blocks_.file_length && blocks_.last && holds(*blocks_.last)) return &*blocks_.last;
  const auto after = std::ranges::upper_bound(blocks_.blocks, offset, {}, &LocatedBlock::offset);
  if (after == blocks_.blocks.begin()) return nullptr;
  const LocatedBlock& block = *std::prev(after);
  return holds(block) ? &block : nullptr;
}

io::Task<Status> FileReader::aim(std::uint64_t offset, std::size_t wanted) {
  const bool continues = offset == position_ && (offset == 0 || read_ahead_ > 0);
  reader_.reset();
  const LocatedBlock* block = find(offset);
  if (!block) KNIT_CO_TRY_VOID(co_await locate(offset));
  block = find(offset);
  if (!block) {
    co_return Error(ErrorCode::kDataLoss,
                    fmt::format("{} no longer has {} bytes: it was replaced or cut while it was "
                                "read",
                                path_, length_));
  }
  // Who reads on gets the rest of the block; who jumps gets little at first.
  if (offset == 0) {
    read_ahead_ = UINT64_MAX;
  } else if (!continues) {
    read_ahead_ = std::max<std::uint64_t>(wanted, kLeastReadAhead);
  } else if (read_ahead_ < UINT64_MAX / 8) {
    read_ahead_ *= 8;
  }
  const std::uint64_t within = offset - block->offset;
  const std::uint64_t count = std::min(read_ahead_, block->block.length - within);
  std::optional<Error> error;
  const std::vector<DatanodeInfo> nodes = block->nodes;
  for (const DatanodeInfo& node : nodes) {
    if (dead_.contains(node.uuid)) continue;
    auto reader =
        co_await BlockReader::open(context_.data_nodes, node, *block, within, count,
                                   context_.name_node.client_name(), context_.options.socket_timeout);
    if (reader) {
      reader_ = *std::move(reader);
      position_ = offset;
      node_ = node.uuid;
      co_return Status();
    }
    const ErrorCode code = reader.error().code();
    if (code == ErrorCode::kCancelled || code == ErrorCode::kUnauthenticated)
      co_return std::move(reader).error();
    dead_.insert(node.uuid);
    error = std::move(reader).error();
  }
  if (error) co_return *std::move(error);
  co_return Error(ErrorCode::kUnavailable,
                  fmt::format("no DataNode has {}{}", to_string(block->block),
                              block->corrupt ? ", whose replicas are all corrupt" : ""));
}

io::Task<Result<std::size_t>> FileReader::read_once(std::uint64_t offset, std::span<std::byte> into) {
  if (!reader_ || position_ != offset || reader_->remaining() == 0) {
    KNIT_CO_TRY_VOID(co_await aim(offset, into.size()));
  }
  auto count = co_await reader_->read(into);
  if (!count) {
    if (count.error().code() != ErrorCode::kCancelled) dead_.insert(node_);
    reader_.reset();
    co_return std::move(count);
  }
  position_ += *count;
  if (reader_->remaining() == 0) co_await reader_->say_goodbye();
  co_return *count;
}

io::Task<Result<std::size_t>> FileReader::read_at(std::uint64_t offset, std::span<std::byte> into) {
  if (offset >= length_ || into.empty()) co_return std::size_t{0};
  // A file that has grown since is cut where it ended when it was opened.
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), length_ - offset)));
  bool token_renewed = false;
  int refetches = 0;
  const io::TimePoint begun = io::now();
  while (true) {
    auto count = co_await read_once(offset, into);
    if (count) co_return *count;
    const ErrorCode code = count.error().code();
    if (code == ErrorCode::kCancelled || code == ErrorCode::kUnimplemented || code == ErrorCode::kNotFound ||
        code == ErrorCode::kPermissionDenied) {
      co_return std::move(count);
    }
    if (code == ErrorCode::kUnauthenticated && !token_renewed) {
      token_renewed = true;
      KNIT_CO_TRY_VOID(co_await locate(offset));
      continue;
    }
    const LocatedBlock* block = find(offset);
    const auto alive = [&](const DatanodeInfo& node) { return !dead_.contains(node.uuid); };
    if (block && code != ErrorCode::kUnauthenticated && std::ranges::any_of(block->nodes, alive)) continue;
    if (refetches == kMaxRefetches || (refetches > 0 && silent_since(begun))) {
      co_return std::move(count).error().with_context(fmt::format(
          "{}: no replica of {} can be read", path_, block ? to_string(block->block) : "a block"));
    }
    KNIT_CO_TRY_VOID(co_await io::sleep_for(kFirstPause * (1 << refetches)));
    ++refetches;
    dead_.clear();
    KNIT_CO_TRY_VOID(co_await locate(offset));
  }
}

}  // namespace knit::hdfs
