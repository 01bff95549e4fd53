#include "fs/memory_file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/try.h"
#include "fs/path.h"
#include "io/clock.h"

namespace knit::fs {

struct MemoryFileSystem::Node {
  FileStatus status;  // without path
  std::string bytes;
  bool writing = false;  // somebody has it open for writing
};

// Every path with its node; parents always exist.
struct MemoryFileSystem::Tree {
  std::map<std::string, std::shared_ptr<Node>, std::less<>> nodes;
  std::string user;

  std::shared_ptr<Node> find(std::string_view path) const {
    const auto found = nodes.find(path);
    return found == nodes.end() ? nullptr : found->second;
  }
  std::shared_ptr<Node> add(const std::string& path, FileType type, std::uint16_t permission) {
    auto node = std::make_shared<Node>();
    node->status.type = type;
    node->status.permission = permission;
    node->status.owner = node->status.group = user;
    node->status.modified = node->status.accessed = io::wall_now();
    if (type == FileType::kFile) {
      node->status.replication = 1;
      node->status.block_size = 128u << 20;
    }
    return nodes[path] = std::move(node);
  }
  bool has_children(std::string_view path) const {
    const auto after = nodes.upper_bound(path == "/" ? std::string("/") : fmt::format("{}/", path));
    return after != nodes.end() && is_within(after->first, path);
  }
  // Everything at and below `path`, taken out.
  std::vector<std::pair<std::string, std::shared_ptr<Node>>> take(std::string_view path) {
    std::vector<std::pair<std::string, std::shared_ptr<Node>>> out;
    for (auto at = nodes.lower_bound(path); at != nodes.end() && at->first.starts_with(path);) {
      if (!is_within(at->first, path)) {
        ++at;
        continue;
      }
      out.emplace_back(at->first, std::move(at->second));
      at = nodes.erase(at);
    }
    return out;
  }
};

namespace {

using Node = MemoryFileSystem::Node;
using Tree = MemoryFileSystem::Tree;

constexpr std::uint16_t kUmask = 022;

Error not_found(std::string_view path) {
  return Error(ErrorCode::kNotFound, fmt::format("{} does not exist", path));
}
Error exists(std::string_view path) {
  return Error(ErrorCode::kAlreadyExists, fmt::format("{} exists already", path));
}
Error wrong_type(std::string_view path, std::string_view what) {
  return Error(ErrorCode::kFailedPrecondition, fmt::format("{} is {}", path, what));
}

Status make_directories_in(Tree& tree, const std::string& path, std::uint16_t permission) {
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string part = path.substr(0, end);
    const auto node = tree.find(part);
    if (!node) {
      tree.add(part, FileType::kDirectory, permission & ~kUmask);
    } else if (!node->status.is_directory()) {
      return part == path ? exists(part) : wrong_type(part, "no directory");
    }
  }
  return {};
}

FileStatus status_of(const std::string& path, const Node& node) {
  FileStatus status = node.status;
  status.path = path;
  status.length = node.bytes.size();
  return status;
}

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t length() const override { return bytes_.size(); }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= bytes_.size()) co_return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), bytes_.size() - offset);
    std::memcpy(into.data(), bytes_.data() + offset, count);
    co_return count;
  }

 private:
  std::string bytes_;
};

class MemoryWriter final : public Writer {
 public:
  MemoryWriter(std::shared_ptr<Tree> tree, std::string path, std::shared_ptr<Node> node, bool is_new)
      : tree_(std::move(tree)), path_(std::move(path)), node_(std::move(node)), is_new_(is_new) {
    node_->writing = true;
  }
  ~MemoryWriter() override { give_up(); }

  io::Task<Status> write(std::span<const std::byte> bytes) override {
    if (ended_) co_return Error(ErrorCode::kFailedPrecondition, fmt::format("{} is closed", path_));
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    co_return Status();
  }
  io::Task<Status> flush() override { co_return store(); }
  io::Task<Status> close() override {
    KNIT_CO_TRY_VOID(store());
    node_->writing = false;
    ended_ = true;
    co_return Status();
  }
  io::Task<void> abort() override {
    give_up();
    co_return;
  }

 private:
  Status store() {
    if (ended_) return Error(ErrorCode::kFailedPrecondition, fmt::format("{} is closed", path_));
    if (tree_->find(path_) != node_) return wrong_type(path_, "no longer the file that was opened");
    node_->bytes += std::exchange(pending_, {});
    node_->status.modified = io::wall_now();
    return {};
  }
  void give_up() {
    if (std::exchange(ended_, true)) return;
    node_->writing = false;
    if (is_new_ && tree_->find(path_) == node_) tree_->nodes.erase(path_);
  }

  std::shared_ptr<Tree> tree_;
  std::string path_;
  std::shared_ptr<Node> node_;
  bool is_new_, ended_ = false;
  std::string pending_;
};

}  // namespace

MemoryFileSystem::MemoryFileSystem(std::string user)
    : user_(std::move(user)), tree_(std::make_shared<Tree>()) {
  tree_->user = user_;
  for (const std::string& path : {std::string("/"), std::string("/user"), home()}) {
    tree_->nodes[path] = std::make_shared<Node>();
    tree_->nodes[path]->status.type = FileType::kDirectory;
    tree_->nodes[path]->status.permission = 0755;
    tree_->nodes[path]->status.owner = tree_->nodes[path]->status.group = user_;
  }
}

