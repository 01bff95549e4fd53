#include "logs/follow_cursor.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace knit::logs {

void FollowCursor::begin_anew() {
  if (seen_ > 0) anew_ = true;
  seen_ = 0;
}

bool FollowCursor::took_anew() {
  return std::exchange(anew_, false);
}

std::optional<FollowCursor::Ask> FollowCursor::ask(std::uint64_t length) {
  if (length < seen_) begin_anew();
  if (length == seen_ && !whole_next_) return std::nullopt;
  listed_ = length;
  const std::uint64_t wanted = length - seen_ + slack_;
  // All of it, when that is no more: then nothing that is added meanwhile is missed.
  if (std::exchange(whole_next_, false) || wanted >= length) return Ask{};
  return Ask{.size = -static_cast<std::int64_t>(wanted)};
}

FollowCursor::Begin FollowCursor::begin(const NodeLogSection& section) {
  if (section.length < seen_) begin_anew();
  const std::uint64_t grown = section.length > listed_ ? section.length - listed_ : 0;
  slack_ = std::clamp(std::max(slack_ / 2, std::min(grown, kMaxSlack) * 2), kMinSlack, kMaxSlack);
  if (section.offset > seen_) {
    // It grew by more than the slack. Without a size no growth matters.
    whole_next_ = section.length - seen_ > kMaxSlack / 2 || seen_ == 0;
    return Begin::kAskAgain;
  }
  skip_ = seen_ - section.offset;
  return Begin::kTake;
}

std::span<const std::byte> FollowCursor::take(std::span<const std::byte> data) {
  const auto dropped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, data.size()));
  skip_ -= dropped;
  seen_ += data.size() - dropped;
  return data.subspan(dropped);
}

FollowCursor::Rest FollowCursor::rest_of(std::uint64_t length) const {
  if (length >= seen_) return {.offset = seen_};
  return {.offset = length,
          .lost = "the uploaded copy has only " + std::to_string(length) + " of the " +
                  std::to_string(seen_) + " bytes that were read while it ran"};
}

std::string unread(std::string_view file, std::string_view container, const FollowCursor& cursor,
                   std::string_view reason) {
  std::string text = std::string(file) + " of " + std::string(container) + ": ";
  text += cursor.seen() == 0
              ? "nothing of it could be read"
              : "what it wrote after its first " + std::to_string(cursor.seen()) + " bytes could not be read";
  return text + ": " + std::string(reason);
}

}  // namespace knit::logs
