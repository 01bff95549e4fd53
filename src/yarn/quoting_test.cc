#include "yarn/quoting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace knit::yarn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Java's String.replace.
void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// What a NodeManager of Hadoop 3.4 does to each command and value (ContainerLaunch.expandEnvironment).
std::string expand_environment(std::string text, const std::string& log_dir) {
  replace_all(text, "<LOG_DIR>", log_dir);
  replace_all(text, "<CPS>", ":");
  replace_all(text, "<ADD_OPENS>", "--add-opens=java.base/java.lang=ALL-UNNAMED");
  replace_all(text, "{{", "$");
  replace_all(text, "}}", "");
  return text;
}

// A container's directory, and the part of launch_container.sh that matters (UnixShellScriptBuilder), really
// run.
class Launch : public ::testing::Test {
 protected:
  Launch() {
    std::string pattern = ::testing::TempDir() + "quoting.XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
  }
  ~Launch() override { std::filesystem::remove_all(dir_); }

  std::string script(const std::map<std::string, std::string>& environment,
                     const std::vector<std::string>& commands) {
    std::string text = "#!/bin/bash\n\nset -o pipefail -e\n";
    for (const auto& [name, value] : environment) {
      text += "export " + name + "=\"" + expand_environment(value, dir_) + "\"\n";
    }
    text += "exec /bin/bash -c \"";
    for (std::size_t i = 0; i < commands.size(); ++i)
      text += (i ? " " : "") + expand_environment(commands[i], dir_);
    return text + "\"\n";
  }

  // Exit status of the script; its own complaints are in errors_.
  int run(const std::map<std::string, std::string>& environment, const std::vector<std::string>& commands,
          const std::string& locale = "C.UTF-8") {
    std::ofstream(dir_ + "/launch_container.sh", std::ios::binary) << script(environment, commands);
    const std::string line = "env -i PATH=/usr/bin:/bin LC_ALL=" + locale + " /bin/bash '" + dir_ +
                             "/launch_container.sh' 2>'" + dir_ + "/prelaunch.err'";
    const int status = std::system(line.c_str());
    errors_ = file("prelaunch.err");
    return WEXITSTATUS(status);
  }

  std::string file(const std::string& name) const {
    std::ifstream in(dir_ + "/" + name, std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    return std::move(bytes).str();
  }

  // The arguments that a program started so is given.
  std::vector<std::string> arguments(const std::vector<std::string>& given,
                                     const std::string& locale = "C.UTF-8") {
    std::vector<std::string> argv = {"printf", "%s\\0"};
    argv.insert(argv.end(), given.begin(), given.end());
    auto command = exec_command({}, argv, kLogRedirection);
    EXPECT_TRUE(command) << command.error().message();
    if (!command) return {};
    EXPECT_EQ(run({}, {*command}, locale), 0) << errors_ << file("stderr");
    return split(file("stdout"));
  }

  // Those of these variables that a program sees, with the values it sees.
  std::map<std::string, std::string> variables(const std::map<std::string, std::string>& given,
                                               const std::string& locale = "C.UTF-8") {
    auto environment = quote_environment(given);
    EXPECT_TRUE(environment) << environment.error().message();
    if (!environment) return {};
    for (const auto& [name, value] : *environment) {
      for (const char c : value) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << name << ": " << int{c};
    }
    const auto command = exec_command({}, std::vector<std::string>{"env", "-0"}, kLogRedirection);
    EXPECT_EQ(run(*environment, {*command}, locale), 0) << errors_;
    std::map<std::string, std::string> seen;
    for (const auto& entry : split(file("stdout"))) {
      const auto name = entry.substr(0, entry.find('='));
      if (given.contains(name)) seen[name] = entry.substr(name.size() + 1);
    }
    return seen;
  }

  static std::vector<std::string> split(const std::string& bytes) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto end = bytes.find('\0', at);
      parts.push_back(bytes.substr(at, end - at));
      at = end + 1;
    }
    return parts;
  }

  std::string dir_;
  std::string errors_;
};

std::string all_bytes() {
  std::string bytes;
  for (int c = 1; c < 256; ++c) bytes += static_cast<char>(c);
  return bytes;
}

