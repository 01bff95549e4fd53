// Reading a range of one block from one DataNode, without I/O: the answer, the packets with their checksums,
// the end (Hadoop 3.4.2: BlockReaderRemote). A driver (BlockReader) hands over what has arrived and gets
// verified bytes back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "hdfs/transfer.h"

namespace knit::hdfs {

class BlockRead {
 public:
  // `length` bytes from `offset` within the block.
  BlockRead(std::uint64_t offset, std::uint64_t length);

  struct Step {
    std::size_t used = 0;             // bytes of `arrived` that are done with, once `data` is
    std::span<const std::byte> data;  // verified and asked for; within `arrived`
  };
  // The next message in `arrived`; nullopt until it is whole, and then needed() says how many bytes to have.
  // Errors: kUnauthenticated (the block token is no longer good: ask for new locations), kDataLoss (corrupt
  // here: another replica may be whole), kUnavailable (this DataNode cannot).
  Result<std::optional<Step>> step(std::span<const std::byte> arrived);
  std::size_t needed() const { return needed_; }

  // Bytes not yet given out. At 0 every byte that was asked for is verified.
  std::uint64_t remaining() const { return length_ - given_; }
  // The DataNode's end of the block was read too: the status can be sent, and says whether bytes were
  // verified.
  bool finished() const { return finished_; }
  bool verified() const { return checksum_.type != ChecksumType::kNull; }

 private:
  Result<Step> take_answer(std::span<const std::byte> message, std::size_t used);
  Result<Step> take_packet(const PacketView& packet);

  std::uint64_t offset_, length_, given_ = 0;
  bool answered_ = false, finished_ = false;
  ChecksumSpec checksum_;
  std::uint64_t next_offset_ = 0;  // in the block, of the next packet
  std::int64_t next_seqno_ = 0;
  std::size_t needed_ = 1;
};

}  // namespace knit::hdfs
