// For tests: a file system where something happens between the calls: others get their turn, a call fails.
#pragma once

#include <functional>
#include <string>

#include "base/try.h"
#include "fs/file_system.h"
#include "io/wait.h"

namespace knit::client {

// Before each call `hook` is asked with "stat /x", "rename /x /y", ...; its error is the call's. A write, a
// flush and a close are "write", "flush", "close" of the path.
class HookedFileSystem final : public fs::FileSystem {
 public:
  using Hook = std::function<io::Task<Status>(std::string call)>;
  HookedFileSystem(fs::FileSystem& inner, Hook hook) : inner_(inner), hook_(std::move(hook)) {}

  std::string uri() const override { return inner_.uri(); }
  std::string home() const override { return inner_.home(); }
  io::Task<Result<fs::FileStatus>> stat(std::string path) override {
    KNIT_CO_TRY_VOID(co_await hook_("stat " + path));
    co_return co_await inner_.stat(path);
  }
  io::Task<Result<std::vector<fs::FileStatus>>> list(std::string path) override {
    KNIT_CO_TRY_VOID(co_await hook_("list " + path));
    co_return co_await inner_.list(path);
  }
  io::Task<Result<std::unique_ptr<fs::Reader>>> open(std::string path) override {
    KNIT_CO_TRY_VOID(co_await hook_("open " + path));
    co_return co_await inner_.open(path);
  }
  io::Task<Result<std::unique_ptr<fs::Writer>>> create(std::string path, fs::CreateOptions options) override {
    KNIT_CO_TRY_VOID(co_await hook_("create " + path));
    KNIT_CO_TRY(auto writer, co_await inner_.create(path, options));
    co_return std::unique_ptr<fs::Writer>(std::make_unique<HookedWriter>(std::move(writer), hook_, path));
  }
  io::Task<Result<std::unique_ptr<fs::Writer>>> append(std::string path) override {
    KNIT_CO_TRY_VOID(co_await hook_("append " + path));
    co_return co_await inner_.append(path);
  }
  io::Task<Status> make_directories(std::string path, std::uint16_t permission) override {
    KNIT_CO_TRY_VOID(co_await hook_("make_directories " + path));
    co_return co_await inner_.make_directories(path, permission);
  }
  io::Task<Status> rename(std::string from, std::string to, bool overwrite) override {
    KNIT_CO_TRY_VOID(co_await hook_("rename " + from + " " + to));
    co_return co_await inner_.rename(from, to, overwrite);
  }
  io::Task<Result<bool>> remove(std::string path, bool recursive) override {
    KNIT_CO_TRY_VOID(co_await hook_("remove " + path));
    co_return co_await inner_.remove(path, recursive);
  }
  io::Task<Status> set_permission(std::string path, std::uint16_t permission) override {
    KNIT_CO_TRY_VOID(co_await hook_("set_permission " + path));
    co_return co_await inner_.set_permission(path, permission);
  }
  io::Task<Status> set_times(std::string path, WallTime modified) override {
    KNIT_CO_TRY_VOID(co_await hook_("set_times " + path));
    co_return co_await inner_.set_times(path, modified);
  }

 private:
  class HookedWriter final : public fs::Writer {
   public:
    HookedWriter(std::unique_ptr<fs::Writer> inner, Hook hook, std::string path)
        : inner_(std::move(inner)), hook_(std::move(hook)), path_(std::move(path)) {}
    io::Task<Status> write(std::span<const std::byte> bytes) override {
      KNIT_CO_TRY_VOID(co_await hook_("write " + path_));
      co_return co_await inner_->write(bytes);
    }
    io::Task<Status> flush() override {
      KNIT_CO_TRY_VOID(co_await hook_("flush " + path_));
      co_return co_await inner_->flush();
    }
    io::Task<Status> close() override {
      KNIT_CO_TRY_VOID(co_await hook_("close " + path_));
      co_return co_await inner_->close();
    }
    io::Task<void> abort() override { return inner_->abort(); }

   private:
    std::unique_ptr<fs::Writer> inner_;
    Hook hook_;
    std::string path_;
  };

  fs::FileSystem& inner_;
  Hook hook_;
};

}  // namespace knit::client