// What people and programs really write, and what YARN or bash would like to read in it.
std::vector<std::string> awkward() {
  return {"",
          " ",
          "two words",
          "it's",
          "\"quoted\"",
          "$HOME ${HOME} $(id) `id` $$ $'x'",
          "back\\slash \\\\ \\n \\",
          "line\nbreak\n",
          "tab\tcr\r\n",
          "{{X}}",
          "{{PWD}}/a",
          "{\"a\":{\"b\":{}}}",
          "{{{{{ }}}}}",
          "{{",
          "}}",
          "<LOG_DIR>",
          "<CPS>",
          "<ADD_OPENS>",
          "<<LOG_DIR>>",
          "<LOG_DIR",
          "<LATER_MARKER>",
          "a<b>c",
          "!history !!",
          "*.txt ? [a-z] ~ ~root",
          "# no comment",
          "a;b & c | d > e < f",
          "-n",
          "--",
          "A=b",
          "%s%d\\0",
          "gr\xc3\xbc\xc3\x9f \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
          "\xff\xfe\x80 not UTF-8 \xc3",
          "\xe4\xb8\xad\\",
          "\x01\x01 \x7f\x7f",
          "\x01\"\x7f'",
          all_bytes(),
          all_bytes() + all_bytes()};
}

TEST_F(Launch, ArgumentsArriveByteForByte) {
  for (const std::string locale : {"C", "C.UTF-8"})
    EXPECT_EQ(arguments(awkward(), locale), awkward()) << locale;
}

TEST_F(Launch, EveryPairOfBytesArrivesInAnArgument) {
  std::vector<std::string> given;
  for (int first = 1; first < 256; ++first) {
    std::string bytes;
    for (int second = 1; second < 256; ++second)
      (bytes += static_cast<char>(first)) += static_cast<char>(second);
    given.push_back(std::move(bytes));
    if (given.size() == 51) {
      EXPECT_EQ(arguments(given), given);
      given.clear();
    }
  }
  EXPECT_TRUE(given.empty());
}

TEST_F(Launch, ValuesArriveByteForByte) {
  std::map<std::string, std::string> given;
  for (const auto& value : awkward()) given["V" + std::to_string(given.size())] = value;
  for (const std::string locale : {"C", "C.UTF-8"}) EXPECT_EQ(variables(given, locale), given) << locale;
}

TEST_F(Launch, EveryPairOfBytesArrivesInAValue) {
  std::map<std::string, std::string> given;
  for (int first = 1; first < 256; ++first) {
    std::string bytes;
    for (int second = 1; second < 256; ++second)
      (bytes += static_cast<char>(first)) += static_cast<char>(second);
    given["V" + std::to_string(first)] = std::move(bytes);
  }
  EXPECT_EQ(variables(given), given);
}

TEST_F(Launch, NothingThatYarnReplacesIsLeft) {
  for (const auto& text : awkward()) {
    auto quoted = quote_once(text);
    ASSERT_TRUE(quoted);
    EXPECT_EQ(expand_environment(*quoted, "/var/log"), *quoted) << *quoted;
  }
}

TEST_F(Launch, TextForTheInnerShellIsEvaluatedOnce) {
  auto text = quote_once("printf '%s|' \"$GREETING\" '<CPS>' \"$(echo {{x}})\" `echo y`");
  ASSERT_EQ(run({{"GREETING", *quote_once("a  $b")}}, {*text, ">'<LOG_DIR>/stdout'"}), 0) << errors_;
  EXPECT_EQ(file("stdout"), "a  $b|<CPS>|{{x}}|y|");
}

TEST_F(Launch, ReservedWordsAndDashesAreCommandsLikeOthers) {
  for (const std::string name : {"-dash", "if", "while", "A=b", "{", "with space", "exit"}) {
    EXPECT_EQ(run({}, {*exec_command({}, std::vector<std::string>{name, "x"}, kLogRedirection)}), 127)
        << name;
    EXPECT_THAT(file("stderr"), HasSubstr(name + ": not found"));
  }
}

