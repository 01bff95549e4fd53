// For tests: conversations with a real Hadoop (tests/golden/rpc), and a Caller that answers by script.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "rpc/call.h"
#include "rpc/proto/rpc_engine.pb.h"
#include "rpc/proto/rpc_header.pb.h"

namespace knit::yarn {

struct RecordedCall {
  std::string method;
  std::string request;
  std::string answer;
};

// The calls of one captured connection, in the order asked, less SASL and connection context.
class Transcript {
 public:
  explicit Transcript(const std::string& name) {
    const std::string stem = std::string(KNIT_SOURCE_DIR) + "/tests/golden/rpc/" + name;
    std::map<std::int64_t, std::size_t> by_id;
    for (Bytes frame : frames(file(stem + ".c2s.bin").substr(7))) {
      const auto header = rpc::decode<hadoop::common::RpcRequestHeaderProto>(frame.delimited(), "header");
      if (header->callid() < 0) continue;
      const auto call = rpc::decode<hadoop::common::RequestHeaderProto>(frame.delimited(), "call");
      by_id[header->callid()] = calls_.size();
      calls_.push_back({call->methodname(), frame.delimited(), {}});
    }
    for (Bytes frame : frames(file(stem + ".s2c.bin"))) {
      const auto header = rpc::decode<hadoop::common::RpcResponseHeaderProto>(frame.delimited(), "header");
      const auto call = by_id.find(header->callid());
      if (call != by_id.end()) calls_[call->second].answer = frame.delimited();
    }
  }

  const std::vector<RecordedCall>& calls() const { return calls_; }
  // The nth call of a method, from 0.
  const RecordedCall& call(const std::string& method, std::size_t nth = 0) const {
    for (const auto& call : calls_) {
      if (call.method == method && nth-- == 0) return call;
    }
    ADD_FAILURE() << "no such call of " << method;
    return calls_.at(0);
  }

 private:
  struct Bytes {
    std::string data;
    std::size_t at = 0;
    std::string delimited() {
      std::size_t size = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(data.at(at++));
        size |= std::size_t{byte & 0x7fu} << shift;
        if (byte < 0x80) break;
      }
      at += size;
      return data.substr(at - size, size);
    }
  };

  static std::string file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    std::stringstream bytes;
    bytes << in.rdbuf();
    return std::move(bytes).str();
  }
  static std::vector<Bytes> frames(const std::string& stream) {
    std::vector<Bytes> frames;
    for (std::size_t at = 0; at + 4 <= stream.size();) {
      std::size_t size = 0;
      for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(stream[at++]);
      frames.push_back({stream.substr(at, size)});
      at += size;
    }
    return frames;
  }

  std::vector<RecordedCall> calls_;
};

// Answers in the order scripted and keeps what it was asked.
class ScriptedCaller : public rpc::Caller {
 public:
  struct Asked {
    std::string method;
    std::string request;
    rpc::CallOptions options;
  };

  void answer(Result<std::string> answer) { answers_.push_back(std::move(answer)); }
  template <class Message>
  void answer_with(const Message& message) {
    answer(message.SerializePartialAsString());
  }

  io::Task<Result<std::string>> call(std::string method, std::string request,
                                     rpc::CallOptions options) override {
    asked_.push_back({std::move(method), std::move(request), options});
    if (answers_.empty()) co_return Error(ErrorCode::kInternal, "the script has no answer");
    auto next = std::move(answers_.front());
    answers_.pop_front();
    co_return next;
  }

  const Asked& last() const { return asked_.back(); }
  template <class Message>
  Message last_request() const {
    auto message = rpc::decode<Message>(asked_.back().request, "request");
    EXPECT_TRUE(message);
    return message ? *message : Message();
  }

 private:
  std::deque<Result<std::string>> answers_;
  std::vector<Asked> asked_;
};

}  // namespace knit::yarn
