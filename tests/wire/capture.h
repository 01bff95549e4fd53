// Splits the captures of tests/golden into single protobuf messages, with the full name of each one's type.
//
// The splitter reads the few header fields it needs (call id, method, protocol) by hand, without generated
// code: what it hands out is the input of tests of that code. Captures are trusted files of this repository;
// anything unexpected in them throws std::runtime_error with file and offset, which fails the test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace knit::wire_test {

/// One message as it travelled.
struct WireMessage {
  std::string type;    ///< full protobuf name, "hadoop.yarn.AllocateRequestProto"
  std::string bytes;   ///< the message alone: no length in front of it
  std::string origin;  ///< where it came from, "rpc/nn-ops c2s @123", for failure messages
};

/// The messages of a Hadoop RPC connection, both directions: headers, SASL, contexts, requests, answers.
/// Wrapped SASL tokens stay closed. NAME is the capture without ".c2s.bin", relative to tests/golden.
std::vector<WireMessage> split_rpc(const std::string& name);

/// As split_rpc, only what the server sent, and no bodies: for captures whose client spoke nonsense on
/// purpose.
std::vector<WireMessage> split_rpc_answer_headers(const std::string& name);

/// The messages of a connection to a DataNode's data port without SASL: operation, answers, packet headers,
/// acks.
std::vector<WireMessage> split_data_transfer(const std::string& name);

/// The SASL handshake in front of a secured data connection; what follows it is encrypted.
std::vector<WireMessage> split_data_transfer_handshake(const std::string& name);

/// The CredentialsProto of a token storage file, version 1, and the YARN delegation token identifiers inside.
std::vector<WireMessage> split_credentials(const std::string& path);

/// All of the above over every capture of tests/golden that holds protobuf.
std::vector<WireMessage> all_golden_messages();

}  // namespace knit::wire_test
