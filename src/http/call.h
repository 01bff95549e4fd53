// What a server's handler gets and gives, as plain values.
#pragma once

#include <knit/error.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "security/certificates.h"

namespace knit::io {
class Event;
}

namespace knit::http {

// One request, whole, of somebody whose certificate was believed.
struct Call {
  std::string method;                                      // "GET", as it was sent
  std::string path;                                        // "/v1/containers/3": decoded, UTF-8
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order given
  std::vector<Header> headers;
  std::string body;
  security::PeerName peer;
  // The handler is cancelled then, and the client told that it took too long: a long poll answers before.
  // Steady time, an io::Deadline.
  std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds> deadline{};

  // Set when the client has closed the connection and nobody waits for the answer any more. For handlers that
  // wait; what has begun is finished all the same. Never null for a server's calls.
  io::Event* gone = nullptr;

  const std::string* header(std::string_view name) const { return find(headers, name); }
  // The first of that name in the query; nullptr if there is none.
  const std::string* parameter(std::string_view name) const;
};

struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<Header> headers;  // beside Date, Content-Type, Content-Length, Cache-Control and Connection
};

// {"code": "not_found", "error": "no instance 7"} and the status that fits the code (404), or the one given.
Reply error_reply(const Error& error, int status = 0);

struct ReplyForm {
  bool head_only = false;  // the answer to a HEAD
  bool closes = false;     // no further request is read from this connection
  WallTime now{};          // told to the client, whose clock may be off
};
// A whole answer as it goes over the connection.
std::string to_text(const Reply& reply, const ReplyForm& form);

}  // namespace knit::http