MemoryFileSystem::~MemoryFileSystem() = default;

io::Task<Result<FileStatus>> MemoryFileSystem::stat(std::string path) {
  KNIT_CO_TRY(path, normalize_path(path));
  const auto node = tree_->find(path);
  if (!node) co_return not_found(path);
  co_return status_of(path, *node);
}

io::Task<Result<std::vector<FileStatus>>> MemoryFileSystem::list(std::string path) {
  KNIT_CO_TRY(path, normalize_path(path));
  const auto node = tree_->find(path);
  if (!node) co_return not_found(path);
  std::vector<FileStatus> all;
  if (!node->status.is_directory()) {
    all.push_back(status_of(path, *node));
    co_return all;
  }
  for (const auto& [name, child] : tree_->nodes) {
    if (name != "/" && parent_path(name) == path) all.push_back(status_of(name, *child));
  }
  co_return all;
}

io::Task<Result<std::unique_ptr<Reader>>> MemoryFileSystem::open(std::string path) {
  KNIT_CO_TRY(path, normalize_path(path));
  const auto node = tree_->find(path);
  if (!node) co_return not_found(path);
  if (node->status.is_directory()) co_return wrong_type(path, "a directory");
  co_return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(node->bytes));
}

io::Task<Result<std::unique_ptr<Writer>>> MemoryFileSystem::create(std::string path, CreateOptions options) {
  KNIT_CO_TRY(path, normalize_path(path));
  if (const auto old = tree_->find(path); old && (!options.overwrite || old->status.is_directory())) {
    co_return exists(path);
  }
  const std::string parent(parent_path(path));
  if (const auto folder = tree_->find(parent); folder && !folder->status.is_directory()) {
    co_return wrong_type(parent, "no directory");
  } else if (!folder) {
    if (!options.create_parents) co_return not_found(parent);
    KNIT_CO_TRY_VOID(make_directories_in(*tree_, parent, 0700));
  }
  auto node = tree_->add(path, FileType::kFile, options.permission & ~kUmask);
  if (options.replication > 0) node->status.replication = options.replication;
  co_return std::unique_ptr<Writer>(std::make_unique<MemoryWriter>(tree_, path, std::move(node), true));
}

io::Task<Result<std::unique_ptr<Writer>>> MemoryFileSystem::append(std::string path) {
  KNIT_CO_TRY(path, normalize_path(path));
  auto node = tree_->find(path);
  if (!node) co_return not_found(path);
  if (node->status.is_directory()) co_return wrong_type(path, "a directory");
  if (node->writing) co_return wrong_type(path, "being written");
  co_return std::unique_ptr<Writer>(std::make_unique<MemoryWriter>(tree_, path, std::move(node), false));
}

io::Task<Status> MemoryFileSystem::make_directories(std::string path, std::uint16_t permission) {
  KNIT_CO_TRY(path, normalize_path(path));
  co_return make_directories_in(*tree_, path, permission);
}

io::Task<Status> MemoryFileSystem::rename(std::string from, std::string to, bool overwrite) {
  KNIT_CO_TRY(from, normalize_path(from));
  KNIT_CO_TRY(to, normalize_path(to));
  const auto source = tree_->find(from);
  if (!source) co_return not_found(from);
  if (from == to) co_return exists(to);
  if (is_within(to, from)) {
    co_return Error(ErrorCode::kInvalidArgument,
                    fmt::format("{} cannot be moved into itself ({})", from, to));
  }
  const std::string parent(parent_path(to));
  const auto folder = tree_->find(parent);
  if (!folder) co_return not_found(parent);
  if (!folder->status.is_directory()) co_return wrong_type(parent, "no directory");
  if (const auto target = tree_->find(to)) {
    if (!overwrite) co_return exists(to);
    if (target->status.type != source->status.type) co_return wrong_type(to, "not of the source's kind");
    if (tree_->has_children(to)) co_return wrong_type(to, "a directory that is not empty");
  }
  for (auto& [path, node] : tree_->take(from)) tree_->nodes[to + path.substr(from.size())] = std::move(node);
  co_return Status();
}

io::Task<Result<bool>> MemoryFileSystem::remove(std::string path, bool recursive) {
  KNIT_CO_TRY(path, normalize_path(path));
  if (path == "/") co_return Error(ErrorCode::kInvalidArgument, "/ cannot be removed");
  const auto node = tree_->find(path);
  if (!node) co_return false;
  if (!recursive && tree_->has_children(path)) co_return wrong_type(path, "a directory that is not empty");
  tree_->take(path);
  co_return true;
}

io::Task<Status> MemoryFileSystem::set_permission(std::string path, std::uint16_t permission) {
  KNIT_CO_TRY(path, normalize_path(path));
  const auto node = tree_->find(path);
  if (!node) co_return not_found(path);
  node->status.permission = permission & 07777;
  co_return Status();
}

io::Task<Status> MemoryFileSystem::set_times(std::string path, WallTime modified) {
  KNIT_CO_TRY(path, normalize_path(path));
  const auto node = tree_->find(path);
  if (!node) co_return not_found(path);
  node->status.modified = modified;
  co_return Status();
}

}  // namespace knit::fs
