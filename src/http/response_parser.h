// The bytes of one HTTP/1.1 answer, understood piece by piece. Pure: a core; client.h drives it.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <memory>
#include <span>

#include "http/message.h"

namespace knit::http {

// Give it bytes by feed(), ask next() until it wants more, and tell it by end_of_input() that the connection
// closed. Holds the head and at most one piece of body (16 KiB) beside what was fed and not yet taken.
// Content-Length, chunked and until-close bodies; interim answers (1xx) are passed over. Not copyable.
class ResponseParser {
 public:
  enum class What {
    kNeedInput,
    kHead,  // head() is complete
    kBody,  // `body` is the next piece, valid until the next call
    kEnd,   // the answer is complete
  };
  struct Event {
    What what = What::kNeedInput;
    std::span<const std::byte> body;
  };

  explicit ResponseParser(const Limits& limits);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  void feed(std::span<const std::byte> bytes);
  void end_of_input();

  // kDataLoss: no HTTP, or malformed. kResourceExhausted: beyond a limit. kUnavailable: the connection closed
  // before the answer was complete.
  Result<Event> next();

  const ResponseHead& head() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace knit::http
