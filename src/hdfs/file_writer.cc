#include "hdfs/file_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "io/loop.h"

namespace knit::hdfs {
namespace {

constexpr int kPipelineTries = 4;  // dfs.client.block.write.retries 3, and the first
constexpr std::chrono::milliseconds kFirstPause{
    400};                            // dfs.client.block.write.locateFollowingBlock.initial.delay.ms
constexpr int kAddBlockRetries = 5;  // dfs.client.block.write.locateFollowingBlock.retries
constexpr std::chrono::milliseconds kCompletePause{20};
constexpr std::chrono::milliseconds kLongestPause{2000};

}  // namespace

io::Task<Status> FileUnderConstruction::continue_block(LocatedBlock last) {
  KNIT_CO_TRY(block_, co_await BlockWriter::append(context_, std::move(last)));
  new_to_name_node_ = true;
  co_return Status();
}

io::Task<Result<LocatedBlock>> FileUnderConstruction::add_block() {
  auto pause = kFirstPause;
  for (int tries = 0;; ++tries) {
    auto block =
        co_await context_.name_node.add_block(context_.path, context_.file.file_id, previous_, excluded_);
    if (block && block->nodes.empty())
      co_return Error(ErrorCode::kInternal, "the NameNode gave a block without nodes");
    if (block || !block.error().is_remote("NotReplicatedYetException") || tries == kAddBlockRetries) {
      co_return std::move(block);
    }
    // The DataNodes' reports of the block before have not arrived yet.
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
    pause *= 2;
  }
}

io::Task<Status> FileUnderConstruction::next_block() {
  std::optional<Error> error;
  for (int tries = 0; tries < kPipelineTries; ++tries) {
    auto target = co_await add_block();
    if (!target) {
      if (target.error().code() != ErrorCode::kCancelled && pardon()) {
        tries = -1;  // a second round, at most: nobody is pardoned twice
        continue;
      }
      // Asked to leave out all there are: what was wrong with them says more.
      if (error && excluded_.size() > 0 && target.error().code() != ErrorCode::kCancelled) {
        co_return std::move(*error).with_context(
            fmt::format("{} ({} DataNodes were tried)", target.error().message(), excluded_.size()));
      }
      co_return std::move(target).error();
    }
    auto made = co_await BlockWriter::create(context_, *target);
    if (auto* writer = std::get_if<std::unique_ptr<BlockWriter>>(&made)) {
      block_ = std::move(*writer);
      new_to_name_node_ = true;
      co_return Status();
    }
    auto& failure = std::get<PipelineFailure>(made);
    if (failure.error.code() == ErrorCode::kCancelled) co_return failure.error;
    KNIT_CO_TRY_VOID(
        co_await context_.name_node.abandon_block(target->block, context_.path, context_.file.file_id));
    excluded_.push_back(target->nodes[std::min(failure.node, target->nodes.size() - 1)]);
    if (!failure.certain && !pardoned_) suspected_.push_back(excluded_.back());
    error = std::move(failure.error);
  }
  co_return std::move(*error).with_context(
      fmt::format("no pipeline of DataNodes in {} tries", kPipelineTries));
}

bool FileUnderConstruction::pardon() {
  if (suspected_.empty()) return false;
  std::erase_if(excluded_, [this](const DatanodeInfo& node) {
    return std::ranges::find(suspected_, node) != suspected_.end();
  });
  suspected_.clear();
  pardoned_ = true;
  return true;
}

io::Task<Status> FileUnderConstruction::end_block() {
  KNIT_CO_TRY_VOID(co_await block_->finish());
  previous_ = block_->block();
  block_.reset();
  co_return Status();
}

io::Task<Status> FileUnderConstruction::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (block_ && block_->full()) KNIT_CO_TRY_VOID(co_await end_block());
    if (!block_) KNIT_CO_TRY_VOID(co_await next_block());
    KNIT_CO_TRY(const std::size_t taken, co_await block_->write(bytes));
    bytes = bytes.subspan(taken);
  }
  co_return Status();
}

