#include "client/masters.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/try.h"
#include "fs/path.h"
#include "yarn/quoting.h"

namespace knit::client {
namespace {

std::string real_path(const char* path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path, nullptr), std::free);
  return real ? std::string(real.get()) : std::string();
}

// What this code was loaded from: the program, libknit.so.0, or Python's module.
std::string own_file() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&master_file_name), &library) == 0 || library.dli_fname == nullptr ||
      std::string_view(library.dli_fname).find('/') == std::string_view::npos) {
    return {};
  }
  return real_path(library.dli_fname);
}

std::vector<std::string> usual_folders() {
  std::vector<std::string> out;
  if (const auto own = own_file(); own.ends_with(".so"))
    out.push_back(fs::join_path(fs::parent_path(own), "_libexec"));
  for (const auto& prefix : install_prefixes()) out.push_back(fs::join_path(prefix, "libexec/knit"));
  return out;
}

}  // namespace

std::vector<std::string> install_prefixes() {
  std::vector<std::string> out;
  for (const auto& file : {real_path("/proc/self/exe"), own_file()}) {
    if (file.empty()) continue;
    std::string prefix(fs::parent_path(fs::parent_path(file)));
    if (out.empty() || out.back() != prefix) out.push_back(std::move(prefix));
  }
  return out;
}

std::string master_file_name(const std::string& architecture) {
  return "knit-master-" + architecture;
}

Result<std::vector<FoundMaster>> find_masters(const std::vector<MasterProgram>& programs,
                                              const std::string& directory) {
  if (programs.empty())
    return Error(ErrorCode::kFailedPrecondition, "this build of Knit was made without a master");
  const auto folders = directory.empty() ? usual_folders() : std::vector<std::string>{directory};
  std::vector<FoundMaster> found;
  std::vector<std::string> names;
  for (const auto& program : programs) {
    const auto name = master_file_name(program.architecture);
    names.push_back(name);
    for (const auto& folder : folders) {
      const auto path = fs::join_path(folder, name);
      if (access(path.c_str(), F_OK) != 0) continue;
      found.push_back({program, path});
      break;
    }
  }
  if (!found.empty()) return found;
  return Error(ErrorCode::kFailedPrecondition,
               fmt::format("Knit is not installed completely: {} is missing in {}; install it again",
                           fmt::join(names, ", "), fmt::join(folders, ", ")));
}

Result<std::vector<std::string>> master_commands(const std::vector<FoundMaster>& masters) {
  std::vector<std::string> architectures;
  for (const auto& master : masters) architectures.push_back(master.program.architecture);
  const auto script = fmt::format(
      "a=$(uname -m); case $a in {}) exec ./knit-master-$a ;; esac; "
      "echo \"knit: this node is of the architecture $a; this release of Knit has masters for {}\" >&2; "
      "exit 1",
      fmt::join(architectures, "|"), fmt::join(architectures, ", "));
  KNIT_TRY(auto quoted, yarn::quote_once(script));
  return std::vector<std::string>{"exec", std::string(yarn::kLogRedirection), ";", std::move(quoted)};
}

}  // namespace knit::client
