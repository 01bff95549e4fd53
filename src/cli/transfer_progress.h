// A progress line for copies, on a terminal only.
#pragma once

#include <knit/client.h>

#include <chrono>

namespace knit::cli {

// Redraws one line of stderr at most ten times a second; erases it at the end.
class TransferProgress : public RunObserver {
 public:
  TransferProgress();
  ~TransferProgress() override;
  void on_upload(const std::string& file, std::uint64_t done, std::uint64_t total) override;

 private:
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace knit::cli
