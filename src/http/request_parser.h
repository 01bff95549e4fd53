// The bytes of requests of HTTP/1.x, understood one by one. Pure: a core; server.h drives it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "http/call.h"

namespace knit::http {

struct RequestLimits {
  // Request line and headers: curl's and Python's take 200 bytes, and there are no cookies.
  std::size_t head = 16 << 10;
  // What the control channel takes is a line of JSON or two; a key-value store's value may come to this.
  std::size_t body = 256 << 10;
};

// The requests of one connection, in their order. Give it bytes by feed() and ask next() until it wants more.
// Holds one request and what was fed and not yet taken.
class RequestParser {
 public:
  enum class What {
    kNeedInput,
    kContinue,  // the client sends its body only after "100 Continue"; told once for each request
    kCall,      // take() it
    kRefused,   // refusal() says why; nothing more can be understood
  };

  explicit RequestParser(const RequestLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  void feed(std::span<const std::byte> bytes);
  What next();

  // After kCall, once. Without peer and deadline, which are not the bytes' to say.
  Call take();
  // Whether the client sends no further request after the one that was last taken.
  bool is_last() const;
  const Reply& refusal() const;
  // Nothing of a further request has come: the connection may end here.
  bool is_between() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace knit::http
