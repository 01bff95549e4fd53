// From a request to the call it stands for. The one place that says which paths there are and who may use
// them. No sockets.
#pragma once

#include <string>

#include "control/service.h"

namespace knit::control {

// Whose certificate the caller showed.
enum class Caller {
  kOwner,      // may do everything
  kContainer,  // may read
};

struct Call {
  std::string method;  // "GET"
  std::string path;    // "/v1/application": decoded, without the query
  std::string body;
  Caller caller = Caller::kContainer;
  io::Event* gone = nullptr;  // set when the caller has left; null where nobody can tell
};

struct Reply {
  int status = 200;   // HTTP's
  std::string body;   // JSON; empty for 204
  std::string allow;  // of 405: the methods there are
};

// Does what the call asks for, and answers in any case.
io::Task<Reply> route(Service& service, Call call);

}  // namespace knit::control
