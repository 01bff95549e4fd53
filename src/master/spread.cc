#include "master/spread.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace knit::master {
namespace {

// The name may have the port behind it (yarn.scheduler.include-port-in-node-name).
std::string host_of(std::string_view name) {
  return std::string(name.substr(0, name.rfind(':')));
}

}  // namespace

Spread::Spread(std::vector<control::UsableNode> nodes, Duration patience) : patience_(patience) {
  for (auto& node : nodes) {
    by_name_.emplace(node.name, places_.size());
    places_.push_back(Place{std::move(node)});
  }
}

Spread::Place* Spread::place(const NodeId& node) {
  auto found = by_name_.find(node.host);
  if (found == by_name_.end()) found = by_name_.find(to_string(node));
  return found == by_name_.end() ? nullptr : &places_[found->second];
}

const control::UsableNode* Spread::find(const NodeId& node) const {
  const Place* const place = const_cast<Spread*>(this)->place(node);
  return place == nullptr ? nullptr : &place->node;
}

void Spread::plan(std::int32_t open, Time now) {
  if (asked_ > 0 && now >= forget_at_) {
    unnamed_ += asked_;
    for (auto& place : places_) forget(place);
  }
  const std::int32_t more = open - asked_ - unnamed_;
  if (more < 0) withdraw(-more);
  if (more <= 0) return;
  const auto usable =
      std::count_if(places_.begin(), places_.end(), [](const Place& place) { return place.usable(); });
  if (usable > 0 && more >= usable) {
    name(more, now);
  } else {
    unnamed_ += more;
  }
}

void Spread::name(std::int32_t count, Time now) {
  if (asked_ == 0) forget_at_ = now + patience_;
  for (; count > 0; --count) {
    Place* const place = best();
    if (place == nullptr) break;
    ++place->asked;
    ++asked_;
  }
  unnamed_ += count;
}

Spread::Place* Spread::best() {
  const auto first_of = [&](std::int32_t control::UsableNode::*room) {
    const auto left = [&](const Place& place) { return place.node.*room - place.load(); };
    Place* best = nullptr;
    for (auto& place : places_) {
      if (!place.usable() || left(place) <= 0) continue;
      const bool better = best == nullptr || place.load() < best->load() ||
                          (place.load() == best->load() && left(place) > left(*best));
      if (better) best = &place;
    }
    return best;
  };
  Place* const free = first_of(&control::UsableNode::room);
  return free != nullptr ? free : first_of(&control::UsableNode::most);
}

// What may come from anywhere first, then where most is asked for.
void Spread::withdraw(std::int32_t count) {
  const auto anywhere = std::min(count, unnamed_);
  unnamed_ -= anywhere;
  for (count -= anywhere; count > 0 && asked_ > 0; --count) {
    auto& most = *std::max_element(places_.begin(), places_.end(),
                                   [](const Place& a, const Place& b) { return a.asked < b.asked; });
    --most.asked;
    --asked_;
  }
}

void Spread::forget(Place& place) {
  asked_ -= std::exchange(place.asked, 0);
}

void Spread::placed(const NodeId& node) {
  Place* const place = this->place(node);
  if (place != nullptr) ++place->used;
  if (place != nullptr && place->asked > 0) {
    --place->asked;
    --asked_;
  } else if (unnamed_ > 0) {
    --unnamed_;
  }
}

void Spread::gone(const NodeId& node) {
  Place* const place = this->place(node);
  if (place != nullptr && place->used > 0) --place->used;
}

void Spread::report(const NodeId& node, NodeState state) {
  Place* const place = this->place(node);
  if (place == nullptr) return;
  place->running = state == NodeState::kRunning;
  if (!place->usable()) forget(*place);
}

void Spread::avoid(const std::set<std::string>& hosts) {
  for (auto& place : places_) {
    place.avoided = hosts.contains(place.node.name) || hosts.contains(host_of(place.node.name));
    if (!place.usable()) forget(place);
  }
}

std::map<std::string, std::int32_t> Spread::named() const {
  std::map<std::string, std::int32_t> out;
  for (const auto& place : places_) {
    if (place.asked == 0) continue;
    out[place.node.name] += place.asked;
    out[place.node.rack] += place.asked;
  }
  return out;
}

}  // namespace knit::master
