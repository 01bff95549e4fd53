#include "wire/capture.h"

#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace knit::wire_test {
namespace {

std::string read_golden(const std::string& path) {
  std::ifstream in(std::string(KNIT_SOURCE_DIR) + "/tests/golden/" + path, std::ios::binary);
  if (!in) throw std::runtime_error("tests/golden/" + path + ": cannot be opened");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A position in a capture; every read checks that the bytes are there.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::string origin) : bytes_(bytes), origin_(std::move(origin)) {}

  bool at_end() const { return at_ == bytes_.size(); }
  std::string where() const { return origin_ + " @" + std::to_string(at_); }

  std::string_view take(size_t n) {
    if (n > bytes_.size() - at_) throw std::runtime_error(where() + ": ends early");
    at_ += n;
    return bytes_.substr(at_ - n, n);
  }

  uint64_t big_endian(size_t n) {
    uint64_t value = 0;
    for (unsigned char c : take(n)) value = value << 8 | c;
    return value;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      auto c = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<uint64_t>(c & 0x7f) << shift;
      if ((c & 0x80) == 0) return value;
    }
    throw std::runtime_error(where() + ": varint of more than ten bytes");
  }

  std::string_view delimited() { return take(varint()); }

 private:
  std::string_view bytes_;
  std::string origin_;
  size_t at_ = 0;
};

/// Every field NUMBER of a message: varints as their value, length-delimited ones as their bytes.
struct Field {
  uint64_t value = 0;
  std::string_view bytes;
};

std::vector<Field> fields(std::string_view message, uint64_t number) {
  Cursor in(message, "field " + std::to_string(number));
  std::vector<Field> found;
  while (!in.at_end()) {
    uint64_t tag = in.varint();
    Field field;
    switch (tag & 7) {
      case 0:
        field.value = in.varint();
        break;
      case 1:
        in.take(8);
        break;
      case 2:
        field.bytes = in.delimited();
        break;
      case 5:
        in.take(4);
        break;
      default:
        throw std::runtime_error(in.where() + ": wire type " + std::to_string(tag & 7));
    }
    if (tag >> 3 == number) found.push_back(field);
  }
  return found;
}

std::string_view bytes_field(std::string_view message, uint64_t number) {
  auto found = fields(message, number);
  return found.empty() ? std::string_view() : found.back().bytes;
}

std::optional<uint64_t> varint_field(std::string_view message, uint64_t number) {
  auto found = fields(message, number);
  if (found.empty()) return std::nullopt;
  return found.back().value;
}

