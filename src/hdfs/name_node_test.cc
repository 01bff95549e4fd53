#include "hdfs/name_node.h"

#include <gtest/gtest.h>

#include <deque>

#include "hdfs/golden_for_test.h"
#include "hdfs/packet.h"
#include "hdfs/proto/namenode.pb.h"
#include "hdfs/scripted_caller_for_test.h"
#include "io/loop.h"
#include "rpc/proto/rpc_engine.pb.h"
#include "rpc/proto/rpc_header.pb.h"

namespace knit::hdfs {
namespace {

namespace proto = hadoop::hdfs;

struct Exchange {
  std::string method, request;
  std::string exception, answer;
};

std::span<const std::byte> take_delimited(std::span<const std::byte>& rest) {
  std::size_t needed = 0;
  const auto view = decode_delimited(rest, needed).value().value();
  rest = rest.subspan(view.size);
  return view.message;
}

std::span<const std::byte> take_frame(std::span<const std::byte>& rest) {
  std::size_t length = 0;
  for (int n = 0; n < 4; ++n)
    length = length << 8 | std::to_integer<std::size_t>(rest[static_cast<std::size_t>(n)]);
  const auto frame = rest.subspan(4, length);
  rest = rest.subspan(4 + length);
  return frame;
}

template <class Message>
Message parse(std::span<const std::byte> bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return message;
}

// The calls of a captured connection, in the order they were made.
std::vector<Exchange> exchanges(const std::string& name) {
  std::vector<Exchange> all;
  std::map<std::uint32_t, std::size_t> by_call;
  const auto c2s = golden("rpc/" + name + ".c2s.bin");
  for (auto rest = std::span<const std::byte>(c2s).subspan(7); !rest.empty();) {
    auto frame = take_frame(rest);
    const auto header = parse<hadoop::common::RpcRequestHeaderProto>(take_delimited(frame));
    if (header.callid() < 0) continue;
    const auto method = parse<hadoop::common::RequestHeaderProto>(take_delimited(frame)).methodname();
    by_call[static_cast<std::uint32_t>(header.callid())] = all.size();
    all.push_back({.method = method, .request = text_of(take_delimited(frame))});
  }
  const auto s2c = golden("rpc/" + name + ".s2c.bin");
  for (auto rest = std::span<const std::byte>(s2c); !rest.empty();) {
    auto frame = take_frame(rest);
    const auto header = parse<hadoop::common::RpcResponseHeaderProto>(take_delimited(frame));
    Exchange& exchange = all.at(by_call.at(header.callid()));
    exchange.exception = header.exceptionclassname();
    if (!frame.empty()) exchange.answer = text_of(take_delimited(frame));
  }
  return all;
}

// A NameNode that gives the captured answers, in order, to the method they were captured for.
struct Replay {
  explicit Replay(const std::string& name, const std::string& client) : name_node(caller, client) {
    for (const Exchange& exchange : exchanges(name)) {
      captured[exchange.method].push_back(exchange);
      caller.handlers[exchange.method] =
          [this, method = exchange.method](const std::string&) -> Result<std::string> {
        auto& queue = captured[method];
        if (queue.empty()) return Error(ErrorCode::kInternal, "no answer left for " + method);
        last = queue.front();
        queue.pop_front();
        if (!last.exception.empty()) return Error(ErrorCode::kNotFound, "captured error", last.exception);
        return last.answer;
      };
    }
  }
  template <class T>
  Result<T> run(io::Task<Result<T>> task) {
    return loop.run(std::move(task));
  }
  // The request that was sent last is Java's, to the byte.
  void expect_same() { EXPECT_EQ(caller.calls.back().request, last.request) << caller.calls.back().method; }

