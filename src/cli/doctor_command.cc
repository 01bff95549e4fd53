// knit doctor and knit completion.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/context.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

const char* level_text(Finding::Level level) {
  switch (level) {
    case Finding::Level::kOk:
      return "ok";
    case Finding::Level::kWarning:
      return "warning";
    case Finding::Level::kProblem:
      return "problem";
  }
  return "problem";
}

// 0 unless there is a problem.
int doctor(Context& context) {
  const auto findings = Client::doctor(context.options);
  bool problem = false;
  json::array out;
  for (const auto& finding : findings) {
    problem |= finding.level == Finding::Level::kProblem;
    out.push_back(json::object{{"level", level_text(finding.level)},
                               {"what", finding.what},
                               {"detail", finding.detail},
                               {"remedy", finding.remedy}});
  }
  if (context.json) {
    print_json(out);
  } else {
    for (const auto& finding : findings) {
      fmt::print("{:<8} {}: {}\n", level_text(finding.level), finding.what, finding.detail);
      if (!finding.remedy.empty()) fmt::print("{:<8} -> {}\n", "", finding.remedy);
    }
  }
  return problem ? kExitFailed : kExitSucceeded;
}

}  // namespace

void add_doctor_commands(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("doctor", "what is reachable, as whom, what is wrong and how to mend it");
  command->callback([&context] { context.action = [&context] { return doctor(context); }; });

  auto* completion = app.add_subcommand("completion", "print a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&app, &context, shell] {
    context.action = [&app, shell] {
      fmt::print("{}", completion_script(app, *shell));
      return static_cast<int>(kExitSucceeded);
    };
  });
}

}  // namespace knit::cli
