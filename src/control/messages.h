// The values of service.h as JSON. Members that a reader does not know are ignored, so that both sides may be
// of different versions of Knit. A core.
#pragma once

#include <string>
#include <string_view>

#include "control/journal.h"
#include "control/service.h"

namespace knit::control {

// Of a request. Removing 50,000 instances by number takes 350 kB.
inline constexpr std::size_t kMaxRequest = 1u << 20;
// Of an answer: 100,000 instances with a reason each.
inline constexpr std::size_t kMaxAnswer = 64u << 20;

std::string encode(const ApplicationStatus& status);
std::string encode(const std::vector<InstanceReport>& instances);
std::string encode(const ScaleRequest& request);
std::string encode(const ScaleResult& reply);
std::string encode(const FollowRequest& request);
std::string encode(const FollowAnswer& answer);
std::string encode_grace(std::chrono::milliseconds grace);
// {"code": "not_found", "error": "there is no instance 7"}
std::string encode(const Error& error);

// kDataLoss names the member that is missing or malformed.
Result<ApplicationStatus> decode_application(std::string_view json);
Result<std::vector<InstanceReport>> decode_instances(std::string_view json);
Result<ScaleRequest> decode_scale_request(std::string_view json);
Result<ScaleResult> decode_scale_result(std::string_view json);
Result<FollowRequest> decode_follow_request(std::string_view json);
Result<FollowAnswer> decode_follow_answer(std::string_view json);
// An empty text is the default.
Result<std::chrono::milliseconds> decode_grace(std::string_view json);
// What a server answered, as an error again; `status` is HTTP's, for an answer that is none of Knit's.
Error decode_error(int status, std::string_view body);

// HTTP's status for an error, and back.
int status_of(ErrorCode code);
ErrorCode code_of(int status);

}  // namespace knit::control
