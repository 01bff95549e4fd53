#include "master/exits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knit::master {
namespace {

using app::ExitClass;
using testing::HasSubstr;

app::Exit exit_of(int status, std::string diagnostics = {}) {
  return to_exit(
      yarn::ContainerStatus{.id = {}, .exit_status = status, .diagnostics = std::move(diagnostics)});
}

TEST(Exits, EachStatusHasItsClass) {
  EXPECT_EQ(exit_of(0).exit_class, ExitClass::kSucceeded);
  EXPECT_EQ(exit_of(3).exit_class, ExitClass::kFailed);
  EXPECT_EQ(exit_of(137).exit_class, ExitClass::kFailed);
  EXPECT_EQ(exit_of(-103).exit_class, ExitClass::kMemory);
  EXPECT_EQ(exit_of(-104).exit_class, ExitClass::kMemory);
  EXPECT_EQ(exit_of(-109).exit_class, ExitClass::kFailed);
  for (const int lost : {-100, -101, -106, -108, 154})
    EXPECT_EQ(exit_of(lost).exit_class, ExitClass::kLost) << lost;
  EXPECT_EQ(exit_of(-102).exit_class, ExitClass::kPreempted);
  EXPECT_EQ(exit_of(-105).exit_class, ExitClass::kKilled);
  EXPECT_EQ(exit_of(-107).exit_class, ExitClass::kKilled);
  EXPECT_EQ(exit_of(-1000).exit_class, ExitClass::kLaunch);
}

// As a 3.4.2 NodeManager wrote it.
TEST(Exits, AFailureBringsItsLastOutput) {
  const auto exit =
      exit_of(3,
              "[2026-11-23 03:05:42.529]Exception from container-launch.\n"
              "Container id: container_1795400313368_0021_01_000002\nExit code: 3\n\n"
              "[2026-11-23 03:05:42.533]Container exited with a non-zero exit code 3. Error file: "
              "prelaunch.err.\nLast 4096 bytes of prelaunch.err :\nLast 4096 bytes of stderr :\n"
              "boom\nsecond\n\n\n"
              "[2026-11-23 03:05:42.533]Container exited with a non-zero exit code 3.");
  EXPECT_EQ(exit.reason, "ended with exit status 3");
  EXPECT_THAT(exit.last_output, HasSubstr("boom\nsecond"));
  EXPECT_EQ(exit.last_output.find("2026"), std::string::npos);
}

TEST(Exits, WhatCouldNotBePreparedSaysWhy) {
  const auto exit = exit_of(
      -1000, "[2026-11-23 03:05:42.529]\nFile does not exist: hdfs://nn/x\njava.io.FileNotFound...\n");
  EXPECT_THAT(exit.reason,
              HasSubstr("could not be prepared by the NodeManager: File does not exist: hdfs://nn/x"));
}

}  // namespace
}  // namespace knit::master
