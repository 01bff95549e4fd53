// For tests of this module: what a real NodeManager uploaded of application_1795397000582_0023: a master and
// two instances with 100 numbered lines on stdout and "err-without-newline" on stderr.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace knit::client {

inline std::string golden_upload(const std::string& name = "ifile-none.3.4.2.bin") {
  std::ifstream in(KNIT_SOURCE_DIR "/tests/golden/logs/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

// Compressed with something Knit does not have: the name of the default compression, first in BCFile.index.
inline std::string upload_in_unknown_codec() {
  auto bytes = golden_upload("tfile-none.3.4.2.bin");
  const auto at = bytes.rfind("\x04none\x01");
  EXPECT_NE(at, std::string::npos);
  bytes.replace(at + 1, 4, "lzop");
  return bytes;
}

}  // namespace knit::client
