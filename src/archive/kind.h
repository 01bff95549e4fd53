// What kind of archive a file is, and whether a NodeManager can unpack it.
#pragma once

#include <knit/result.h>

#include <optional>
#include <string>
#include <string_view>

namespace knit::archive {

// Those a NodeManager unpacks. It judges by the source's name alone and copies everything else as it is, with
// no more than a warning in its own log (FSDownload.unpack, 2.10 to 3.4).
enum class Kind { kZip, kTar, kTarGz };

// ".zip", ".tar", ".tar.gz".
std::string_view suffix_of(Kind kind);

// What a NodeManager takes a file of this name for: .zip and .jar, .tar, .tar.gz and .tgz, in any case.
std::optional<Kind> kind_by_name(std::string_view name);

// What the file is by its content. Blocks. kInvalidArgument for anything that is none of the three, naming
// what it is where that is known; kNotFound, kPermissionDenied.
Result<Kind> recognize(const std::string& path);

// The name under which NodeManagers unpack it as what it is: `name` itself where its suffix fits, else with
// the right one behind it.
std::string name_for(Kind kind, std::string_view name);

}  // namespace knit::archive
