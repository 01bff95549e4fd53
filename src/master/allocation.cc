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

Allocation::Allocation(yarn::ResourceRequest ask, Spread spread)
    : ask_(std::move(ask)), spread_(std::move(spread)) {}

void Allocation::registered() {
  response_id_ = 0;
  told_.clear();
  unsure_ = false;
  in_flight_.reset();
  to_release_.assign(released_.begin(), released_.end());
  avoid_ = avoided_;
  allow_.clear();
}

void Allocation::want(std::int32_t count, Spread::Time now) {
  wanted_ = count;
  spread_.plan(count, now);
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
  if (!additions.empty() || !removals.empty()) spread_.avoid(avoided_);
}

// What the ResourceManager must be told for its counts to be ours.
std::vector<yarn::ResourceRequest> Allocation::asks() {
  auto counts = spread_.named();
  counts[std::string(yarn::kAnyPlace)] = wanted_;
  for (const auto& [place, told] : told_) counts.try_emplace(place, 0);
  const bool all = std::exchange(unsure_, false);
  std::vector<yarn::ResourceRequest> out;
  for (const auto& [place, count] : counts) {
    const auto told = told_.find(place);
    if (!all && (told == told_.end() ? 0 : told->second) == count) continue;
    yarn::ResourceRequest ask = ask_;
    ask.place = place;
    ask.count = count;
    out.push_back(std::move(ask));
  }
  return out;
}

const yarn::AllocateRequest& Allocation::next(float progress) {
  if (in_flight_) return *in_flight_;
  yarn::AllocateRequest request;
  request.response_id = response_id_;
  request.progress = progress;
  request.asks = asks();
  request.releases = std::exchange(to_release_, {});
  const auto avoid = std::exchange(avoid_, {});
  const auto allow = std::exchange(allow_, {});
  request.blacklist_additions.assign(avoid.begin(), avoid.end());
  request.blacklist_removals.assign(allow.begin(), allow.end());
  in_flight_ = std::move(request);
  return *in_flight_;
}

// `renewed`: places whose count was told after this container had been counted down.
void Allocation::count_down(const yarn::Container& container, const std::set<std::string>& renewed) {
  const auto owed = [&](const std::string& place) {
    const auto told = told_.find(place);
    if (told == told_.end() || told->second == 0) return false;
    if (!renewed.contains(place)) --told->second;
    return true;
  };
  const bool by_name = told_.size() > 1;
  const auto* const node = spread_.find(container.node);
  owed(std::string(yarn::kAnyPlace));
  // It came from another place than one that was named: whether its rack was counted down is the
  // scheduler's secret.
  if (by_name && (node == nullptr || !owed(node->name) || !owed(node->rack))) unsure_ = true;
}

Allocation::News Allocation::answered(const yarn::AllocateResponse& response) {
  News news;
  std::set<std::string> renewed;
  if (in_flight_) {
    for (const auto& ask : in_flight_->asks) {
      renewed.insert(ask.place);
      told_[ask.place] = ask.count;
    }
  }
  for (const auto& container : response.allocated) {
    if (!known_.insert(container.id).second) continue;
    count_down(container, renewed);
    spread_.placed(container.node);
    // One that has ended before we hear of it cannot be used.
    if (completed_.contains(container.id)) {
      spread_.gone(container.node);
      continue;
    }
    placed_.emplace(container.id, container.node);
    news.containers.push_back(container);
  }
  for (const auto& container : response.previous_containers) {
    if (known_.insert(container.id).second) news.previous.push_back(container);
  }
  for (const auto& status : response.completed) {
    if (!completed_.insert(status.id).second) continue;
    released_.erase(status.id);
    if (const auto placed = placed_.extract(status.id)) spread_.gone(placed.mapped());
    news.completed.push_back(status);
  }
  for (const auto& node : response.updated_nodes) spread_.report(node.id, node.state);
  std::erase_if(told_, [](const auto& told) { return told.second == 0; });
  wanted_ = std::max(wanted_ - static_cast<std::int32_t>(news.containers.size()), 0);
  response_id_ = response.response_id;
  in_flight_.reset();
  return news;
}

}  // namespace knit::master