  io::Loop loop{io::Loop::Time::kManual};
  ScriptedCaller caller;
  NameNode name_node;
  std::map<std::string, std::deque<Exchange>> captured;
  Exchange last;
};

std::string client_in(const std::string& name) {
  for (const Exchange& exchange : exchanges(name)) {
    if (exchange.method == "create")
      return parse<proto::CreateRequestProto>(bytes_of(exchange.request)).clientname();
  }
  return {};
}

TEST(NameNode, SpeaksAsJavaDoes) {
  Replay replay("nn-ops", client_in("nn-ops"));
  NameNode& nn = replay.name_node;
  auto all = exchanges("nn-ops");
  // The paths of the capture, from its own requests.
  const auto request = [&](std::string_view method) -> const std::string& {
    for (const Exchange& exchange : all) {
      if (exchange.method == method) return exchange.request;
    }
    throw std::runtime_error("not captured");
  };
  const auto remove = parse<proto::DeleteRequestProto>(bytes_of(request("delete")));
  EXPECT_TRUE(replay.run(nn.remove(remove.src(), remove.recursive())));
  replay.expect_same();
  EXPECT_EQ(replay.caller.calls.back().repeat, rpc::Repeat::kAtMostOnce);

  const auto mkdirs = parse<proto::MkdirsRequestProto>(bytes_of(request("mkdirs")));
  ASSERT_TRUE(replay.run(nn.mkdirs(mkdirs.src(),
                                   {.masked = static_cast<std::uint16_t>(mkdirs.masked().perm()),
                                    .unmasked = static_cast<std::uint16_t>(mkdirs.unmasked().perm())},
                                   mkdirs.createparent())));
  replay.expect_same();
  EXPECT_EQ(replay.caller.calls.back().repeat, rpc::Repeat::kSafe);

  const auto chmod = parse<proto::SetPermissionRequestProto>(bytes_of(request("setPermission")));
  ASSERT_TRUE(
      replay.run(nn.set_permission(chmod.src(), static_cast<std::uint16_t>(chmod.permission().perm()))));
  replay.expect_same();

  const auto listing = parse<proto::GetListingRequestProto>(bytes_of(request("getListing")));
  const auto listed = replay.run(nn.get_listing(listing.src())).value();
  replay.expect_same();
  ASSERT_FALSE(listed.empty());
  EXPECT_FALSE(listed[0].status.path.empty());

  const auto times = parse<proto::SetTimesRequestProto>(bytes_of(request("setTimes")));
  ASSERT_TRUE(replay.run(nn.set_times(
      times.src(), WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(times.mtime()))))));
  replay.expect_same();

  const auto rename = parse<proto::Rename2RequestProto>(bytes_of(request("rename2")));
  ASSERT_TRUE(replay.run(nn.rename2(rename.src(), rename.dst(), rename.overwritedest())));
  EXPECT_EQ(replay.caller.calls.back().repeat, rpc::Repeat::kAtMostOnce);

  const auto recover = parse<proto::RecoverLeaseRequestProto>(bytes_of(request("recoverLease")));
  EXPECT_TRUE(replay.run(nn.recover_lease(recover.src())).value());
  EXPECT_FALSE(replay.run(nn.get_file_info("/whatever")).value()) << "a missing file is an empty answer";
}

