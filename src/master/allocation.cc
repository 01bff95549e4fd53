#include "master/allocation.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace knit::master {

AfterFailure after_failure(const Error& error) {
  const auto says = [&](std::string_view text) { return error.message().find(text) != std::string::npos; };
  if (error.is_remote("ApplicationMasterNotRegisteredException")) return AfterFailure::kReregister;
  if (error.is_remote("ApplicationAttemptNotFoundException")) return AfterFailure::kOver;
  // AMRMTokenSecretManager.retrievePassword: the attempt's token was removed with the attempt.
  if (says("not found in AMRMTokenSecretManager")) return AfterFailure::kOver;
  switch (error.code()) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
    case ErrorCode::kInternal:
    case ErrorCode::kResourceExhausted:
      break;
    default:
      return AfterFailure::kRefused;
  }
  for (const std::string_view refusal :
       {"InvalidResourceRequestException", "InvalidApplicationMasterRequestException",
        "InvalidResourceBlacklistRequestException", "InvalidContainerReleaseException",
        "InvalidLabelResourceRequestException", "InvalidToken", "AccessControlException"}) {
    if (error.is_remote(refusal)) return AfterFailure::kRefused;
  }
  return AfterFailure::kRepeat;
}

Allocation::Allocation(yarn::ResourceRequest ask) : ask_(std::move(ask)) {}

void Allocation::registered() {
  response_id_ = 0;
  outstanding_ = 0;
  in_flight_.reset();
  to_release_.assign(released_.begin(), released_.end());
  avoid_ = avoided_;
  allow_.clear();
}

void Allocation::want(std::int32_t count) {
  wanted_ = count;
}

void Allocation::release(const ContainerId& container) {
  if (completed_.contains(container) || !released_.insert(container).second) return;
  to_release_.push_back(container);
}

void Allocation::avoid(const std::vector<std::string>& additions, const std::vector<std::string>& removals) {
  for (const auto& host : additions) {
    if (!avoided_.insert(host).second) continue;
    avoid_.insert(host);
    allow_.erase(host);
  }
  for (const auto& host : removals) {
    if (avoided_.erase(host) == 0) continue;
    if (avoid_.erase(host) == 0) allow_.insert(host);
  }
}

const yarn::AllocateRequest& Allocation::next(float progress) {
  if (in_flight_) return *in_flight_;
  yarn::AllocateRequest request;
  request.response_id = response_id_;
  request.progress = progress;
  if (wanted_ != outstanding_) {
    yarn::ResourceRequest ask = ask_;
    ask.count = wanted_;
    request.asks.push_back(std::move(ask));
  }
  request.releases = std::exchange(to_release_, {});
  const auto avoid = std::exchange(avoid_, {});
  const auto allow = std::exchange(allow_, {});
  request.blacklist_additions.assign(avoid.begin(), avoid.end());
  request.blacklist_removals.assign(allow.begin(), allow.end());
  in_flight_ = std::move(request);
  return *in_flight_;
}

Allocation::News Allocation::answered(const yarn::AllocateResponse& response) {
  News news;
  std::int32_t given = 0;
  for (const auto& container : response.allocated) {
    if (!known_.insert(container.id).second) continue;
    ++given;
    // One that has ended before we hear of it cannot be used.
    if (!completed_.contains(container.id)) news.containers.push_back(container);
  }
  // Containers of earlier attempts were not asked to be kept, so they serve nobody.
  for (const auto& container : response.previous_containers) {
    if (known_.insert(container.id).second) release(container.id);
  }
  for (const auto& status : response.completed) {
    if (!completed_.insert(status.id).second) continue;
    released_.erase(status.id);
    news.completed.push_back(status);
  }
  if (in_flight_ && !in_flight_->asks.empty()) {
    outstanding_ = in_flight_->asks.front().count;
  } else {
    outstanding_ = std::max(outstanding_ - given, 0);
  }
  wanted_ = std::max(wanted_ - static_cast<std::int32_t>(news.containers.size()), 0);
  response_id_ = response.response_id;
  in_flight_.reset();
  return news;
}

}  // namespace knit::master
