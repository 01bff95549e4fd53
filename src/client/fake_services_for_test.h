// For tests: a ResourceManager that follows a script.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/application_service.h"

namespace knit::client {

// Knows the applications in `states` and those that were submitted, which go through `life`, one state more
// each time they are asked for.
class FakeApplications final : public ApplicationService {
 public:
  std::map<ApplicationId, ApplicationState> states;
  std::vector<ApplicationState> life{ApplicationState::kNew, ApplicationState::kAccepted};
  std::int32_t attempt_at_end = 0;  // of one whose life ends with kFailed
  std::string diagnostics;
  std::optional<Error> submit_error, report_error;
  std::function<io::Task<void>()> before_submit;
  std::vector<yarn::SubmissionContext> submitted;
  std::vector<ApplicationId> killed;
  std::size_t asked = 0;  // about what was submitted

  io::Task<Result<yarn::NewApplication>> new_application() override {
    co_return yarn::NewApplication{{1763862000000, ++last_id_}, {ByteSize::mib(4096), 8, {}}};
  }
  io::Task<Status> submit(yarn::SubmissionContext context) override {
    if (before_submit) co_await before_submit();
    const auto id = context.id;
    submitted.push_back(std::move(context));
    if (submit_error) co_return *submit_error;
    states[id] = ApplicationState::kNew;
    co_return Status();
  }
  io::Task<Result<ApplicationReport>> report(ApplicationId id) override {
    if (report_error) co_return *report_error;
    const auto known = states.find(id);
    if (known == states.end()) co_return Error(ErrorCode::kNotFound, to_string(id) + " is not known");
    ApplicationReport report;
    report.id = id;
    const bool ours = !submitted.empty() && submitted.back().id == id && !has_ended(known->second);
    if (ours) known->second = life[std::min(asked++, life.size() - 1)];
    report.state = known->second;
    if (report.state == ApplicationState::kFailed) {
      report.diagnostics = diagnostics;
      report.current_attempt = {id, attempt_at_end};
    }
    co_return report;
  }
  io::Task<Result<bool>> kill(ApplicationId id, std::string) override {
    killed.push_back(id);
    if (!states.contains(id)) co_return Error(ErrorCode::kNotFound, "unknown");
    states[id] = ApplicationState::kKilled;
    co_return true;
  }

 private:
  std::int32_t last_id_ = 0;
};

}  // namespace knit::client
