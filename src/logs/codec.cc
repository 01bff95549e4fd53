#include "logs/codec.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

namespace knit::logs {

Result<Codec> parse_codec(std::string_view name) {
  if (name == "none") return Codec::kNone;
  if (name == "gz") return Codec::kZlib;
  return Error(ErrorCode::kUnimplemented, "the log is compressed with '" + std::string(name.substr(0, 64)) +
                                              "', which Knit cannot unpack (it reads 'none' and 'gz'); "
                                              "`yarn logs` on a machine with that codec can");
}

struct Inflater::State {
  z_stream stream{};
  bool ready = false;
  bool done = false;
  std::optional<std::string> failed;
};

Inflater::Inflater() : state_(std::make_unique<State>()) {
  // 15 is zlib's largest window; +32 also takes a gzip header, should a codec of the cluster write one.
  state_->ready = inflateInit2(&state_->stream, 15 + 32) == Z_OK;
}

Inflater::~Inflater() {
  if (state_->ready) inflateEnd(&state_->stream);
}

Result<Inflater::Step> Inflater::step(std::span<const std::byte> in, std::span<std::byte> out) {
  if (!state_->ready) return Error(ErrorCode::kResourceExhausted, "no memory for zlib");
  if (state_->failed) return Error(ErrorCode::kDataLoss, *state_->failed);
  if (state_->done) return Step{.done = true};
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  const std::size_t given = std::min(in.size(), kMost), room = std::min(out.size(), kMost);
  z_stream& z = state_->stream;
  // zlib's interface is not const-correct; inflate never writes to its input.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  z.avail_in = static_cast<uInt>(given);
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(room);
  const int code = inflate(&z, Z_NO_FLUSH);
  const Step step{
      .consumed = given - z.avail_in, .produced = room - z.avail_out, .done = code == Z_STREAM_END};
  // Z_BUF_ERROR only says that it needs more input or room.
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
    state_->failed = std::string("compressed bytes are corrupt: ") + (z.msg ? z.msg : zError(code));
    // What came out before the damage is the log's: the error follows it.
    if (step.produced == 0) return Error(ErrorCode::kDataLoss, *state_->failed);
  }
  state_->done = step.done;
  return step;
}

}  // namespace knit::logs
