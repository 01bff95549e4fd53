#include "logs/tfile.h"

#include <algorithm>
#include <array>

#include "base/try.h"
#include "logs/region_reader.h"
#include "logs/tfile_records.h"

namespace knit::logs {
namespace {

constexpr std::size_t kMaxEntries = 1'000'000;
constexpr std::size_t kMaxNotes = 100;

using What = TFileRecordParser::What;

// Where a pass over one block stands.
class BlockPass {
 public:
  BlockPass(fs::Reader& file, const Region& region, Codec codec)
      : bytes_(file, region.offset, region.stored, codec) {}

  // The next event but kNeedInput; none at the block's end. Contents are handed out only if `wanted`: else
  // they are passed over, without reading them where the codec allows.
  io::Task<Result<std::optional<TFileRecordParser::Event>>> next(bool wanted) {
    while (true) {
      KNIT_CO_TRY(auto event, parser_.next(input_));
      if (event.what == What::kFile) passed = 0;
      if (event.what == What::kData) passed += event.data.size();
      if (event.what == What::kData && !wanted) continue;
      if (event.what != What::kNeedInput) co_return event;
      if (!wanted && bytes_.can_seek() && parser_.skippable() > 0) {
        const auto n = std::min(parser_.skippable(), bytes_.left());
        bytes_.skip(n);
        parser_.skip(n);
        passed += n;
        if (n > 0) continue;  // the log may have ended with that, and the block too
      }
      KNIT_CO_TRY(input_, co_await bytes_.next());
      if (input_.empty()) {
        KNIT_CO_TRY_VOID(parser_.finish());
        co_return std::nullopt;
      }
    }
  }

  const TFileRecordParser& parser() const { return parser_; }
  std::uint64_t begun = 0;   // logs that began so far; counted by the owner
  std::uint64_t passed = 0;  // contents of the log that began last

 private:
  RegionReader bytes_;
  TFileRecordParser parser_;
  std::span<const std::byte> input_;
};

class TFileLog final : public NodeLog {
 public:
  TFileLog(std::unique_ptr<fs::Reader> file, BcDataIndex index, Codec codec)
      : file_(std::move(file)), index_(std::move(index)), codec_(codec) {}

  io::Task<Status> list();
  io::Task<Result<std::uint64_t>> read(const LogEntry& entry, std::uint64_t offset, Sink sink) override;

 private:
  io::Task<Status> list_block(std::size_t block);
  Status take(const TFileRecordParser::Event& event, BlockPass& pass, std::size_t block);
  io::Task<Status> go_to(const LogEntry& entry);