TEST(NameNode, WritingAFileAsCaptured) {
  Replay replay("nn-put-small", client_in("nn-put-small"));
  NameNode& nn = replay.name_node;
  const auto all = exchanges("nn-put-small");
  proto::CreateRequestProto java;
  for (const Exchange& exchange : all) {
    if (exchange.method == "create") java = parse<proto::CreateRequestProto>(bytes_of(exchange.request));
  }
  const FileInfo file = replay
                            .run(nn.create({.path = java.src(),
                                            .permission = {0644, 0666},
                                            .overwrite = true,
                                            .create_parents = java.createparent(),
                                            .replication = java.replication(),
                                            .block_size = java.blocksize()}))
                            .value();
  auto ours = parse<proto::CreateRequestProto>(bytes_of(replay.caller.calls.back().request));
  EXPECT_EQ(ours.createflag(), 0x83u) << "SHOULD_REPLICATE: no erasure-coding policy of the folder's";
  EXPECT_EQ(ours.cryptoprotocolversion_size(), 0) << "an encryption zone refuses us";
  ours.set_createflag(java.createflag());
  *ours.mutable_cryptoprotocolversion() = java.cryptoprotocolversion();
  EXPECT_EQ(ours.SerializeAsString(), java.SerializeAsString());
  EXPECT_GT(file.file_id, 0u);
  EXPECT_EQ(file.status.block_size, 134217728u);

  const LocatedBlock block = replay.run(nn.add_block(java.src(), file.file_id, std::nullopt, {})).value();
  replay.expect_same();
  EXPECT_EQ(block.nodes.size(), 1u);
  EXPECT_EQ(block.storage_ids.size(), 1u);
  EXPECT_EQ(block.token.identifier, "");

  const ServerDefaults defaults = replay.run(nn.get_server_defaults()).value();
  EXPECT_EQ(defaults.block_size, 134217728u);
  EXPECT_EQ(defaults.checksum, (ChecksumSpec{ChecksumType::kCrc32c, 512}));

  ExtendedBlock last = block.block;
  last.length = 13;
  const bool first = replay.run(nn.complete(java.src(), file.file_id, last)).value();
  replay.expect_same();
  EXPECT_EQ(first, parse<proto::CompleteResponseProto>(bytes_of(replay.last.answer)).result());
}

TEST(NameNode, BlocksOfAFile) {
  Replay replay("nn-cat-small", "x");
  proto::GetBlockLocationsRequestProto java;
  for (const Exchange& exchange : exchanges("nn-cat-small")) {
    if (exchange.method == "getBlockLocations") {
      java = parse<proto::GetBlockLocationsRequestProto>(bytes_of(exchange.request));
    }
  }
  const LocatedBlocks blocks =
      replay.run(replay.name_node.get_block_locations(java.src(), java.offset(), java.length())).value();
  replay.expect_same();
  EXPECT_EQ(blocks.file_length, 13u);
  ASSERT_EQ(blocks.blocks.size(), 1u);
  EXPECT_EQ(blocks.blocks[0].block.length, 13u);
  EXPECT_TRUE(blocks.last_complete);
  EXPECT_EQ(blocks.encryption_key + blocks.erasure_policy, "");
}

TEST(NameNode, ListsPageByPage) {
  io::Loop loop(io::Loop::Time::kManual);
  ScriptedCaller caller;
  NameNode nn(caller, "c");
  std::vector<std::string> after;
  std::uint32_t remaining = 2;
  caller.handlers["getListing"] = [&](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::GetListingRequestProto>(bytes_of(bytes));
    after.push_back(request.startafter());
    proto::GetListingResponseProto answer;
    auto* list = answer.mutable_dirlist();
    if (remaining < 100) {
      auto* entry = list->add_partiallisting();
      entry->set_filetype(proto::HdfsFileStatusProto::IS_FILE);
      entry->set_path("name" + std::to_string(remaining));
      entry->set_length(0);
      entry->mutable_permission()->set_perm(0600);
      entry->set_owner("o");
      entry->set_group("g");
      entry->set_modification_time(1);
      entry->set_access_time(1);
    }
    list->set_remainingentries(remaining);
    if (remaining < 100) --remaining;
    return answer.SerializeAsString();
  };
  EXPECT_EQ(loop.run(nn.get_listing("/d")).value().size(), 3u);
  EXPECT_EQ(after, (std::vector<std::string>{"", "name2", "name1"}));
  remaining = 100;  // a page without entries, yet more to come: no endless loop
  EXPECT_EQ(loop.run(nn.get_listing("/d")).error().code(), ErrorCode::kDataLoss);
  remaining = 2'000'000;
  EXPECT_EQ(loop.run(nn.get_listing("/d")).error().code(), ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace knit::hdfs
