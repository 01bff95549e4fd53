// Files in HDFS by their content: uploaded once, used by every application of their owner.
//
//   CACHE/SHA256/NAME          the file, 0600, with the modification time kContentTime
//   CACHE/SHA256/.used         empty; its modification time is when the files beside it were last wanted
//   CACHE/SHA256/.NAME.RANDOM  one that is being uploaded
//   CACHE/.gone.SHA256.MS.RANDOM  a folder that a sweeper is about to delete
//
// NodeManagers refuse a file whose modification time differs from the one they were told (FSDownload), so an
// entry is never touched to mark its use, and has the same time however often it is removed and uploaded
// anew: an application that was told of an earlier copy still starts.
//
// Clients upload and sweep at once without a lock. Who uses an entry marks it first, then looks whether it is
// there, and looks again when its application's launch file, which names it, is written. Who sweeps takes the
// folder away by a rename first, then looks at the mark and at the launch files, and gives it back if either
// speaks for it; where meanwhile somebody uploaded it anew, that copy stays.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fs/file_system.h"

namespace knit::client {

inline constexpr WallTime kContentTime{std::chrono::milliseconds(1'000'000'000'000)};  // 2001-09-09

struct CacheKey {
  std::string sha256;  // 64 hexadecimal digits
  std::string name;    // see cache_name()
  std::uint64_t size = 0;
};

// A name that an entry can have: the launch script of a NodeManager passes it through bash (row 57 of
// Hadoop's traps), and a leading dot is the cache's own.
std::string cache_name(std::string_view name);

// Belongs to one loop; the file system outlives it. Every wait inside is bounded. Errors are the file
// system's.
class Cache {
 public:
  // Bytes of the file that is being uploaded.
  using Progress = std::function<void(std::uint64_t sent)>;
  // The paths that live applications name.
  using InUse = std::function<io::Task<Result<std::set<std::string>>>()>;
  struct Entry {
    std::string path;
    CacheKey key;
    WallTime used{};
  };

  Cache(fs::FileSystem& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

  std::string path_of(const CacheKey& key) const;

  // The entry as the file system has it, or nothing. Marks nothing. kDataLoss if it has another length.
  io::Task<Result<std::optional<fs::FileStatus>>> look(CacheKey key);
  // The entry, marked as used and uploaded from `content` if it is not there. kInvalidArgument if `content`
  // no longer is what the key says. Leaves nothing half done behind, cancelled or not.
  io::Task<Result<fs::FileStatus>> obtain(CacheKey key, fs::Reader& content, Progress progress);

  // By path.
  io::Task<Result<std::vector<Entry>>> list();
  // Removes what was not used for `age` and is not in use; gives what was removed. Also what uploads and
  // sweeps that died have left.
  io::Task<Result<std::vector<Entry>>> collect(std::chrono::milliseconds age, InUse in_use);

 private:
  struct Folder {
    std::string path, sha256;
    std::vector<Entry> entries;
    WallTime used{};
    bool uploading = false;
    std::vector<std::string> abandoned;  // uploads that died
  };
  io::Task<Status> mark(std::string folder);
  io::Task<Result<fs::FileStatus>> try_obtain(CacheKey key, fs::Reader& content, Progress progress);
  io::Task<Result<fs::FileStatus>> upload(CacheKey key, fs::Reader& content, Progress progress);
  io::Task<Status> write(const CacheKey& key, fs::Reader& content, fs::Writer& writer,
                         const Progress& progress);
  io::Task<Status> remove_temporary(std::string path);
  io::Task<Status> remove_if_empty(std::string folder);
  io::Task<Result<Folder>> read_folder(std::string path, std::string sha256);
  io::Task<Result<std::vector<fs::FileStatus>>> list_all();
  io::Task<Result<bool>> take_away(Folder folder, InUse in_use);
  io::Task<Result<bool>> decide(Folder folder, std::string away, InUse in_use);
  io::Task<void> resolve_leftover(std::string path, std::string name, const std::set<std::string>& in_use);

  fs::FileSystem& fs_;
  std::string directory_;
};

}  // namespace knit::client
