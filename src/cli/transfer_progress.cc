#include "cli/transfer_progress.h"

#include <fmt/format.h>
#include <knit/byte_size.h>
#include <unistd.h>

#include <cstdio>

#include "cli/standard_streams.h"

namespace knit::cli {

TransferProgress::TransferProgress() : terminal_(isatty(STDERR_FILENO) == 1) {}

TransferProgress::~TransferProgress() {
  if (drawn_) tell("\r\033[K");
}

void TransferProgress::on_upload(const std::string& file, std::uint64_t done, std::uint64_t total) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100) && done < total) return;
  last_ = now;
  drawn_ = true;
  const auto percent = total == 0 ? 100 : done * 100 / total;
  tell("\r\033[K{:.60}  {:>3}%  {} of {}", file, percent,
       to_string(ByteSize::bytes(static_cast<std::int64_t>(done))),
       to_string(ByteSize::bytes(static_cast<std::int64_t>(total))));
  std::fflush(stderr);
}

}  // namespace knit::cli
