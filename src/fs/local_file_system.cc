#include "fs/local_file_system.h"

#include <fmt/format.h>
#include <knit/wipe.h>

#include <cstring>

#include "base/try.h"
#include "fs/local_calls.h"
#include "fs/path.h"
#include "io/pool.h"

namespace knit::fs {
namespace {

// A cancelled call goes on without its caller, so each owns all it uses: bytes are copied once more than they
// need be.
class LocalReader final : public Reader {
 public:
  LocalReader(std::shared_ptr<local::File> file, std::uint64_t length)
      : file_(std::move(file)), length_(length) {}
  std::uint64_t length() const override { return length_; }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= length_ || into.empty()) co_return std::size_t{0};
    const std::size_t most = std::min<std::uint64_t>({into.size(), length_ - offset, 1u << 20});
    using Bytes = std::shared_ptr<std::vector<std::byte>>;
    std::function<Result<Bytes>()> call = [file = file_, offset, most]() -> Result<Bytes> {
      auto bytes = std::make_shared<std::vector<std::byte>>(most);
      KNIT_TRY(const std::size_t count, file->read_at(offset, *bytes));
      bytes->resize(count);
      return bytes;
    };
    KNIT_CO_TRY(const Bytes bytes, co_await io::run_blocking(std::move(call)));
    std::memcpy(into.data(), bytes->data(), bytes->size());
    co_return bytes->size();
  }

 private:
  std::shared_ptr<local::File> file_;
  std::uint64_t length_;
};

class LocalWriter final : public Writer {
 public:
  explicit LocalWriter(std::shared_ptr<local::File> file) : file_(std::move(file)) {}
  ~LocalWriter() override { give_up(); }

  io::Task<Status> write(std::span<const std::byte> bytes) override {
    if (!file_) co_return closed();
    // Pieces, so that neither a huge copy is made nor a cancelled task's writing goes on for long.
    constexpr std::size_t kPiece = 1u << 20;
    constexpr std::size_t kWiped = 64u << 10;  // so small a file may be a key
    while (!bytes.empty()) {
      const auto piece = bytes.first(std::min(bytes.size(), kPiece));
      const auto copy = std::make_shared<std::vector<std::byte>>(piece.begin(), piece.end());
      std::function<Status()> call = [file = file_, copy] {
        Status written = file->write_all(*copy);
        if (copy->size() <= kWiped) wipe(copy->data(), copy->size());
        return written;
      };
      KNIT_CO_TRY_VOID(co_await io::run_blocking(std::move(call)));
      bytes = bytes.subspan(piece.size());
    }
    co_return Status();
  }
  io::Task<Status> flush() override {  // every write has reached the kernel
    if (!file_) co_return closed();
    co_return Status();
  }
  io::Task<Status> close() override {
    if (!file_) co_return closed();
    std::function<Status()> call = [file = file_] { return file->close(); };
    KNIT_CO_TRY_VOID(co_await io::run_blocking(std::move(call)));
    file_ = nullptr;
    co_return Status();
  }
  io::Task<void> abort() override {
    give_up();
    co_return;
  }

 private:
  static Error closed() { return Error(ErrorCode::kFailedPrecondition, "the file is closed"); }
  void give_up() {
    // A call that still runs holds the file: its name goes now all the same.
    if (const auto file = std::exchange(file_, nullptr)) file->give_up();
  }

  std::shared_ptr<local::File> file_;
};

template <class T>
using Call = std::function<Result<T>()>;

// Every operation: check the path, then block elsewhere.
template <class T, class Body>
io::Task<Result<T>> on_pool(std::string path, Body body) {
  KNIT_CO_TRY(path, normalize_path(path));
  Call<T> call = [path = std::move(path), body = std::move(body)] { return body(path); };
  co_return co_await io::run_blocking(std::move(call));
}

using SharedFile = std::shared_ptr<local::File>;

}  // namespace

io::Task<Result<FileStatus>> LocalFileSystem::stat(std::string path) {
  return on_pool<FileStatus>(std::move(path), [](const std::string& name) { return local::stat(name); });
}

io::Task<Result<std::vector<FileStatus>>> LocalFileSystem::list(std::string path) {
  return on_pool<std::vector<FileStatus>>(std::move(path),
                                          [](const std::string& name) { return local::list(name); });
}

io::Task<Result<std::unique_ptr<Reader>>> LocalFileSystem::open(std::string path) {
  using Opened = std::pair<SharedFile, std::uint64_t>;
  const auto body = [](const std::string& name) -> Result<Opened> {
    KNIT_TRY(auto file, local::open_to_read(name));
    KNIT_TRY(const std::uint64_t length, file->length());
    return Opened(std::move(file), length);
  };
  KNIT_CO_TRY(auto opened, co_await on_pool<Opened>(std::move(path), body));
  co_return std::unique_ptr<Reader>(std::make_unique<LocalReader>(std::move(opened.first), opened.second));
}

io::Task<Result<std::unique_ptr<Writer>>> LocalFileSystem::create(std::string path, CreateOptions options) {
  const auto body = [options](const std::string& name) { return local::create(name, options); };
  KNIT_CO_TRY(auto file, co_await on_pool<SharedFile>(std::move(path), body));
  co_return std::unique_ptr<Writer>(std::make_unique<LocalWriter>(std::move(file)));
}

io::Task<Result<std::unique_ptr<Writer>>> LocalFileSystem::append(std::string path) {
  const auto body = [](const std::string& name) { return local::open_to_append(name); };
  KNIT_CO_TRY(auto file, co_await on_pool<SharedFile>(std::move(path), body));
  co_return std::unique_ptr<Writer>(std::make_unique<LocalWriter>(std::move(file)));
}

io::Task<Status> LocalFileSystem::make_directories(std::string path, std::uint16_t permission) {
  return on_pool<void>(std::move(path), [permission](const std::string& name) {
    return local::make_directories(name, permission);
  });
}

io::Task<Status> LocalFileSystem::rename(std::string from, std::string to, bool overwrite) {
  KNIT_CO_TRY(to, normalize_path(to));
  const auto body = [to, overwrite](const std::string& name) { return local::rename(name, to, overwrite); };
  co_return co_await on_pool<void>(std::move(from), body);
}

io::Task<Result<bool>> LocalFileSystem::remove(std::string path, bool recursive) {
  return on_pool<bool>(std::move(path), [recursive](const std::string& name) -> Result<bool> {
    if (name == "/") return Error(ErrorCode::kInvalidArgument, "/ cannot be removed");
    return local::remove(name, recursive);
  });
}

io::Task<Status> LocalFileSystem::set_permission(std::string path, std::uint16_t permission) {
  return on_pool<void>(std::move(path), [permission](const std::string& name) {
    return local::set_permission(name, permission);
  });
}

io::Task<Status> LocalFileSystem::set_times(std::string path, WallTime modified) {
  return on_pool<void>(std::move(path),
                       [modified](const std::string& name) { return local::set_times(name, modified); });
}

}  // namespace knit::fs
