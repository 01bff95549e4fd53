// How the bytes of a log are stored inside an aggregated file.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace knit::logs {

enum class Codec { kNone, kZlib };

// From the name an aggregated file carries: "none", or "gz", which is a zlib stream and not a gzip file
// (hadoop-common's io.file.tfile.Compression, 3.4.2). kUnimplemented names any other ("lzo", ...): those
// bytes are never handed on as if they were the log.
Result<Codec> parse_codec(std::string_view name);

// Unpacks one zlib stream piece by piece, in about 40 KiB of memory. Not copyable.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  struct Step {
    std::size_t consumed = 0;  // of the input
    std::size_t produced = 0;  // into the output
    bool done = false;         // the stream is whole; what follows in the input is none of it
  };
  // Moves on as far as input and room allow. kDataLoss if the bytes are no zlib stream or its checksum is
  // wrong.
  Result<Step> step(std::span<const std::byte> in, std::span<std::byte> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace knit::logs
