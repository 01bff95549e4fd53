// The records inside one data block of an aggregated TFile: which bytes belong to which log file of which
// container.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/try.h"

namespace knit::logs {

// Takes the unpacked bytes of one block in pieces of any size and says what they are. Pure; keeps at most one
// key or name (4 KiB). One block, one parser: a record never spans blocks.
//
// A record is a key and a value in chunks; the value of a container holds name, decimal length and bytes of
// one log after another (AggregatedLogFormat.LogValue.write, 3.4.2). A log that could not be read to its end
// was padded by an error text, so the lengths inside a value can lie: nothing reaches beyond the value's end,
// and what no longer reads as name and length is reported, not guessed at.
class TFileRecordParser {
 public:
  enum class What {
    kNeedInput,  // all input was taken
    kFile,       // container(), file(), declared_length() describe the log that begins
    kData,       // `data` is the log's next piece, part of the input
    kFileEnd,    // `whole` is false where the value ended before the declared length
    kNote,       // note(): the rest of this container's value cannot be told apart and is left out
  };
  struct Event {
    What what = What::kNeedInput;
    std::span<const std::byte> data;
    bool whole = true;
  };

  // Takes from the front of `input` up to the next event. kDataLoss: the block is damaged, and this parser is
  // done.
  Result<Event> next(std::span<const std::byte>& input);
  // To be asked at the end of the block: kDataLoss where it ends inside a record.
  Status finish() const;

  const std::string& container() const { return key_; }
  const std::string& file() const { return file_; }
  std::uint64_t declared_length() const { return declared_; }
  const std::string& note() const { return note_; }

  // How many of the bytes that come next are the current log's contents and nothing else. The caller may
  // leave out up to that many and say so by skip().
  std::uint64_t skippable() const;
  void skip(std::uint64_t n);

 private:
  enum class State { kKeyLength, kKey, kChunkLength, kChunk };
  enum class Value { kIgnored, kNameLength, kName, kSizeLength, kSize, kContents };

  Result<bool> gather_vlong(std::span<const std::byte>& input, std::int64_t& value);
  Status end_key();
  Result<Event> next_in_chunk(std::span<const std::byte>& input);
  Event end_value();
  Event end_field();
  Event leave_out_rest(std::string note);

  State state_ = State::kKeyLength;
  Value value_ = Value::kIgnored;
  std::vector<std::byte> head_;   // of a key or length of the record's own framing, as far as it has come
  std::vector<std::byte> field_;  // of a name or length inside the value, which may span chunks
  std::size_t head_size_ = 0;
  std::size_t field_size_ = 0;
  std::uint64_t chunk_left_ = 0;
  bool last_chunk_ = false;
  std::uint64_t contents_left_ = 0;
  std::uint64_t declared_ = 0;
  std::string key_, file_, note_;
};

}  // namespace knit::logs
