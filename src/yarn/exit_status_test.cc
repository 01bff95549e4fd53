#include "yarn/exit_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knit::yarn {
namespace {

using ::testing::HasSubstr;

TEST(ExitStatus, KindsDecideWhatFollows) {
  EXPECT_EQ(explain_exit(0, "").kind, ExitKind::kSucceeded);
  for (const int status : {-100, -101, -102, -106, -108, 154}) {
    EXPECT_EQ(explain_exit(status, "").kind, ExitKind::kLost) << status;
  }
  for (const int status : {-105, -107})
    EXPECT_EQ(explain_exit(status, "").kind, ExitKind::kStopped) << status;
  for (const int status : {-103, -104, -109, -1, 1, 2, 126, 127, 134, 137, 139, 143, 255, -999}) {
    EXPECT_EQ(explain_exit(status, "").kind, ExitKind::kFailed) << status;
  }
  EXPECT_EQ(explain_exit(-1000, "").kind, ExitKind::kUnstartable);
}

TEST(ExitStatus, MemoryWithUseAndLimit) {
  // Hadoop 3.4.
  const std::string recent =
      "[2026-11-23 01:33:43.231]Container [pid=1,containerID=container_1_0001_01_000002] is running "
      "314572800B beyond "
      "the 'PHYSICAL' memory limit. Current usage: 556.1 MB of 256 MB physical memory used; 2.0 GB of 537.6 "
      "MB virtual "
      "memory used. Killing container.\nDump of the process-tree for container_1_0001_01_000002 :\n";
  EXPECT_EQ(explain_exit(-104, recent).reason,
            "was killed for using more memory than it asked for (556.1 MB of 256 MB physical memory used)");
  EXPECT_THAT(explain_exit(-104, recent).advice, HasSubstr("--memory"));
  EXPECT_EQ(
      explain_exit(-103, recent).reason,
      "was killed for using more virtual memory than its limit (2.0 GB of 537.6 MB virtual memory used)");
  // Hadoop 2.10.
  EXPECT_EQ(
      explain_exit(-104,
                   "Container [pid=1,containerID=c] is running beyond physical memory limits. Current "
                   "usage: 1.1 GB of 1 GB physical memory used; 2 GB of 2.1 GB virtual memory used. Killing "
                   "container.\n")
          .reason,
      "was killed for using more memory than it asked for (1.1 GB of 1 GB physical memory used)");
  EXPECT_EQ(explain_exit(-104, "Current usage: cut off").reason,
            "was killed for using more memory than it asked for");
}

TEST(ExitStatus, LogsWithTheLimitMeant) {
  EXPECT_EQ(explain_exit(-109,
                         "Container [pid=1,containerID=c] is logging beyond the container total log limit.\n"
                         "Limit: 1000 Total Size: >=2000\nKilling container.\n")
                .reason,
            "was killed for writing more logs than the cluster allows (total log limit)");
}

TEST(ExitStatus, Words) {
  EXPECT_EQ(explain_exit(3, "").reason, "ended with exit status 3");
  EXPECT_EQ(explain_exit(139, "").reason, "was ended by SIGSEGV (exit status 139)");
  EXPECT_EQ(explain_exit(143, "").reason, "was ended by SIGTERM (exit status 143)");
  EXPECT_THAT(explain_exit(137, "").advice, HasSubstr("out of memory"));
  EXPECT_THAT(explain_exit(127, "").reason, HasSubstr("did not find its command"));
}

TEST(ExitStatus, LastLinesOfStderr) {
  const std::string head =
      "[2026-11-23 03:11:47.369]Exception from container-launch.\nContainer id: c\nExit code: 6\n\n"
      "[2026-11-23 03:11:47.372]Container exited with a non-zero exit code 6. Error file: prelaunch.err.\n";
  const std::string both =
      head +
      "Last 4096 bytes of prelaunch.err :\nLast 4096 bytes of stderr :\nTraceback:\nLast words\n  boom\n\n\n";
  EXPECT_EQ(stderr_tail(both + both), "Traceback:\nLast words\n  boom");
  EXPECT_EQ(stderr_tail(head + "Last 4096 bytes of prelaunch.err :\n/bin/bash: line 2: no\n\n"),
            "/bin/bash: line 2: no");
  EXPECT_EQ(stderr_tail(head + "Last 4096 bytes of prelaunch.err :\nLast 4096 bytes of stderr :\n\n\n"), "");
  EXPECT_EQ(stderr_tail("Container killed on request. Exit code is 143"), "");
}

}  // namespace
}  // namespace knit::yarn
