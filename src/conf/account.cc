// Apart from environment.cc so that the static master, which never calls it, links without getpwuid_r.
#include <pwd.h>
#include <unistd.h>

#include <vector>

#include "conf/environment.h"

namespace knit::conf {

Environment Environment::of_process_and_account() {
  Environment environment = of_process();
  std::vector<char> buffer(64 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    environment.login_name_ = found->pw_name;
    environment.home_ = found->pw_dir;
  }
  return environment;
}

}  // namespace knit::conf
