// knit fs: files in HDFS.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"
#include "cli/transfer_progress.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

json::value to_json(const FileInfo& info) {
  return json::object{
      {"path", info.path},
      {"directory", info.directory},
      {"size", info.size},
      {"permission", fmt::format("{:04o}", info.permission)},
      {"owner", info.owner},
      {"group", info.group},
      {"replication", info.replication},
      {"block_size", info.block_size},
      {"modified", json_time(info.modified)},
  };
}

// "drwxr-xr-x"
std::string mode_text(const FileInfo& info) {
  std::string out = info.directory ? "d" : "-";
  for (int bit = 8; bit >= 0; --bit) out += (info.permission >> bit & 1) ? "rwx"[(8 - bit) % 3] : '-';
  if (info.permission & 01000) out.back() = (info.permission & 1) ? 't' : 'T';
  return out;
}

std::vector<std::string> row(const FileInfo& info) {
  return {mode_text(info),
          info.directory ? "-" : std::to_string(info.replication),
          info.owner,
          info.group,
          std::to_string(info.size),
          iso_time(info.modified),
          info.path};
}

int list(Context& context, const std::string& path) {
  const auto files = must(context.client().list_files(path));
  if (context.json) {
    json::array out;
    for (const auto& file : files) out.push_back(to_json(file));
    print_json(out);
    return kExitSucceeded;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& file : files) rows.push_back(row(file));
  print_table({"MODE", "REPLICAS", "OWNER", "GROUP", "SIZE", "MODIFIED", "PATH"}, rows);
  return kExitSucceeded;
}

int stat(Context& context, const std::string& path) {
  const auto info = must(context.client().stat_file(path));
  if (context.json) {
    print_json(to_json(info));
  } else {
    print_table({"MODE", "REPLICAS", "OWNER", "GROUP", "SIZE", "MODIFIED", "PATH"}, {row(info)});
  }
  return kExitSucceeded;
}

int cat(Context& context, const std::string& path) {
  const auto sink = [](std::span<const std::byte> bytes) -> Status {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return Status();
    if (errno == EPIPE) return Error(ErrorCode::kCancelled, "stdout was closed");
    return Error(ErrorCode::kInternal,
                 "stdout did not take the whole file: " + std::generic_category().message(errno));
  };
  must(context.client().read_file(path, sink));
  return kExitSucceeded;
}

int remove(Context& context, const std::vector<std::string>& paths, bool recursive, bool skip_trash) {
  for (const auto& path : paths) {
    const auto taken_to = must(context.client().remove_file(path, recursive, skip_trash));
    if (!taken_to.empty()) tell("moved {} to {}\n", path, taken_to);
  }
  return kExitSucceeded;
}

// put or get. A signal lets it take back what it has begun.
int copy(Context& context, const std::string& from, const std::string& to, bool force,
         decltype(&Client::put) direction) {
  Signals signals;  // before the client starts its thread
  TransferProgress progress;
  must((context.client().*direction)(from, to, force, progress, signals.stop()));
  return kExitSucceeded;
}

struct Paths {
  std::string from, to;
  std::vector<std::string> many;
  bool force = false, recursive = false, skip_trash = false;
};

using Action = std::function<int(const Paths&)>;

CLI::App* add(CLI::App& fs, Context& context, const char* name, const char* help,
              std::shared_ptr<Paths> paths, Action action) {
  auto* command = fs.add_subcommand(name, help);
  command->callback([&context, paths, action = std::move(action)] {
    context.action = [paths, action] { return action(*paths); };
  });
  return command;
}

}  // namespace

void add_fs_commands(CLI::App& app, Context& context) {
  auto* fs = app.add_subcommand("fs", "files in HDFS");
  fs->require_subcommand(1);
  auto paths = std::make_shared<Paths>();

  auto* ls = add(*fs, context, "ls", "list a directory", paths,
                 [&](const Paths& p) { return list(context, p.from); });
  ls->add_option("PATH", paths->from, "directory or file; your home if left out");

  auto* put = add(*fs, context, "put", "copy a local file or directory to HDFS", paths,
                  [&](const Paths& p) { return copy(context, p.from, p.to, p.force, &Client::put); });
  put->add_option("LOCAL", paths->from, "what to copy")->required();
  put->add_option("PATH", paths->to, "where to; into it if it is a directory")->required();
  put->add_flag("-f,--force", paths->force, "replace an existing file");

  auto* get = add(*fs, context, "get", "copy a file or directory from HDFS", paths, [&](const Paths& p) {
    return copy(context, p.from, p.to.empty() ? "." : p.to, p.force, &Client::get);
  });
  get->add_option("PATH", paths->from, "what to copy")->required();
  get->add_option("LOCAL", paths->to, "where to; the working directory if left out");
  get->add_flag("-f,--force", paths->force, "replace an existing file");

  auto* cat_command = add(*fs, context, "cat", "write a file to stdout", paths,
                          [&](const Paths& p) { return cat(context, p.from); });
  cat_command->add_option("PATH", paths->from, "the file")->required();

  auto* stat_command = add(*fs, context, "stat", "about one file", paths,
                           [&](const Paths& p) { return stat(context, p.from); });
  stat_command->add_option("PATH", paths->from, "file or directory")->required();

  auto* mkdir = add(*fs, context, "mkdir", "make a directory and its parents", paths, [&](const Paths& p) {
    must(context.client().make_directories(p.from));
    return static_cast<int>(kExitSucceeded);
  });
  mkdir->add_option("PATH", paths->from, "the directory")->required();

  auto* mv = add(*fs, context, "mv", "rename a file or directory", paths, [&](const Paths& p) {
    must(context.client().move_file(p.from, p.to));
    return static_cast<int>(kExitSucceeded);
  });
  mv->add_option("FROM", paths->from, "what to rename")->required();
  mv->add_option("TO", paths->to, "its new name; into it if it is a directory")->required();

  auto* rm = add(*fs, context, "rm", "move to the trash where the cluster has one, else delete", paths,
                 [&](const Paths& p) { return remove(context, p.many, p.recursive, p.skip_trash); });
  rm->add_option("PATH", paths->many, "files; directories need -r")->required();
  rm->add_flag("-r,--recursive", paths->recursive, "directories with everything in them");
  rm->add_flag("--skip-trash", paths->skip_trash, "delete at once");
}

}  // namespace knit::cli
