#include "python/log_collector.h"

namespace knit::python {
namespace {

void keep_last(std::string& bytes) {
  if (bytes.size() > kMaxKept) bytes.erase(0, bytes.size() - kMaxKept);
}

}  // namespace

void LogCollector::add(const LogPiece& piece) {
  const auto [found, is_new] = index_.try_emplace({piece.container, piece.file}, logs_.size());
  if (is_new) logs_.push_back({piece.container, piece.node, piece.file, piece.instance, {}, 0});
  auto& log = logs_[found->second];
  log.bytes.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  log.written += piece.bytes.size();
  if (log.bytes.size() > 2 * kMaxKept) keep_last(log.bytes);  // not for every piece: it moves all of them
}

std::vector<ContainerLog> LogCollector::take() && {
  for (auto& log : logs_) keep_last(log.bytes);
  return std::move(logs_);
}

}  // namespace knit::python
