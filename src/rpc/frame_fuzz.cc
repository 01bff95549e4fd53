// What a hostile server may send once calls are open: the first byte says in what pieces the rest arrives.
#include <cstdint>
#include <string>
#include <vector>

#include "base/try.h"
#include "rpc/call_table.h"
#include "rpc/frame.h"
#include "rpc/messages.h"

using namespace knit::rpc;

namespace {

std::vector<std::string> read(std::span<const std::byte> bytes, std::size_t piece, bool& failed) {
  FrameReader reader(1 << 20);
  std::vector<std::string> frames;
  failed = false;
  for (std::size_t at = 0; at < bytes.size() && !failed; at += piece) {
    failed = !reader.append(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    while (auto frame = reader.next()) frames.push_back(std::move(*frame));
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  bool failed = false;
  bool failed_whole = false;
  const auto frames = read(bytes, 1 + data[0] % 64, failed);
  KNIT_ASSERT(frames == read(bytes, size, failed_whole) && failed == failed_whole,
              "frames depend on the pieces");

  CallTable table(1 << 20);
  for (int id = 0; id < 8; ++id) KNIT_ASSERT(table.add(id, "x", {}).has_value(), "a call is refused");
  (void)table.take_output();
  for (int id = 6; id < 8; ++id) table.abandon(id);
  for (const std::string& frame : frames) {
    const auto ended = table.on_frame(frame);
    if (!ended) break;
    if (*ended) KNIT_ASSERT(table.take(**ended).has_value(), "an ended call has no end");
    KNIT_ASSERT(table.open() <= 6 && table.abandoned() <= 2, "calls out of nothing");
  }
  (void)table.fail(knit::Error(knit::ErrorCode::kUnavailable, "over"));
  KNIT_ASSERT(table.open() == 0 && table.abandoned() == 0, "calls survive their connection");
  return 0;
}
