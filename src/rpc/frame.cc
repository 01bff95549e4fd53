#include "rpc/frame.h"

#include <fmt/format.h>
#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <cstring>

#include "base/try.h"

namespace knit::rpc {
namespace {

// Server.setupBadVersionResponse: -1 as length, -1 as status, then two strings.
constexpr std::uint32_t kOldRefusal = 0xffffffff;
constexpr std::uint32_t kHttp = 0x48545450;  // "HTTP"
constexpr std::uint32_t kTlsAlert =
    0x15030000;  // a TLS record with an alert; the third byte is the version's minor
// Enough for two lines of text; more of the old format is not read.
constexpr std::size_t kOldRefusalLimit = 4096;

std::uint32_t big_endian(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

void append_varint(std::string& to, std::size_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

}  // namespace

std::string preamble(AuthProtocol auth) {
  std::string bytes = "hrpc";
  bytes.push_back(static_cast<char>(kRpcVersion));
  bytes.push_back('\0');  // service class: 0 in every stock client
  bytes.push_back(static_cast<char>(auth));
  return bytes;
}

FrameWriter& FrameWriter::add(const google::protobuf::MessageLite& message) {
  KNIT_ASSERT(message.IsInitialized(), "incomplete " + message.GetTypeName());
  append_varint(bytes_, message.ByteSizeLong());
  message.AppendPartialToString(&bytes_);
  return *this;
}

FrameWriter& FrameWriter::add_bytes(std::string_view serialized) {
  append_varint(bytes_, serialized.size());
  bytes_.append(serialized);
  return *this;
}

std::string FrameWriter::finish() && {
  const std::size_t length = bytes_.size() - kFrameLengthBytes;
  KNIT_ASSERT(length <= 0x7fffffff, "frame over 2 GiB");
  for (std::size_t i = 0; i < kFrameLengthBytes; ++i) bytes_[i] = static_cast<char>(length >> (24 - 8 * i));
  return std::move(bytes_);
}

Result<std::string_view> DelimitedReader::next(std::string_view what) {
  std::uint64_t length = 0;
  std::size_t used = 0;
  for (bool more = true; more; ++used) {
    if (used == rest_.size() || used == 5) {
      return Error(ErrorCode::kDataLoss, fmt::format("a frame ends within the length of its {}", what));
    }
    const auto byte = static_cast<unsigned char>(rest_[used]);
    length |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * used);
    more = byte & 0x80;
  }
  if (length > rest_.size() - used) {
    return Error(ErrorCode::kDataLoss, fmt::format("a frame ends within its {}: {} of {} bytes are there",
                                                   what, rest_.size() - used, length));
  }
  const std::string_view message = rest_.substr(used, length);
  rest_.remove_prefix(used + length);
  return message;
}

Status FrameReader::fail(Error error) {
  failure_ = error;
  return error;
}

Status FrameReader::begin_frame() {
  const std::uint32_t length = big_endian(header_);
  if (length == kOldRefusal) {
    old_refusal_ = true;
    return {};
  }
  if (length == kHttp) {
    return fail(Error(ErrorCode::kUnimplemented, "it answers HTTP, not Hadoop RPC: wrong port?"));
  }
  if ((length & 0xffff00ff) == kTlsAlert) {
    return fail(Error(ErrorCode::kUnimplemented, "it answers TLS, not Hadoop RPC: wrong port?"));
  }
  if (length > limit_) {
    return fail(Error(ErrorCode::kResourceExhausted,
                      fmt::format("an answer of {} bytes is over the limit of {} bytes", length, limit_)));
  }
  length_ = length;
  return {};
}

// Text of an answer in the format of before version 9: int32 status, then class and message, each behind an
// int32 length.
Status FrameReader::read_old_refusal(std::string_view bytes) {
  body_.append(bytes.substr(0, kOldRefusalLimit - std::min(kOldRefusalLimit, body_.size())));
  std::string_view rest = body_;
  if (rest.size() < 4) return {};
  rest.remove_prefix(4);
  std::string_view text;
  for (int i = 0; i < 2; ++i) {
    if (rest.size() < 4) return {};
    const std::size_t length = big_endian(rest.data());
    if (length > kOldRefusalLimit) {
      return fail(Error(ErrorCode::kUnimplemented, "it does not speak Hadoop RPC version 9"));
    }
    if (rest.size() - 4 < length) return {};
    text = rest.substr(4, length);
    rest.remove_prefix(4 + length);
  }
  return fail(
      Error(ErrorCode::kUnimplemented, fmt::format("it does not speak Hadoop RPC version 9: {}", text)));
}

Status FrameReader::append(std::span<const std::byte> bytes) {
  if (failure_) return *failure_;
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (true) {
    if (header_size_ < kFrameLengthBytes) {
      if (rest.empty()) return {};
      const std::size_t n = std::min(rest.size(), kFrameLengthBytes - header_size_);
      std::memcpy(header_ + header_size_, rest.data(), n);
      header_size_ += n;
      rest.remove_prefix(n);
      if (header_size_ < kFrameLengthBytes) return {};
      KNIT_TRY_VOID(begin_frame());
    }
    if (old_refusal_) return read_old_refusal(rest);
    const std::size_t n = std::min(rest.size(), length_ - body_.size());
    body_.append(rest.substr(0, n));
    rest.remove_prefix(n);
    if (body_.size() < length_) return {};
    ready_.push_back(std::exchange(body_, {}));
    header_size_ = 0;
  }
}

std::optional<std::string> FrameReader::next() {
  if (ready_.empty()) return std::nullopt;
  std::string frame = std::move(ready_.front());
  ready_.pop_front();
  return frame;
}

}  // namespace knit::rpc
