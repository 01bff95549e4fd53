#include "logs/tfile_records.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "logs/bcfile.h"
#include "logs/java_text.h"

namespace knit::logs {
namespace {

// A container id has some 50 bytes, a file's name at most 255.
constexpr std::int64_t kMaxKey = 2 + 1024;
constexpr std::size_t kMaxName = 4096;
// A chunk is a buffer in the writer's memory (tfile.io.chunk.size, 1 MiB); Java's int bounds it.
constexpr std::int64_t kMaxChunk = std::numeric_limits<std::int32_t>::max();

Error damaged(std::string what) {
  return Error(ErrorCode::kDataLoss, std::move(what));
}

bool is_reserved(std::string_view key) {
  return key == "VERSION" || key == "APPLICATION_ACL" || key == "APPLICATION_OWNER";
}

// Moves bytes from the front of `input` to `into` until that holds `size`. True once it does.
bool gather(std::span<const std::byte>& input, std::vector<std::byte>& into, std::size_t size) {
  const std::size_t n = std::min(size - into.size(), input.size());
  into.insert(into.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
  input = input.subspan(n);
  return into.size() == size;
}

std::size_t as_u16(const std::vector<std::byte>& two) {
  return std::to_integer<std::size_t>(two[0]) << 8 | std::to_integer<std::size_t>(two[1]);
}

}  // namespace

Result<bool> TFileRecordParser::gather_vlong(std::span<const std::byte>& input, std::int64_t& value) {
  if (head_.empty() && !gather(input, head_, 1)) return false;
  const std::size_t size = vlong_size(head_[0]);
  if (size == 0) return damaged("no variable-length integer where a TFile record has one");
  if (!gather(input, head_, size)) return false;
  ByteCursor cursor(head_);
  KNIT_TRY(value, read_vlong(cursor));
  head_.clear();
  return true;
}

Status TFileRecordParser::end_key() {
  ByteCursor cursor(head_);
  KNIT_TRY(auto size, cursor.u16());
  if (size != cursor.left()) return damaged("a TFile key's length does not fit its record");
  KNIT_TRY(auto text, cursor.take(size));
  KNIT_TRY(key_, from_modified_utf8(text));
  head_.clear();
  field_.clear();
  value_ = is_reserved(key_) ? Value::kIgnored : Value::kNameLength;
  last_chunk_ = false;
  state_ = State::kChunkLength;
  return {};
}

Result<TFileRecordParser::Event> TFileRecordParser::next(std::span<const std::byte>& input) {
  while (true) {
    std::int64_t size = 0;
    switch (state_) {
      case State::kKeyLength: {
        KNIT_TRY(const bool whole, gather_vlong(input, size));
        if (!whole) return Event{};
        if (size < 2 || size > kMaxKey) return damaged("a TFile key of " + std::to_string(size) + " bytes");
        head_size_ = static_cast<std::size_t>(size);
        state_ = State::kKey;
        break;
      }
      case State::kKey:
        if (!gather(input, head_, head_size_)) return Event{};
        KNIT_TRY_VOID(end_key());
        break;
      case State::kChunkLength: {
        KNIT_TRY(const bool whole, gather_vlong(input, size));
        if (!whole) return Event{};
        if (size < -kMaxChunk || size > kMaxChunk)
          return damaged("a TFile chunk of " + std::to_string(size) + " bytes");
        last_chunk_ = size >= 0;
        chunk_left_ = static_cast<std::uint64_t>(size < 0 ? -size : size);
        state_ = State::kChunk;
        break;
      }
      case State::kChunk: {
        KNIT_TRY(auto event, next_in_chunk(input));
        if (event.what != What::kNeedInput || state_ == State::kChunk) return event;
        break;
      }
    }
  }
}

// kNeedInput with another state than kChunk means that the chunk ended without an event.
Result<TFileRecordParser::Event> TFileRecordParser::next_in_chunk(std::span<const std::byte>& input) {
  while (true) {
    if (value_ == Value::kContents && contents_left_ == 0) {
      value_ = Value::kNameLength;
      return Event{.what = What::kFileEnd};
    }
    if (chunk_left_ == 0) {
      state_ = last_chunk_ ? State::kKeyLength : State::kChunkLength;
      return last_chunk_ ? end_value() : Event{};
    }
    if (input.empty()) return Event{};
    auto run = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size())));
    if (value_ == Value::kIgnored || value_ == Value::kContents) {
      if (value_ == Value::kContents)
        run = run.first(static_cast<std::size_t>(std::min<std::uint64_t>(contents_left_, run.size())));
      chunk_left_ -= run.size();
      input = input.subspan(run.size());
      if (value_ == Value::kIgnored) continue;
      contents_left_ -= run.size();
      return Event{.what = What::kData, .data = run};
    }
    if (value_ == Value::kNameLength || value_ == Value::kSizeLength) field_size_ = 2;
    const std::size_t before = run.size();
    const bool whole = gather(run, field_, field_size_);
    chunk_left_ -= before - run.size();
    input = input.subspan(before - run.size());
    if (!whole) continue;
    const Event event = end_field();
    if (event.what != What::kNeedInput) return event;
  }
}

