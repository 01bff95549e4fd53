// Bytes in two directions.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "io/clock.h"
#include "io/task.h"

namespace knit::io {

// One connection. One reader and one writer may be active at a time. Deadlines are set by io::run_until
// around the call. Errors: kUnavailable (reset, broken), kCancelled.
class Stream {
 public:
  virtual ~Stream() = default;
  // At least one byte, or 0 at the end of the stream.
  virtual Task<Result<std::size_t>> read_some(std::span<std::byte> into) = 0;
  // All of `bytes`, which must live until then.
  virtual Task<Status> write(std::span<const std::byte> bytes) = 0;
  // At once and for good; pending calls end with kUnavailable or kCancelled.
  virtual void close() = 0;
  // "127.0.0.1:8032", for messages.
  virtual std::string peer() const = 0;
};

// Fills `into` whole; kUnavailable with "closed after N of M bytes" if the stream ends first.
Task<Status> read_exactly(Stream& stream, std::span<std::byte> into);

// Two ends in memory, for scripted servers in tests. Closing one ends the other's reads.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_pipe();

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace knit::io
