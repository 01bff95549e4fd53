// The programs that become ApplicationMasters: where they lie, and that they are the right ones.
#pragma once

#include <knit/result.h>

#include <string>
#include <vector>

namespace knit::client {

// A master that was built together with this library.
struct MasterProgram {
  std::string architecture;  // as `uname -m` says it: "x86_64"
  std::string sha256;        // 64 hexadecimal digits
};

// "knit-master-x86_64": the file's name here, in the cache and in the container.
std::string master_file_name(const std::string& architecture);

// PREFIX of PREFIX/bin/knit and of PREFIX/lib/libknit.so.0: of the running program, and of the library that
// holds this function.
std::vector<std::string> install_prefixes();

struct FoundMaster {
  MasterProgram program;
  std::string path;
};

// Those of `programs` that lie in `directory`, or, where that is empty, in libexec/knit beside the folder of
// the running program or of the library that holds this function, or in _libexec beside Python's module.
// Blocks for an instant. kFailedPrecondition if there is none at all, naming the places.
Result<std::vector<FoundMaster>> find_masters(const std::vector<MasterProgram>& programs,
                                              const std::string& directory);

// The master's command as YARN's launch script takes it: picks the program by the node's architecture and
// replaces the shell by it. A node of another architecture ends with a sentence in the master's stderr.
Result<std::vector<std::string>> master_commands(const std::vector<FoundMaster>& masters);

}  // namespace knit::client