TFileRecordParser::Event TFileRecordParser::end_field() {
  const auto bytes = std::exchange(field_, {});
  switch (value_) {
    case Value::kNameLength:
    case Value::kSizeLength:
      field_size_ = as_u16(bytes);
      if (field_size_ == 0 || field_size_ > kMaxName)
        return leave_out_rest("a log whose name or length has " + std::to_string(field_size_) + " bytes");
      value_ = value_ == Value::kNameLength ? Value::kName : Value::kSize;
      return {};
    case Value::kName: {
      auto name = from_modified_utf8(bytes);
      // What a NodeManager uploads are files of one folder.
      if (!name || name->find('/') != std::string::npos || name->find('\0') != std::string::npos)
        return leave_out_rest("something that is no log's name");
      file_ = *std::move(name);
      value_ = Value::kSizeLength;
      return {};
    }
    case Value::kSize: {
      const auto* first = reinterpret_cast<const char*>(bytes.data());
      std::uint64_t size = 0;
      const auto [end, code] = std::from_chars(first, first + bytes.size(), size);
      if (code != std::errc() || end != first + bytes.size())
        return leave_out_rest("something that is no length of '" + file_ + "'");
      declared_ = contents_left_ = size;
      value_ = Value::kContents;
      return Event{.what = What::kFile};
    }
    case Value::kIgnored:
    case Value::kContents:
      break;
  }
  return {};
}

TFileRecordParser::Event TFileRecordParser::end_value() {
  const Value was = std::exchange(value_, Value::kIgnored);
  if (was == Value::kContents) return Event{.what = What::kFileEnd, .whole = false};
  if (was == Value::kIgnored || (was == Value::kNameLength && field_.empty())) return {};
  field_.clear();
  note_ = "logs of " + key_ + ": its record ends inside the name or length of a log";
  return Event{.what = What::kNote};
}

TFileRecordParser::Event TFileRecordParser::leave_out_rest(std::string note) {
  note_ = "logs of " + key_ + ": found " + std::move(note) + "; what follows in its record is left out";
  value_ = Value::kIgnored;
  return Event{.what = What::kNote};
}

Status TFileRecordParser::finish() const {
  if (state_ == State::kKeyLength && head_.empty()) return {};
  return damaged("a block of the TFile ends inside a record" + (key_.empty() ? "" : " at or after " + key_));
}

std::uint64_t TFileRecordParser::skippable() const {
  if (state_ != State::kChunk || value_ != Value::kContents) return 0;
  return std::min(chunk_left_, contents_left_);
}

void TFileRecordParser::skip(std::uint64_t n) {
  KNIT_ASSERT(n <= skippable(), "skips what is not a log's contents");
  chunk_left_ -= n;
  contents_left_ -= n;
}

}  // namespace knit::logs
