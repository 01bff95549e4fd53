// A file system in memory whose operations fail when told to, for tests.
#pragma once

#include <knit/result.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fs/memory_file_system.h"

namespace knit::master {

// Counts operations; those for which `fails(number)` holds are answered with kUnavailable, and some of them
// have been done all the same (every other one): an answer can be lost, too.
struct Trouble {
  std::function<bool(int)> fails = [](int) { return false; };
  int operations = 0;
  bool cut = false;          // nothing happens any more
  std::optional<bool> lost;  // instead of every other one

  // Runs before an operation: true if it is to fail without having happened; sets `lost_answer` if it is to
  // happen and fail.
  bool before(bool& lost_answer) {
    if (cut) return true;
    const int number = ++operations;
    if (!fails(number)) return false;
    lost_answer = lost.value_or(number % 2 == 0);
    return !lost_answer;
  }
  static Error error() { return Error(ErrorCode::kUnavailable, "the file system is in trouble"); }
};

#define KNIT_TROUBLED(operation)                          \
  bool lost = false;                                      \
  if (trouble_->before(lost)) co_return Trouble::error(); \
  auto result = co_await operation;                       \
  if (lost) co_return Trouble::error();                   \
  co_return result

class FlakyWriter final : public fs::Writer {
 public:
  FlakyWriter(std::unique_ptr<fs::Writer> writer, Trouble* trouble)
      : writer_(std::move(writer)), trouble_(trouble) {}
  io::Task<Status> write(std::span<const std::byte> bytes) override { KNIT_TROUBLED(writer_->write(bytes)); }
  io::Task<Status> flush() override { KNIT_TROUBLED(writer_->flush()); }
  io::Task<Status> close() override { KNIT_TROUBLED(writer_->close()); }
  io::Task<void> abort() override { return writer_->abort(); }

 private:
  std::unique_ptr<fs::Writer> writer_;
  Trouble* trouble_;
};

class FlakyFileSystem final : public fs::FileSystem {
 public:
  Trouble trouble;
  fs::MemoryFileSystem memory;
  // This file cannot be appended to until another has been put in its place.
  std::string fails_to_append;

  std::string uri() const override { return memory.uri(); }
  std::string home() const override { return memory.home(); }
  io::Task<Result<fs::FileStatus>> stat(std::string path) override { KNIT_TROUBLED(memory.stat(path)); }
  io::Task<Result<std::vector<fs::FileStatus>>> list(std::string path) override {
    KNIT_TROUBLED(memory.list(path));
  }
  io::Task<Result<std::unique_ptr<fs::Reader>>> open(std::string path) override {
    KNIT_TROUBLED(memory.open(path));
  }
  io::Task<Result<std::unique_ptr<fs::Writer>>> create(std::string path, fs::CreateOptions options) override {
    return wrapped(memory.create(std::move(path), options));
  }
  io::Task<Result<std::unique_ptr<fs::Writer>>> append(std::string path) override {
    if (path == fails_to_append) return refused();
    return wrapped(memory.append(std::move(path)));
  }
  io::Task<Status> make_directories(std::string path, std::uint16_t permission) override {
    KNIT_TROUBLED(memory.make_directories(path, permission));
  }
  io::Task<Status> rename(std::string from, std::string to, bool overwrite) override {
    if (to == fails_to_append) fails_to_append.clear();
    KNIT_TROUBLED(memory.rename(from, to, overwrite));
  }
  io::Task<Result<bool>> remove(std::string path, bool recursive) override {
    KNIT_TROUBLED(memory.remove(path, recursive));
  }
  io::Task<Status> set_permission(std::string path, std::uint16_t permission) override {
    return memory.set_permission(std::move(path), permission);
  }
  io::Task<Status> set_times(std::string path, WallTime modified) override {
    return memory.set_times(std::move(path), modified);
  }

 private:
  io::Task<Result<std::unique_ptr<fs::Writer>>> refused() {
    co_return Error(ErrorCode::kInternal, "lastBlock is not sufficiently replicated yet");
  }
  io::Task<Result<std::unique_ptr<fs::Writer>>> wrapped(io::Task<Result<std::unique_ptr<fs::Writer>>> task) {
    bool lost = false;
    if (trouble_->before(lost)) co_return Trouble::error();
    auto opened = co_await std::move(task);
    if (lost) co_return Trouble::error();
    if (!opened) co_return std::move(opened).error();
    co_return std::make_unique<FlakyWriter>(*std::move(opened), trouble_);
  }
  Trouble* trouble_ = &trouble;
};

#undef KNIT_TROUBLED

}  // namespace knit::master
