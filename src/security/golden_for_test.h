// For tests alone: the bytes captured from a real Hadoop (tests/golden/README.md).
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace knit::security {

// The file tests/golden/`name`; a test failure and nothing if it is not there.
inline std::string golden(const std::string& name) {
  std::ifstream in(std::string(KNIT_SOURCE_DIR "/tests/golden/") + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << "tests/golden/" << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace knit::security
