#include "client/journal_follow.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/try.h"
#include "io/stream.h"

namespace knit::client {
namespace {

// A line of 300 bytes for each start and end: far more than a million runs.
constexpr std::uint64_t kMaxJournal = 1ull << 30;

}  // namespace

std::string JournalFollower::path_of(std::int32_t attempt) const {
  return attempt == kRecord ? control::record_path(place_.path, id_)
                            : control::journal_path(place_.path, id_, attempt);
}

io::Task<Result<bool>> JournalFollower::read_on(Source* source) {
  auto opened = co_await place_.file_system->open(path_of(source->attempt));
  if (!opened && opened.error().code() == ErrorCode::kNotFound) co_return false;
  if (!opened) co_return std::move(opened).error();
  std::array<std::byte, 64 * 1024> buffer;
  while (true) {
    KNIT_CO_TRY(const auto size, co_await (*opened)->read_at(source->position, buffer));
    if (size == 0) co_return true;
    source->position += size;
    if (source->position > kMaxJournal) {
      co_return Error(ErrorCode::kResourceExhausted, path_of(source->attempt) + " is longer than 1 GiB");
    }
    auto entries = source->reader.feed(io::as_text(std::span(buffer).first(size)));
    if (!entries) co_return std::move(entries).error().with_context(path_of(source->attempt));
    for (const auto& entry : *entries) source->state.apply(entry);
  }
}

// It has caught up with its predecessor.
bool JournalFollower::is_whole(const Source& source) {
  return source.state.known() && source.state.master().attempt.attempt >= source.attempt;
}

Result<bool> JournalFollower::hear(std::int32_t attempt, std::uint64_t from, std::string_view bytes) {
  if (complete_ || attempt < source_.attempt) return false;
  const bool later = attempt > source_.attempt;
  if (later && (!heard_ || heard_->attempt != attempt)) {
    Source fresh;
    fresh.attempt = attempt;
    heard_ = std::move(fresh);
  }
  Source& source = later ? *heard_ : source_;
  if (from > source.position || from + bytes.size() <= source.position) return false;
  bytes.remove_prefix(source.position - from);
  KNIT_TRY(const auto entries, source.reader.feed(bytes).with_context("what the master says"));
  source.position += bytes.size();
  for (const auto& entry : entries) source.state.apply(entry);
  if (later && is_whole(source)) {
    source_ = *std::exchange(heard_, std::nullopt);
    return true;
  }
  return !later;
}

std::uint64_t JournalFollower::position(std::int32_t attempt) const {
  if (attempt == source_.attempt) return source_.position;
  return heard_ && attempt == heard_->attempt ? heard_->position : 0;
}

// Takes the story from this file if it is there and has caught up with its predecessor.
io::Task<Result<bool>> JournalFollower::try_source(std::int32_t attempt, bool* news) {
  if (attempt == source_.attempt) {
    const auto before = source_.position;
    KNIT_CO_TRY(const bool there, co_await read_on(&source_));
    if (!there) co_return false;
    *news = source_.position > before;
  } else {
    Source fresh;
    fresh.attempt = attempt;
    KNIT_CO_TRY(const bool there, co_await read_on(&fresh));
    if (!there || !is_whole(fresh)) co_return false;
    source_ = std::move(fresh);
    *news = true;
  }
  complete_ = attempt == kRecord;
  co_return true;
}

io::Task<Result<bool>> JournalFollower::poll(std::int32_t attempts) {
  bool news = false;
  if (complete_) co_return false;
  // Before the files of earlier attempts comes the record: their files may lie there still when the newest
  // one has become it.
  std::vector<std::int32_t> order = {kRecord};
  for (std::int32_t attempt = attempts; attempt >= std::max(source_.attempt, 1); --attempt) {
    order.insert(attempt == attempts ? order.begin() : order.end(), attempt);
  }
  for (const auto attempt : order) {
    KNIT_CO_TRY(const bool taken, co_await try_source(attempt, &news));
    if (taken) co_return news;
  }
  co_return false;
}

}  // namespace knit::client
