// The outermost layer of Hadoop RPC v9, as bytes: the preamble of a connection, and frames: an int32 length
// (big-endian), then that many bytes of length-delimited protobuf messages back to back. Learned from Client,
// Server, RpcConstants and ProtobufRpcEngine2 of Hadoop 3.4.2.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace google::protobuf {
class MessageLite;
}

namespace knit::rpc {

inline constexpr std::size_t kFrameLengthBytes = 4;
inline constexpr std::uint8_t kRpcVersion = 9;

// Server.AuthProtocol
enum class AuthProtocol : std::uint8_t { kNone = 0x00, kSasl = 0xdf };

// What a connection begins with, 7 bytes: "hrpc", version 9, service class 0, auth protocol.
std::string preamble(AuthProtocol auth);

// Builds one frame.
class FrameWriter {
 public:
  FrameWriter() : bytes_(kFrameLengthBytes, '\0') {}

  // Appends the message behind its length. A message that lacks a required field is a Bug.
  FrameWriter& add(const google::protobuf::MessageLite& message);
  // The same for a message that is serialized already.
  FrameWriter& add_bytes(std::string_view serialized);
  // The whole frame, length in front. Larger than 2 GiB is a Bug: requests are limited long before.
  std::string finish() &&;

 private:
  std::string bytes_;
};

// Takes a frame's content apart, message by message.
class DelimitedReader {
 public:
  // `bytes` must outlive the reader.
  explicit DelimitedReader(std::string_view bytes) : rest_(bytes) {}

  // The next message's bytes, a view into the frame. kDataLoss if the frame ends first; `what` names the
  // message.
  Result<std::string_view> next(std::string_view what);
  std::size_t remaining() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

// Cuts a stream of bytes, in pieces of any size, into frames. After an error it stays in that error: a stream
// that is out of step cannot be read any further.
class FrameReader {
 public:
  // No frame may be longer than `limit`. Memory follows the bytes that came, never a length that was only
  // announced.
  explicit FrameReader(std::size_t limit) : limit_(limit) {}

  void set_limit(std::size_t limit) { limit_ = limit; }

  // kResourceExhausted for a frame over the limit; kUnimplemented for the answer of a server that does not
  // know this version of the protocol, and for HTTP: both say what was met. Frames that were whole before the
  // error remain.
  Status append(std::span<const std::byte> bytes);
  // The oldest whole frame, without its length.
  std::optional<std::string> next();

 private:
  Status begin_frame();
  Status read_old_refusal(std::string_view bytes);
  Status fail(Error error);

  std::size_t limit_;
  std::deque<std::string> ready_;
  char header_[kFrameLengthBytes] = {};
  std::size_t header_size_ = 0;  // bytes of header_ that are there
  std::size_t length_ = 0;       // of the frame that is being read, once the header is whole
  std::string body_;
  bool old_refusal_ = false;  // the server answers as if we were of an older version: body_ collects the text
  std::optional<Error> failure_;
};

}  // namespace knit::rpc
