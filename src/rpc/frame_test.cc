#include "rpc/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "rpc/fake_server_for_test.h"

namespace knit::rpc {
namespace {

using ::testing::HasSubstr;

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(Frame, PreambleIsSevenBytes) {
  EXPECT_EQ(base::hex_encode(preamble(AuthProtocol::kNone)), "68727063090000");
  EXPECT_EQ(base::hex_encode(preamble(AuthProtocol::kSasl)), "687270630900df");
}

TEST(Frame, WriterPutsLengthsInFront) {
  FrameWriter writer;
  writer.add_bytes("ab").add_bytes("").add_bytes(std::string(200, 'x'));
  const std::string frame = std::move(writer).finish();
  EXPECT_EQ(base::hex_encode(frame.substr(0, 10)),
            "000000ce"
            "026162"
            "00"
            "c801");
  EXPECT_EQ(frame.size(), 4u + 0xce);
}

TEST(Frame, ReaderTakesAnyPieces) {
  const std::string stream = golden("rpc/rm-client-submit.s2c.bin");
  const auto whole = frames_of(stream);
  ASSERT_GT(whole.size(), 5u);
  for (const std::size_t piece : {1, 2, 3, 4, 5, 7, 100, 5000}) {
    FrameReader reader(1 << 20);
    std::vector<std::string> frames;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      ASSERT_TRUE(reader.append(bytes(std::string_view(stream).substr(at, piece))));
      while (auto frame = reader.next()) frames.push_back(std::move(*frame));
    }
    EXPECT_EQ(frames, whole) << piece;
  }
}

TEST(Frame, ComesOutOnlyWhole) {
  FrameReader reader(100);
  ASSERT_TRUE(reader.append(bytes(std::string_view("\0\0\0", 3))));
  EXPECT_FALSE(reader.next());
  ASSERT_TRUE(reader.append(bytes("\x02x")));
  EXPECT_FALSE(reader.next());
  ASSERT_TRUE(reader.append(bytes("y")));
  EXPECT_EQ(reader.next(), "xy");
}

TEST(Frame, AnEmptyFrameIsAFrame) {
  FrameReader reader(100);
  ASSERT_TRUE(reader.append(bytes(std::string_view("\0\0\0\0\0\0\0\1z", 9))));
  EXPECT_EQ(reader.next(), "");
  EXPECT_EQ(reader.next(), "z");
}

TEST(Frame, OverTheLimitFailsForGoodButKeepsWhatWasWhole) {
  FrameReader reader(3);
  const auto failed = reader.append(bytes(std::string_view("\0\0\0\3abc\0\0\0\4abcd", 15)));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(failed.error().message(), "an answer of 4 bytes is over the limit of 3 bytes");
  EXPECT_EQ(reader.next(), "abc");
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.append({}));
}

TEST(Frame, SaysWhatItMetInPlaceOfHadoop) {
  FrameReader http(1 << 20);
  auto met = http.append(bytes(golden("rpc-probes/http-get.s2c.bin")));
  ASSERT_FALSE(met);
  EXPECT_THAT(met.error().message(), HasSubstr("HTTP"));

  FrameReader tls(128 << 20);
  met = tls.append(bytes(std::string_view("\x15\x03\x01\x00\x02\x02\x46", 7)));
  ASSERT_FALSE(met);
  EXPECT_THAT(met.error().message(), HasSubstr("TLS"));
}

TEST(Frame, AnswerOfAnotherVersionIsTold) {
  const std::string answer = golden("rpc-probes/bad-version.s2c.bin");
  FrameReader reader(1 << 20);
  Status met;
  for (std::size_t i = 0; i < answer.size() && met; ++i) {
    met = reader.append(bytes(std::string_view(answer).substr(i, 1)));
    EXPECT_EQ(met.has_value(), i + 1 < answer.size());
  }
  ASSERT_FALSE(met);
  EXPECT_EQ(met.error().code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(met.error().message(),
              HasSubstr("Server IPC version 9 cannot communicate with client version 8"));
}

TEST(Frame, DelimitedReaderRefusesWhatEndsEarly) {
  const std::string bad[] = {"",
                             "\x05"
                             "abcd",
                             "\x80", std::string("\xff\xff\xff\xff\xff\x01", 6),
                             std::string("\xff\xff\xff\xff\x7f", 5)};
  for (const std::string& text : bad) {
    DelimitedReader reader(text);
    const auto next = reader.next("header");
    ASSERT_FALSE(next) << base::hex_encode(text);
    EXPECT_EQ(next.error().code(), ErrorCode::kDataLoss);
    EXPECT_THAT(next.error().message(), HasSubstr("header"));
  }
}

}  // namespace
}  // namespace knit::rpc