int64_t zigzag(uint64_t v) {
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

/// "hadoop.yarn.GetApplications" for a call; "Request"/"Response" + "Proto" are to follow.
std::string type_stem(std::string_view protocol, std::string method) {
  if (method == "forceKillApplication") method = "killApplication";
  if (method == "getResourceTypeInfo") method = "getAllResourceTypeInfo";
  method[0] = static_cast<char>(method[0] - 'a' + 'A');
  bool hdfs = protocol.find(".hdfs.") != std::string_view::npos;
  return (hdfs ? "hadoop.hdfs." : "hadoop.yarn.") + method;
}

/// The open calls of a connection: call id to type stem.
using Calls = std::map<int64_t, std::string>;

class RpcSplitter {
 public:
  explicit RpcSplitter(std::string name) : name_(std::move(name)) {}

  void client() {
    std::string bytes = read_golden(name_ + ".c2s.bin");
    Cursor in(bytes, name_ + " c2s");
    if (in.take(4) != "hrpc") throw std::runtime_error(name_ + ": no preamble");
    in.take(3);
    while (!in.at_end()) {
      std::string where = in.where();
      Cursor frame(in.take(in.big_endian(4)), where);
      std::string_view header = frame.delimited();
      emit("hadoop.common.RpcRequestHeaderProto", header, where);
      int64_t call_id = zigzag(varint_field(header, 3).value());
      if (call_id == -33) {
        emit("hadoop.common.RpcSaslProto", frame.delimited(), where);
      } else if (call_id == -3) {
        emit("hadoop.common.IpcConnectionContextProto", frame.delimited(), where);
      } else if (call_id >= 0) {
        request(call_id, frame, where);
      }
      if (!frame.at_end()) throw std::runtime_error(where + ": the frame holds more than expected");
    }
  }

  void server(bool bodies) {
    std::string bytes = read_golden(name_ + ".s2c.bin");
    Cursor in(bytes, name_ + " s2c");
    while (!in.at_end()) {
      std::string where = in.where();
      Cursor frame(in.take(in.big_endian(4)), where);
      std::string_view header = frame.delimited();
      emit("hadoop.common.RpcResponseHeaderProto", header, where);
      bool success = varint_field(header, 2) == 0;
      auto call_id = static_cast<int32_t>(varint_field(header, 1).value());
      if (success && call_id == -33) {
        emit("hadoop.common.RpcSaslProto", frame.delimited(), where);
      } else if (success && bodies) {
        emit(calls_.at(call_id) + "ResponseProto", frame.delimited(), where);
      }
      if (bodies && !frame.at_end()) throw std::runtime_error(where + ": the frame holds more than expected");
    }
  }

  std::vector<WireMessage> take() { return std::move(messages_); }

 private:
  void emit(std::string type, std::string_view bytes, const std::string& where) {
    tokens_inside(type, bytes, where);
    messages_.push_back({std::move(type), std::string(bytes), where});
  }

  void request(int64_t call_id, Cursor& frame, const std::string& where) {
    std::string_view header = frame.delimited();
    emit("hadoop.common.RequestHeaderProto", header, where);
    calls_[call_id] = type_stem(bytes_field(header, 2), std::string(bytes_field(header, 1)));
    emit(calls_[call_id] + "RequestProto", frame.delimited(), where);
  }

  /// The identifiers of the tokens that an allocate answer hands out are messages of their own.
  void tokens_inside(const std::string& type, std::string_view bytes, const std::string& where) {
    if (type != "hadoop.yarn.AllocateResponseProto") return;
    for (const Field& container : fields(bytes, 3)) {
      std::string_view token = bytes_field(container.bytes, 6);
      emit("hadoop.common.TokenProto", token, where);
      emit("hadoop.yarn.ContainerTokenIdentifierProto", bytes_field(token, 1), where);
    }
    for (const Field& nm_token : fields(bytes, 9)) {
      std::string_view token = bytes_field(nm_token.bytes, 2);
      emit("hadoop.common.TokenProto", token, where);
      emit("hadoop.yarn.NMTokenIdentifierProto", bytes_field(token, 1), where);
    }
  }

  std::string name_;
  Calls calls_;
  std::vector<WireMessage> messages_;
};

/// Reads packets up to and including the one marked as the block's last.
void split_packets(Cursor& in, std::vector<WireMessage>& out) {
  for (bool last = false; !last;) {
    std::string where = in.where();
    uint64_t length = in.big_endian(4);
    std::string_view header = in.take(in.big_endian(2));
    in.take(length - 4);  // checksums and data; the length counts itself
    out.push_back({"hadoop.hdfs.PacketHeaderProto", std::string(header), where});
    last = varint_field(header, 3) == 1;
  }
}

void append(std::vector<WireMessage>& to, std::vector<WireMessage> more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

std::vector<WireMessage> split_rpc(const std::string& name) {
  RpcSplitter splitter(name);
  splitter.client();
  splitter.server(true);
  return splitter.take();
}

std::vector<WireMessage> split_rpc_answer_headers(const std::string& name) {
  RpcSplitter splitter(name);
  splitter.server(false);
  return splitter.take();
}

std::vector<WireMessage> split_data_transfer(const std::string& name) {
  constexpr uint64_t kWriteBlock = 80;
  constexpr uint64_t kReadBlock = 81;
  std::vector<WireMessage> messages;
  auto delimited = [&](Cursor& in, const char* type) {
    std::string where = in.where();
    messages.push_back({std::string("hadoop.hdfs.") + type, std::string(in.delimited()), where});
  };
  std::string sent = read_golden(name + ".c2s.bin");
  std::string received = read_golden(name + ".s2c.bin");
  Cursor client(sent, name + " c2s");
  Cursor server(received, name + " s2c");
  if (client.big_endian(2) != 28) throw std::runtime_error(name + ": not data transfer version 28");
  uint64_t operation = client.big_endian(1);
  if (operation == kWriteBlock) {
    delimited(client, "OpWriteBlockProto");
    split_packets(client, messages);
    delimited(server, "BlockOpResponseProto");
    while (!server.at_end()) delimited(server, "PipelineAckProto");
  } else if (operation == kReadBlock) {
    delimited(client, "OpReadBlockProto");
    delimited(client, "ClientReadStatusProto");
    delimited(server, "BlockOpResponseProto");
    split_packets(server, messages);
  } else {
    throw std::runtime_error(name + ": operation " + std::to_string(operation));
  }
  if (!client.at_end()) throw std::runtime_error(client.where() + ": more than expected");
  if (!server.at_end()) throw std::runtime_error(server.where() + ": more than expected");
  return messages;
}

std::vector<WireMessage> split_data_transfer_handshake(const std::string& name) {
  std::vector<WireMessage> messages;
  for (const char* direction : {"c2s", "s2c"}) {
    std::string bytes = read_golden(name + "." + direction + ".bin");
    Cursor in(bytes, name + " " + direction);
    if (direction[0] == 'c' && in.big_endian(4) != 0xdeadbeef)
      throw std::runtime_error(name + ": no SASL magic");
    for (int i = 0; i < 2; i++) {
      std::string where = in.where();
      messages.push_back(
          {"hadoop.hdfs.DataTransferEncryptorMessageProto", std::string(in.delimited()), where});
    }
  }
  return messages;
}

std::vector<WireMessage> split_credentials(const std::string& path) {
  std::string bytes = read_golden(path);
  Cursor in(bytes, path);
  if (in.take(4) != "HDTS" || in.big_endian(1) != 1)
    throw std::runtime_error(path + ": not a version 1 file");
  std::string_view credentials = in.delimited();
  if (!in.at_end()) throw std::runtime_error(in.where() + ": more than expected");
  std::vector<WireMessage> messages = {{"hadoop.common.CredentialsProto", std::string(credentials), path}};
  for (const Field& entry : fields(credentials, 1)) {
    std::string_view token = bytes_field(entry.bytes, 2);
    if (bytes_field(token, 3) != "RM_DELEGATION_TOKEN") continue;
    messages.push_back(
        {"hadoop.yarn.YARNDelegationTokenIdentifierProto", std::string(bytes_field(token, 1)), path});
  }
  return messages;
}

std::vector<WireMessage> all_golden_messages() {
  std::vector<WireMessage> all;
  for (const char* name : {"rpc/rm-application-list",
                           "rpc/rm-client-submit",
                           "rpc/am-rm-token",
                           "rpc/am-nm-start",
                           "rpc/am-nm-status",
                           "rpc/am-nm-stop",
                           "rpc/nn-put-small",
                           "rpc/nn-cat-small",
                           "rpc/nn-ops",
                           "rpc-probes/ok",
                           "rpc-probes/pipelined",
                           "rpc-probes/ping-then-call",
                           "rpc-probes/app-not-found",
                           "rpc-probes/nn-file-info-none",
                           "rpc-probes/nn-file-not-found",
                           "rpc-probes/nn-access-denied",
                           "rpc-probes/sasl-initiate-simple-first",
                           "rpc-probes/sasl-negotiate-token-server",
                           "sasl-privacy/rm-list-kerberos",
                           "sasl-privacy/rm-list-token",
                           "sasl-privacy/nn-put-token",
                           "sasl-privacy/nn-cat-token"}) {
    append(all, split_rpc(name));
  }
  for (const char* name :
       {"rpc-probes/bad-body", "rpc-probes/bad-ctx-protocol", "rpc-probes/bad-header", "rpc-probes/close-op",
        "rpc-probes/no-context", "rpc-probes/no-such-method", "rpc-probes/no-such-protocol",
        "rpc-probes/sasl-bad-digest", "rpc-probes/sasl-simple-refused", "rpc-probes/sasl-to-simple-rm",
        "rpc-probes/simple-to-token-server", "rpc-probes/wrong-protocol-version"}) {
    append(all, split_rpc_answer_headers(name));
  }
  for (const char* name :
       {"datatransfer/put-small", "datatransfer/cat-small", "datatransfer/put-160000",
        "datatransfer/cat-160000", "datatransfer/hflush-heartbeat", "datatransfer/pread-695-10"}) {
    append(all, split_data_transfer(name));
  }
  for (const char* name : {"sasl-privacy/dn-put-token", "sasl-privacy/dn-cat-token"}) {
    append(all, split_data_transfer_handshake(name));
  }
  for (const char* path : {"tokens/credentials-v1.bin", "tokens/credentials-v1-dtutil.bin"}) {
    append(all, split_credentials(path));
  }
  return all;
}

}  // namespace knit::wire_test
