// The Client's part about files.
#include <knit/client.h>

#include <filesystem>

#include "api/client_impl.h"
#include "base/try.h"
#include "client/files.h"
#include "fs/local_file_system.h"

namespace knit {
namespace {

FileInfo to_info(const fs::FileStatus& status) {
  FileInfo info;
  info.path = status.path;
  info.directory = status.is_directory();
  info.size = status.length;
  info.permission = status.permission;
  info.owner = status.owner;
  info.group = status.group;
  info.replication = status.replication;
  info.block_size = status.block_size;
  info.modified = status.modified;
  return info;
}

// The local disk, and a path on it made absolute against the working directory.
struct Local {
  fs::LocalFileSystem file_system;
  client::Place place(const std::string& path) {
    std::error_code ignored;
    auto absolute = std::filesystem::absolute(path, ignored).lexically_normal().string();
    while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
    return {&file_system, absolute};
  }
};

}  // namespace

Result<std::vector<FileInfo>> Client::list_files(const std::string& path) {
  return impl_->call<std::vector<FileInfo>>([&]() -> io::Task<Result<std::vector<FileInfo>>> {
    KNIT_CO_TRY(auto* hdfs, impl_->session->file_system(path, path));
    const auto home = hdfs->home();
    KNIT_CO_TRY(const auto place, client::locate(*impl_->session, path.empty() ? home : path, path));
    KNIT_CO_TRY(const auto entries, co_await place.file_system->list(place.path));
    std::vector<FileInfo> out;
    for (const auto& entry : entries) out.push_back(to_info(entry));
    co_return out;
  });
}

Result<FileInfo> Client::stat_file(const std::string& path) {
  return impl_->call<FileInfo>([&]() -> io::Task<Result<FileInfo>> {
    KNIT_CO_TRY(const auto place, client::locate(*impl_->session, path, path));
    KNIT_CO_TRY(const auto status, co_await place.file_system->stat(place.path));
    co_return to_info(status);
  });
}

Status Client::put(const std::string& local, const std::string& remote, bool overwrite, RunObserver& observer,
                   std::stop_token stop) {
  Local disk;
  return impl_->call<void>(
      [&]() -> io::Task<Status> {
        KNIT_CO_TRY(auto target, client::locate(*impl_->session, remote, remote));
        const auto source = disk.place(local);
        KNIT_CO_TRY_VOID(co_await client::check_readable(source));
        co_return co_await client::copy_tree(
            source, std::move(target), overwrite,
            [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
              observer.on_upload(file, done, total);
            });
      },
      std::move(stop));
}

Status Client::get(const std::string& remote, const std::string& local, bool overwrite, RunObserver& observer,
                   std::stop_token stop) {
  Local disk;
  return impl_->call<void>(
      [&]() -> io::Task<Status> {
        KNIT_CO_TRY(auto source, client::locate(*impl_->session, remote, remote));
        co_return co_await client::copy_tree(
            std::move(source), disk.place(local), overwrite,
            [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
              observer.on_upload(file, done, total);
            });
      },
      std::move(stop));
}

Status Client::read_file(const std::string& path,
                         const std::function<Status(std::span<const std::byte>)>& sink,
                         std::stop_token stop) {
  return impl_->call<void>(
      [&]() -> io::Task<Status> {
        KNIT_CO_TRY(auto source, client::locate(*impl_->session, path, path));
        co_return co_await client::read_whole(std::move(source), sink);
      },
      std::move(stop));
}

Status Client::make_directories(const std::string& path) {
  return impl_->call<void>([&]() -> io::Task<Status> {
    KNIT_CO_TRY(const auto place, client::locate(*impl_->session, path, path));
    co_return co_await place.file_system->make_directories(place.path, 0777);
  });
}

Status Client::move_file(const std::string& from, const std::string& to) {
  return impl_->call<void>([&]() -> io::Task<Status> {
    KNIT_CO_TRY(const auto source, client::locate(*impl_->session, from, from));
    KNIT_CO_TRY(const auto target, client::locate(*impl_->session, to, to));
    co_return co_await client::move(source, target);
  });
}

Result<std::string> Client::remove_file(const std::string& path, bool recursive, bool skip_trash) {
  return impl_->call<std::string>([&]() -> io::Task<Result<std::string>> {
    co_return co_await client::remove(*impl_->session, path, recursive, skip_trash);
  });
}

}  // namespace knit
