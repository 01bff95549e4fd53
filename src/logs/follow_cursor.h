// Following one log of one container although its NodeManager has no byte ranges and forgets it about a
// second after the application's end. Pure: decides what to ask for and which of the bytes that come are new.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "logs/node_log_page.h"

namespace knit::logs {

// Every byte of the log once and in order, while it grows:
//
//   cursor.ask(length from the node's list)  -> the size to ask for, or nothing: no news
//   NodeLogPageParser over the answer; at its first section begin(section)
//     kTake:     hand each piece to take() and use what that gives
//     kAskAgain: drop the answer; ask(section.length) at once
//   An answer that breaks off, or has no section, needs nothing: the next ask() goes on behind what was
//   taken. At the end: rest_of() the aggregated log, or unread() where there is none.
//
// A log that is shorter than what was read of it began anew (its container was started again in place, or the
// log was rotated): it is read from its beginning, and took_anew() says so once. One that grew past that
// point between two looks cannot be told from one that only grew.
class FollowCursor {
 public:
  struct Ask {
    std::optional<std::int64_t> size;  // for node_log_path and NodeLogPageParser
  };
  // `length`: the log's, as the node's list said a moment ago.
  std::optional<Ask> ask(std::uint64_t length);

  enum class Begin { kTake, kAskAgain };
  Begin begin(const NodeLogSection& section);
  std::span<const std::byte> take(std::span<const std::byte> data);

  // Bytes of the log that were given out, since it last began anew.
  std::uint64_t seen() const { return seen_; }
  // True once after the log began anew: what was an unfinished line then stays one.
  bool took_anew();

  // Where to go on in the uploaded log, which has `length` bytes; its end if there is nothing more. Then what
  // take() is given is what NodeLog::read gives from there: count it by read_on().
  struct Rest {
    std::uint64_t offset = 0;
    std::string lost;  // in words, where the upload lacks what was seen already; else empty
  };
  Rest rest_of(std::uint64_t length) const;
  void read_on(std::uint64_t bytes) { seen_ += bytes; }

 private:
  void begin_anew();

  std::uint64_t seen_ = 0;
  std::uint64_t listed_ = 0;  // at the last ask()
  std::uint64_t slack_ = kMinSlack;
  std::uint64_t skip_ = 0;  // of the answer: seen before
  bool whole_next_ = false;
  bool anew_ = false;

  // A log grows between the list and the answer; so more than the difference is asked for, twice of what it
  // last grew by. What comes twice is dropped.
  static constexpr std::uint64_t kMinSlack = 4 << 10;
  static constexpr std::uint64_t kMaxSlack = 256 << 20;
};

// "stdout of container_1_0001_01_000002: what it wrote after its first 120 bytes could not be read: ...".
std::string unread(std::string_view file, std::string_view container, const FollowCursor& cursor,
                   std::string_view reason);

}  // namespace knit::logs