  std::unique_ptr<fs::Reader> file_;
  BcDataIndex index_;
  Codec codec_;
  // Where the last read() ended, so that the next one need not begin the block anew.
  std::unique_ptr<BlockPass> pass_;
  std::size_t pass_block_ = 0;
};

Status TFileLog::take(const TFileRecordParser::Event& event, BlockPass& pass, std::size_t block) {
  if (event.what == What::kFile) {
    if (entries_.size() >= kMaxEntries)
      return Error(ErrorCode::kResourceExhausted,
                   "it holds more than " + std::to_string(kMaxEntries) + " logs");
    entries_.push_back({.container = pass.parser().container(),
                        .file = pass.parser().file(),
                        .whole = false,  // until its end was seen
                        .place = block,
                        .size_or_index = pass.begun++});
  } else if (event.what == What::kFileEnd) {
    entries_.back().whole = event.whole;
    entries_.back().length = pass.passed;
  } else if (event.what == What::kNote && notes_.size() < kMaxNotes) {
    notes_.push_back(pass.parser().note());
  }
  return {};
}

io::Task<Status> TFileLog::list_block(std::size_t block) {
  BlockPass pass(*file_, index_.blocks[block], codec_);
  while (true) {
    auto event = co_await pass.next(false);
    // Damage in the middle of a log: what lies before it can be read.
    if (!event && pass.begun > 0 && !entries_.back().whole) entries_.back().length = pass.passed;
    KNIT_CO_TRY(auto next, std::move(event));
    if (!next) co_return Status();
    KNIT_CO_TRY_VOID(take(*next, pass, block));
  }
}

io::Task<Status> TFileLog::list() {
  for (std::size_t block = 0; block < index_.blocks.size(); ++block) {
    auto listed = co_await list_block(block);
    if (listed) continue;
    if (listed.error().code() != ErrorCode::kDataLoss || (block == 0 && entries_.empty())) co_return listed;
    notes_.push_back("part " + std::to_string(block + 1) + " of " + std::to_string(index_.blocks.size()) +
                     " is damaged: " + listed.error().message());
  }
  co_return Status();
}

// Puts pass_ behind the event that begins the entry.
io::Task<Status> TFileLog::go_to(const LogEntry& entry) {
  KNIT_ASSERT(entry.place < index_.blocks.size(), "an entry of another file");
  const auto block = static_cast<std::size_t>(entry.place);
  if (!pass_ || pass_block_ != block || pass_->begun > entry.size_or_index) {
    pass_ = std::make_unique<BlockPass>(*file_, index_.blocks[block], codec_);
    pass_block_ = block;
  }
  while (true) {
    KNIT_CO_TRY(auto event, co_await pass_->next(false));
    if (!event) co_return Error(ErrorCode::kDataLoss, "the log is not where it was found before");
    if (event->what == What::kFile && pass_->begun++ == entry.size_or_index) co_return Status();
  }
}

io::Task<Result<std::uint64_t>> TFileLog::read(const LogEntry& entry, std::uint64_t offset, Sink sink) {
  // Until the entry was read to its end the pass is of no use to the next call.
  auto at = co_await go_to(entry);
  auto pass = std::move(pass_);
  if (!at) co_return std::move(at).error();
  std::uint64_t passed_on = 0;
  while (true) {
    KNIT_CO_TRY(auto event, co_await pass->next(true));
    if (!event || event->what != What::kData) break;
    auto data = event->data;
    const auto left_out = static_cast<std::size_t>(std::min<std::uint64_t>(offset, data.size()));
    offset -= left_out;
    data = data.subspan(left_out);
    if (data.empty()) continue;
    KNIT_CO_TRY_VOID(co_await sink(data));
    passed_on += data.size();
  }
  pass_ = std::move(pass);
  co_return passed_on;
}

io::Task<Result<std::vector<std::byte>>> read_exactly_at(fs::Reader& file, std::uint64_t offset,
                                                         std::uint64_t size) {
  co_return co_await read_region(file, offset, size, Codec::kNone, size);
}

}  // namespace

io::Task<Result<std::unique_ptr<NodeLog>>> open_tfile(std::unique_ptr<fs::Reader> file) {
  const std::uint64_t length = file->length();
  if (length < kBcFileMagic.size() + kBcFileTrailer)
    co_return Error(ErrorCode::kDataLoss, "not a TFile: it has only " + std::to_string(length) + " bytes");
  KNIT_CO_TRY(auto head, co_await read_exactly_at(*file, 0, kBcFileMagic.size()));
  if (!has_bcfile_magic(head))
    co_return Error(ErrorCode::kDataLoss, "not a TFile: its first 16 bytes are not the magic number");
  KNIT_CO_TRY(auto trailer, co_await read_exactly_at(*file, length - kBcFileTrailer, kBcFileTrailer));
  KNIT_CO_TRY(const auto end, parse_bcfile_trailer(trailer, length));
  const std::uint64_t index_size = length - kBcFileTrailer - end;
  if (index_size > kMaxBcMetaIndex)
    co_return Error(ErrorCode::kResourceExhausted,
                    "an index of meta blocks of " + std::to_string(index_size) + " bytes");
  KNIT_CO_TRY(auto meta_index, co_await read_exactly_at(*file, end, index_size));
  KNIT_CO_TRY(const auto meta_blocks, parse_bcfile_meta_index(meta_index, end));

  const auto found = std::ranges::find(meta_blocks, "BCFile.index", &BcMetaBlock::name);
  if (found == meta_blocks.end())
    co_return Error(ErrorCode::kDataLoss, "the TFile has no index of its blocks");
  KNIT_CO_TRY(const auto index_codec, parse_codec(found->compression));
  KNIT_CO_TRY(auto index, co_await read_region(*file, found->region.offset, found->region.stored, index_codec,
                                               kMaxBcDataIndex));
  KNIT_CO_TRY(auto blocks, parse_bcfile_data_index(index, end));
  KNIT_CO_TRY(const auto codec, parse_codec(blocks.compression));

  auto log = std::make_unique<TFileLog>(std::move(file), std::move(blocks), codec);
  KNIT_CO_TRY_VOID(co_await log->list());
  co_return std::unique_ptr<NodeLog>(std::move(log));
}

}  // namespace knit::logs
