// What the identifiers of YARN's own tokens say. Protobuf messages since Hadoop 2.6 (AMRMTokenIdentifier,
// NMTokenIdentifier, ContainerTokenIdentifier; field numbers from yarn_security_token.proto and
// yarn_protos.proto, 3.4.2). Read only, for decisions and messages: the bytes that are shown to daemons are
// always those received.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace knit::security {

struct AmrmTokenIdentifier {
  ApplicationAttemptId attempt;
  std::int32_t key_id = 0;  // random, may be negative; a rolled token has another
  bool operator==(const AmrmTokenIdentifier&) const = default;
};

struct NmTokenIdentifier {
  ApplicationAttemptId attempt;
  NodeId node;
  std::string submitter;
  std::int32_t key_id = 0;
  bool operator==(const NmTokenIdentifier&) const = default;
};

struct ContainerTokenIdentifier {
  ContainerId container;
  std::string node_address;                                 // "host:port" of the NodeManager
  std::chrono::sys_time<std::chrono::milliseconds> expiry;  // by the NodeManager's clock
  bool operator==(const ContainerTokenIdentifier&) const = default;
};

// Each takes a token's `identifier`. kDataLoss for bytes that are no such message or lack a field named
// above.
Result<AmrmTokenIdentifier> decode_amrm_token_identifier(std::string_view identifier);
Result<NmTokenIdentifier> decode_nm_token_identifier(std::string_view identifier);
Result<ContainerTokenIdentifier> decode_container_token_identifier(std::string_view identifier);

}  // namespace knit::security