TEST_F(Launch, TextInFrontStaysShellText) {
  std::filesystem::create_directory(dir_ + "/sub");
  auto command = exec_command("cd '<LOG_DIR>/sub' &&", std::vector<std::string>{"pwd"}, kLogRedirection);
  ASSERT_TRUE(command);
  ASSERT_EQ(run({}, {*command}), 0) << errors_;
  EXPECT_EQ(file("stdout"), dir_ + "/sub\n");
}

TEST_F(Launch, LongestArgumentAndValue) {
  // kMaximumCommand counts the words "exec -- printf '%s\0' ''", the blanks and the redirection.
  const std::size_t frame =
      std::string_view("exec -- printf '%s\\0' '' ").size() + kLogRedirection.size() + 1;
  std::string argument(kMaximumCommand - frame, '\xe9');
  EXPECT_THAT(arguments({argument}), ElementsAre(argument));
  EXPECT_FALSE(
      exec_command({}, std::vector<std::string>{"printf", "%s\\0", argument + "e"}, kLogRedirection));

  std::string value(kMaximumString - std::string_view("V=").size(), '"');
  EXPECT_EQ(variables({{"V", value}}).at("V"), value);
  auto refused = quote_environment({{"V", value + "x"}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("'V' is 131072 bytes"));
  // And bash says the same.
  EXPECT_EQ(run({{"V", *quote_once(value) + "x"}}, {"exec /bin/true"}), 126) << errors_;
}

TEST_F(Launch, TheWholeEnvironmentHasALimit) {
  std::map<std::string, std::string> many;
  for (int i = 0; i < 14; ++i) many["V" + std::to_string(i)] = std::string(kMaximumString - 8, 'x');
  auto environment = quote_environment(many);
  ASSERT_TRUE(environment) << environment.error().message();
  EXPECT_EQ(run(*environment, {"exec /bin/true"}), 0) << errors_;
  many["LAST"] = std::string(kMaximumString - 8, 'x');
  EXPECT_FALSE(quote_environment(many));
}

TEST_F(Launch, NamesThatBashKeepsForItself) {
  for (const std::string name : {"UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO"}) {
    EXPECT_FALSE(check_variable_name(name)) << name;
    EXPECT_NE(run({{name, "1"}}, {"exec /bin/true"}), 0) << name;  // why: the launch ends
  }
  for (const std::string name :
       {"", "1A", "A-B", "A.B", "a b", "\xc3\xbc", "A=B", "BASH_FUNC_f%%", "RANDOM", "IFS", "_"}) {
    EXPECT_FALSE(check_variable_name(name)) << name;
  }
  std::map<std::string, std::string> allowed;
  for (const std::string name :
       {"A", "_A", "a1", "PYTHONPATH", "LC_ALL", "BASH_ENV", "TMOUT", "OMP_NUM_THREADS"}) {
    EXPECT_TRUE(check_variable_name(name)) << name;
    allowed[name] = "/no value";
  }
  EXPECT_EQ(variables(allowed), allowed);
  EXPECT_TRUE(is_set_by_yarn("HOME"));
  EXPECT_FALSE(is_set_by_yarn("PATH"));
}

TEST(Quoting, RefusesWhatNoProgramCanBeGiven) {
  EXPECT_FALSE(quote_once(std::string_view("a\0b", 3)));
  auto command = exec_command(std::vector<std::string>{"printf", std::string("a\0b", 3)});
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().message(),
            "command 'printf': a NUL byte cannot be passed to a program in an argument or a variable");
  EXPECT_FALSE(exec_command(std::vector<std::string>{}));
  EXPECT_FALSE(exec_command(std::vector<std::string>{"", "x"}));
  auto named = quote_environment({{"A B", "x"}});
  ASSERT_FALSE(named);
  EXPECT_THAT(named.error().message(), HasSubstr("'A B'"));
}

TEST(Quoting, PlainThingsStayReadable) {
  EXPECT_EQ(*exec_command(std::vector<std::string>{"python3", "-m", "work", "--n=3", "data/in.csv"}),
            "exec -- python3 -m work '--n=3' data/in.csv");
  EXPECT_EQ(*quote_once("/usr/bin:/bin"), "/usr/bin:/bin");
  EXPECT_EQ(*quote_once("$x {{ <CPS> \n"), "\\$x {\"\"{ <\"\"CPS> \"$'\\x0a'\"");
}

}  // namespace
}  // namespace knit::yarn
