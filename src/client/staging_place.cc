#include "client/staging_place.h"

#include "base/try.h"
#include "client/files.h"
#include "client/session.h"
#include "fs/path.h"

namespace knit::client {
namespace {

constexpr const char* kSetting = "knit.staging.dir";

}  // namespace

Result<StagingPlace> staging_place(Session& session, const std::string& given) {
  std::string text = given;
  std::string what = "--staging-dir";
  if (text.empty()) {
    KNIT_TRY(text, session.settings().get(kSetting));
    what = kSetting;
  }
  if (text.empty()) {
    KNIT_TRY(auto* file_system, session.file_system("/", "the staging directory"));
    return StagingPlace{file_system, fs::join_path(file_system->home(), ".knit"), true};
  }
  KNIT_TRY(auto place, locate(session, text, what));
  return StagingPlace{place.file_system, std::move(place.path), false};
}

}  // namespace knit::client
