#include "security/identifiers.h"

#include <fmt/format.h>

#include "base/try.h"
#include "security/wire_reader.h"

namespace knit::security {
namespace {

// Calls `visit(field) -> Status` for every field of a message.
template <class Visit>
Status for_each_field(std::string_view message, Visit visit) {
  WireReader reader(message);
  while (true) {
    KNIT_TRY(const auto field, reader.next());
    if (!field) return {};
    KNIT_TRY_VOID(visit(*field));
  }
}

// `seen` has bit n set when field n was there.
Status require(unsigned seen, unsigned wanted, std::string_view message) {
  if ((seen & wanted) == wanted) return {};
  return Error(ErrorCode::kDataLoss, fmt::format("{} lacks a required field", message));
}

Result<ApplicationId> decode_application(std::string_view bytes) {
  ApplicationId out;
  unsigned seen = 0;
  KNIT_TRY_VOID(for_each_field(bytes, [&](const WireReader::Field& field) -> Status {
    if (field.is_varint(1)) out.id = field.as_int32(), seen |= 1 << 1;
    if (field.is_varint(2)) out.cluster_timestamp = field.as_int64(), seen |= 1 << 2;
    return {};
  }));
  KNIT_TRY_VOID(require(seen, 0b110, "ApplicationIdProto"));
  return out;
}

Result<ApplicationAttemptId> decode_attempt(std::string_view bytes) {
  ApplicationAttemptId out;
  unsigned seen = 0;
  KNIT_TRY_VOID(for_each_field(bytes, [&](const WireReader::Field& field) -> Status {
    if (field.is_bytes(1)) {
      KNIT_TRY(out.application, decode_application(field.bytes));
      seen |= 1 << 1;
    }
    if (field.is_varint(2)) out.attempt = field.as_int32(), seen |= 1 << 2;
    return {};
  }));
  KNIT_TRY_VOID(require(seen, 0b110, "ApplicationAttemptIdProto"));
  return out;
}

// ContainerIdProto: app_id 1 (older servers leave it out), app_attempt_id 2, id 3.
Result<ContainerId> decode_container(std::string_view bytes) {
  ContainerId out;
  unsigned seen = 0;
  KNIT_TRY_VOID(for_each_field(bytes, [&](const WireReader::Field& field) -> Status {
    if (field.is_bytes(2)) {
      KNIT_TRY(out.attempt, decode_attempt(field.bytes));
      seen |= 1 << 2;
    }
    if (field.is_varint(3)) out.id = field.as_int64(), seen |= 1 << 3;
    return {};
  }));
  KNIT_TRY_VOID(require(seen, 0b1100, "ContainerIdProto"));
  return out;
}

Result<NodeId> decode_node(std::string_view bytes) {
  NodeId out;
  unsigned seen = 0;
  KNIT_TRY_VOID(for_each_field(bytes, [&](const WireReader::Field& field) -> Status {
    if (field.is_bytes(1)) out.host = field.bytes, seen |= 1 << 1;
    if (field.is_varint(2)) out.port = field.as_int32(), seen |= 1 << 2;
    return {};
  }));
  KNIT_TRY_VOID(require(seen, 0b110, "NodeIdProto"));
  return out;
}

Result<AmrmTokenIdentifier> decode_amrm(std::string_view bytes) {
  AmrmTokenIdentifier out;
  unsigned seen = 0;
  KNIT_TRY_VOID(for_each_field(bytes, [&](const WireReader::Field& field) -> Status {
    if (field.is_bytes(1)) {
      KNIT_TRY(out.attempt, decode_attempt(field.bytes));
      seen |= 1 << 1;
    }
    if (field.is_varint(2)) out.key_id = field.as_int32(), seen |= 1 << 2;
    return {};
  }));
  KNIT_TRY_VOID(require(seen, 0b110, "AMRMTokenIdentifierProto"));
  return out;
}

Result<NmTokenIdentifier> decode_nm(std::string_view bytes) {
  NmTokenIdentifier out;
  unsigned seen = 0;
  KNIT_TRY_VOID(for_each_field(bytes, [&](const WireReader::Field& field) -> Status {
    if (field.is_bytes(1)) {
      KNIT_TRY(out.attempt, decode_attempt(field.bytes));
      seen |= 1 << 1;
    }
    if (field.is_bytes(2)) {
      KNIT_TRY(out.node, decode_node(field.bytes));
      seen |= 1 << 2;
    }
    if (field.is_bytes(3)) out.submitter = field.bytes, seen |= 1 << 3;
    if (field.is_varint(4)) out.key_id = field.as_int32(), seen |= 1 << 4;
    return {};
  }));
  KNIT_TRY_VOID(require(seen, 0b11110, "NMTokenIdentifierProto"));
  return out;
}

// ContainerTokenIdentifierProto: containerId 1, nmHostAddr 2, appSubmitter 3, resource 4, expiryTimeStamp 5
// (ms), ...
Result<ContainerTokenIdentifier> decode_container_token(std::string_view bytes) {
  ContainerTokenIdentifier out;
  unsigned seen = 0;
  KNIT_TRY_VOID(for_each_field(bytes, [&](const WireReader::Field& field) -> Status {
    if (field.is_bytes(1)) {
      KNIT_TRY(out.container, decode_container(field.bytes));
      seen |= 1 << 1;
    }
    if (field.is_bytes(2)) out.node_address = field.bytes, seen |= 1 << 2;
    if (field.is_varint(5)) {
      out.expiry = decltype(out.expiry)(std::chrono::milliseconds(field.as_int64()));
      seen |= 1 << 5;
    }
    return {};
  }));
  KNIT_TRY_VOID(require(seen, 0b100110, "ContainerTokenIdentifierProto"));
  return out;
}

}  // namespace

Result<AmrmTokenIdentifier> decode_amrm_token_identifier(std::string_view identifier) {
  return decode_amrm(identifier).with_context("identifier of an AMRM token");
}

Result<NmTokenIdentifier> decode_nm_token_identifier(std::string_view identifier) {
  return decode_nm(identifier).with_context("identifier of an NM token");
}

Result<ContainerTokenIdentifier> decode_container_token_identifier(std::string_view identifier) {
  return decode_container_token(identifier).with_context("identifier of a container token");
}

}  // namespace knit::security
