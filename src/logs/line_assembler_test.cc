#include "logs/line_assembler.h"

#include <gtest/gtest.h>

#include "io/stream.h"

namespace knit::logs {
namespace {

std::string lines(const std::string& text, std::size_t piece, std::size_t max_line = 100) {
  LineAssembler assembler(max_line);
  std::string out;
  auto sink = [&](std::string_view line, LineAssembler::End end) {
    out += line;
    out += end == LineAssembler::End::kNewline ? '$' : end == LineAssembler::End::kPart ? '+' : '!';
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    assembler.feed(io::as_bytes(std::string_view(text).substr(at, piece)), sink);
    EXPECT_LE(assembler.pending(), max_line);
  }
  assembler.finish(sink);
  assembler.finish(sink);
  return out;
}

TEST(LineAssembler, WholeLinesFromPiecesOfAnySize) {
  const std::string text = "one\n\ntwo\r\nthree";
  for (std::size_t piece = 1; piece <= text.size(); ++piece)
    EXPECT_EQ(lines(text, piece), "one$$two\r$three!");
  EXPECT_EQ(lines("", 1), "");
  EXPECT_EQ(lines("\n", 1), "$");
}

TEST(LineAssembler, ALongLineComesInParts) {
  for (std::size_t piece : {1, 2, 3, 5, 100}) {
    EXPECT_EQ(lines("abcdefgh\nx\n", piece, 3), "abc+def+gh$x$") << piece;
    EXPECT_EQ(lines("abcdef\nx", piece, 3), "abc+def$x!") << piece;
  }
}

}  // namespace
}  // namespace knit::logs
