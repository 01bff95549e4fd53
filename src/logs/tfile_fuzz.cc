// The first byte chooses: the rest is a block of records, fed in pieces of that size, or (0) a whole file.
#include <algorithm>
#include <cstdlib>

#include "io/loop.h"
#include "logs/tfile.h"
#include "logs/tfile_records.h"

namespace {

using namespace knit;
using What = logs::TFileRecordParser::What;

class Bytes final : public fs::Reader {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint64_t length() const override { return bytes_.size(); }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset > bytes_.size()) std::abort();  // asked beyond what a length allows
    const auto n = std::min(into.size(), bytes_.size() - static_cast<std::size_t>(offset));
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), n, into.begin());
    co_return n;
  }

 private:
  std::span<const std::byte> bytes_;
};

io::Task<Status> drop(std::span<const std::byte>) {
  co_return Status();
}

void parse_records(std::span<const std::byte> bytes, std::size_t piece) {
  logs::TFileRecordParser parser;
  std::uint64_t length = 0;
  while (!bytes.empty()) {
    auto input = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(input.size());
    while (true) {
      auto event = parser.next(input);
      if (!event) return;
      if (event->what == What::kNeedInput) break;
      if (event->what == What::kFile) length = 0;
      if (event->what == What::kData) length += event->data.size();
      if (length > parser.declared_length()) std::abort();
      if (event->what == What::kFileEnd && event->whole != (length == parser.declared_length())) std::abort();
    }
    if (!input.empty()) std::abort();
  }
  static_cast<void>(parser.finish());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static io::Loop loop;
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  if (data[0] != 0) {
    parse_records(bytes, data[0]);
    return 0;
  }
  auto log = loop.run(logs::open_tfile(std::make_unique<Bytes>(bytes)));
  if (!log) return 0;
  for (const auto& entry : (*log)->entries()) {
    auto n = loop.run((*log)->read(entry, 0, drop));
    if (n && *n != entry.length) std::abort();
  }
  return 0;
}
