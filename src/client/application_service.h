// What submitting and sweeping ask of a ResourceManager: the real one, or a test's script.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <string>

#include "yarn/resource_manager.h"

namespace knit::client {

// Each method as in yarn::ResourceManager.
class ApplicationService {
 public:
  virtual ~ApplicationService() = default;
  virtual io::Task<Result<yarn::NewApplication>> new_application() = 0;
  virtual io::Task<Status> submit(yarn::SubmissionContext context) = 0;
  virtual io::Task<Result<ApplicationReport>> report(ApplicationId id) = 0;
  virtual io::Task<Result<bool>> kill(ApplicationId id, std::string diagnostics) = 0;
};

// Refers to the ResourceManager, which must outlive it.
class YarnApplicationService final : public ApplicationService {
 public:
  explicit YarnApplicationService(yarn::ResourceManager& resource_manager)
      : resource_manager_(resource_manager) {}
  io::Task<Result<yarn::NewApplication>> new_application() override {
    return resource_manager_.new_application();
  }
  io::Task<Status> submit(yarn::SubmissionContext context) override {
    return resource_manager_.submit(std::move(context));
  }
  io::Task<Result<ApplicationReport>> report(ApplicationId id) override {
    return resource_manager_.report(id);
  }
  io::Task<Result<bool>> kill(ApplicationId id, std::string diagnostics) override {
    return resource_manager_.kill(id, std::move(diagnostics));
  }

 private:
  yarn::ResourceManager& resource_manager_;
};

}  // namespace knit::client