io::Task<Status> FileUnderConstruction::flush() {
  if (block_) KNIT_CO_TRY_VOID(co_await block_->flush(false));
  if (!new_to_name_node_) co_return Status();
  // Once for each block: from then on its length is asked of the DataNodes (DFSOutputStream.flushOrSync).
  std::optional<std::uint64_t> length;
  if (block_) length = block_->block().length;
  KNIT_CO_TRY_VOID(co_await context_.name_node.fsync(context_.path, context_.file.file_id, length));
  new_to_name_node_ = false;
  co_return Status();
}

io::Task<Status> FileUnderConstruction::close() {
  if (block_) KNIT_CO_TRY_VOID(co_await end_block());
  co_return co_await complete();
}

io::Task<Status> FileUnderConstruction::complete() {
  const io::Deadline deadline = io::after(context_.options.complete_timeout);
  auto pause = kCompletePause;
  while (true) {
    KNIT_CO_TRY(const bool done,
                co_await context_.name_node.complete(context_.path, context_.file.file_id, previous_));
    if (done) co_return Status();
    if (io::now() >= deadline) {
      co_return Error(ErrorCode::kDeadlineExceeded,
                      fmt::format("the last block's replicas were not reported within {} s",
                                  context_.options.complete_timeout.count() / 1000));
    }
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
    pause = std::min(pause * 2, kLongestPause);
  }
}

io::Task<void> FileUnderConstruction::give_up() {
  if (block_) co_await block_->stop();
  block_.reset();
  if (!is_new_) {
    (void)(co_await context_.name_node.recover_lease(context_.path)).has_value();
    co_return;
  }
  // fsync is the question whether the lease is still ours: what another client took over is theirs.
  if (!co_await context_.name_node.fsync(context_.path, context_.file.file_id, std::nullopt)) co_return;
  const auto present = co_await context_.name_node.get_file_info(context_.path);
  if (!present || !*present || (*present)->file_id != context_.file.file_id) co_return;
  (void)(co_await context_.name_node.remove(context_.path, false)).has_value();
}

namespace {

io::Task<Status> give_up(std::shared_ptr<FileUnderConstruction> file) {
  co_await file->give_up();
  co_return Status();
}

io::Task<void> give_up_within(std::shared_ptr<FileUnderConstruction> file,
                              std::chrono::milliseconds timeout) {
  (void)(co_await io::run_until(io::after(timeout), give_up(std::move(file)))).has_value();
}

// A child of its own: works in a cancelled task, which is still cancelled afterwards.
io::Task<Status> clean_up(std::shared_ptr<FileUnderConstruction> file, std::chrono::milliseconds timeout) {
  co_await io::begin_cleanup();
  co_await give_up_within(std::move(file), timeout);
  co_return Status();
}

}  // namespace

FileWriter::FileWriter(std::shared_ptr<FileUnderConstruction> file, WriterHost& host, Explain explain,
                       std::chrono::milliseconds abort_timeout)
    : file_(std::move(file)), host_(host), explain_(std::move(explain)), abort_timeout_(abort_timeout) {
  host_.lease_begins();
}

FileWriter::~FileWriter() {
  if (!file_) return;
  host_.lease_ends();
  if (io::Loop::current()) host_.in_background(give_up_within(std::move(file_), abort_timeout_));
}

Status FileWriter::usable() const {
  if (!file_) return explain_(Error(ErrorCode::kFailedPrecondition, "the file is closed"));
  if (failed_) return *failed_;
  return {};
}

Status FileWriter::noted(Status done) {
  if (done) return done;
  failed_ = explain_(std::move(done).error());
  return *failed_;
}

io::Task<Status> FileWriter::write(std::span<const std::byte> bytes) {
  KNIT_CO_TRY_VOID(usable());
  co_return noted(co_await file_->write(bytes));
}

io::Task<Status> FileWriter::flush() {
  KNIT_CO_TRY_VOID(usable());
  co_return noted(co_await file_->flush());
}

io::Task<Status> FileWriter::close() {
  KNIT_CO_TRY_VOID(usable());
  KNIT_CO_TRY_VOID(noted(co_await file_->close()));
  file_.reset();
  host_.lease_ends();
  co_return Status();
}

io::Task<void> FileWriter::abort() {
  const auto file = std::exchange(file_, nullptr);
  if (!file) co_return;
  (void)(co_await io::run_until(io::kNoDeadline, clean_up(file, abort_timeout_))).has_value();
  host_.lease_ends();
}

}  // namespace knit::hdfs
