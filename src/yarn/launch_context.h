// What a container is started with, as plain values.
#pragma once

#include <knit/byte_size.h>
#include <knit/cluster.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace knit::yarn {

enum class LocalResourceType {
  kFile,     // as it is
  kArchive,  // unpacked into a directory, by the source name's suffix: .zip, .jar, .tar, .tar.gz, .tgz
};

// Who on a node shares the copy, and whose rights are used to read the source.
enum class LocalResourceVisibility { kPublic, kPrivate, kApplication };

// A file that the NodeManager fetches before it starts the container.
struct LocalResource {
  std::string scheme;      // "hdfs"
  std::string host;        // a host, or the name of an HA pair
  std::int32_t port = -1;  // -1: none
  std::string path;        // "/user/alice/.knit/cache/..."
  ByteSize size;
  WallTime modified;  // exactly as the NameNode says: the NodeManager refuses a file with another time
  LocalResourceType type = LocalResourceType::kFile;
  LocalResourceVisibility visibility = LocalResourceVisibility::kPrivate;
  bool operator==(const LocalResource&) const = default;
};

// "users groups", each a comma list: "alice,bob staff"; "*" is everybody, " " nobody but the owner and
// admins.
struct AccessLists {
  std::string view;
  std::string modify;
  bool operator==(const AccessLists&) const = default;
};

struct LaunchContext {
  // Shell text: pieces that the NodeManager joins with blanks, and values that it pastes into double quotes.
  // Make both with quoting.h.
  std::vector<std::string> commands;
  std::map<std::string, std::string> environment;
  std::map<std::string, LocalResource> resources;   // by the name in the container's directory
  std::string tokens;                               // Credentials::serialize()
  std::map<std::string, std::string> service_data;  // for auxiliary services of the NodeManager, as bytes
  AccessLists access;  // of the application; said by every container, the master's counts
};

}  // namespace knit::yarn
