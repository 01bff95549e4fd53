// Environment variables and account of the process, taken once and passed on as a value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace knit::conf {

// An immutable snapshot. Everything in Knit that needs an environment variable is given one of these; tests
// make their own. of_process() is the only place that looks at the process's environment.
class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  Environment() = default;
  explicit Environment(Variables variables);

  // The variables of this process; the account is what LOGNAME, USER and HOME say. Usable in the static
  // master.
  static Environment of_process();
  // of_process() with the account's name and home folder from the system's user database (getpwuid), as
  // Java's user.name has them. Not for the static master: it would need the node's NSS modules.
  static Environment of_process_and_account();

  // Unset and empty are told apart: Hadoop's ${env.X-default} does.
  std::optional<std::string> get(std::string_view name) const;
  // The value, or "" if unset.
  std::string get_or_empty(std::string_view name) const;
  const Variables& variables() const { return variables_; }

  // The login name, or "" where nothing tells it. Never HADOOP_USER_NAME: see user_name() in
  // security_settings.h.
  const std::string& login_name() const { return login_name_; }
  const std::string& home() const { return home_; }

 private:
  Variables variables_;
  std::string login_name_, home_;
};

}  // namespace knit::conf
