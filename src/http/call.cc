#include "http/call.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>

#include "base/json.h"
#include "base/try.h"

namespace knit::http {
namespace {

std::string_view reason(int status) {
  namespace beast = boost::beast::http;
  return beast::obsolete_reason(beast::int_to_status(static_cast<unsigned>(status)));
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kUnauthenticated:
      return 401;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
      return 409;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kDataLoss:
    case ErrorCode::kInternal:
      return 500;
    case ErrorCode::kUnimplemented:
      return 501;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kDeadlineExceeded:
      return 504;
  }
  throw Bug("an error code without a status");
}

void add(std::string& text, std::string_view name, std::string_view value) {
  for (const std::string_view part : {name, value}) {
    KNIT_ASSERT(part.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
                "a header of an answer would end its line");
  }
  text.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

const std::string* Call::parameter(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  return found == query.end() ? nullptr : &found->second;
}

Reply error_reply(const Error& error, int status) {
  const boost::json::object body{{"code", to_string(error.code())},
                                 {"error", base::json_text(error.message())}};
  return {.status = status != 0 ? status : status_of(error.code()), .body = base::to_json(body) + "\n"};
}

std::string to_text(const Reply& reply, const ReplyForm& form) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
  add(text, "Date",
      fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", std::chrono::floor<std::chrono::seconds>(form.now)));
  if (!reply.body.empty()) add(text, "Content-Type", reply.content_type);
  // RFC 9110, 8.6: none with 204.
  if (reply.status != 204) add(text, "Content-Length", std::to_string(reply.body.size()));
  add(text, "Cache-Control", "no-store");
  if (form.closes) add(text, "Connection", "close");
  for (const auto& [name, value] : reply.headers) add(text, name, value);
  text += "\r\n";
  KNIT_ASSERT(reply.status != 204 || reply.body.empty(), "an answer 204 has no body");
  return form.head_only ? text : text + reply.body;
}

}  // namespace knit::http
