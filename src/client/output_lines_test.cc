// Each line once, whole, and in its container's order: from pages and uploads of every shape.
#include <gmock/gmock.h>

#include "client/output_for_test.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

io::Task<Status> replace_upload(fs::FileSystem& fs, std::string bytes) {
  fs::CreateOptions options;
  options.overwrite = true;
  return fs::write_file(fs, "/logs/localhost_26197", std::move(bytes), options);
}

class OutputLines : public OutputFixture {
 public:
  void finish_from_nodes() { finish(output_->finish_from_nodes(io::Deadline::max())); }
  void finish_from_uploads(LogAggregation now = LogAggregation::kSucceeded) {
    finish(output_->finish_from_uploads(uploads_, state({now}), io::Deadline::max()));
  }
  void restart_with(OutputOptions options) {
    loop_.run([](OutputFixture* test, OutputOptions options) -> io::Task<void> {
      co_await test->output_->stop();
      test->output_ = std::make_unique<OutputFollower>(*test->pages_, test->lines_, std::move(options));
    }(this, std::move(options)));
  }
};

TEST_F(OutputLines, APageThatEndsInsideACharacterOrBeforeANewline) {
  const auto one = run(0, 2);
  const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z\r\nnext\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    logs(one) = {{"stdout", text.substr(0, length)}, {"stderr", ""}};
    update({one});
    loop_.advance(2s);
  }
  EXPECT_THAT(take(), ElementsAre("0 | a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z\r", "0 | next"));
}

TEST_F(OutputLines, AnyBytesArriveAsTheyAre) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) {
    if (byte != '\n') every += static_cast<char>(byte);
  }
  const auto one = run(0, 2);
  logs(one) = {{"stdout", every + "\n"}, {"stderr", every}};
  update({ended(one)});
  EXPECT_THAT(take(), UnorderedElementsAre("0 | " + every, "0 ! " + every + "$"));
}

TEST_F(OutputLines, ALineBeyondTheLimitComesInPartsThatMakeItWhole) {
  const std::string text(5 * (1 << 19) + 7, 'x');  // 2.5 MiB
  const auto one = run(0, 2);
  for (const std::size_t length : {std::size_t{100}, text.size() / 2, text.size()}) {
    logs(one) = {{"stdout", text.substr(0, length)}, {"stderr", ""}};
    update({one});
    loop_.advance(2s);
  }
  logs(one)["stdout"] = text + "\nend\n";
  update({ended(one)});
  std::string whole;
  auto all = take();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all.back(), "0 | end");
  all.pop_back();
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].ends_with('+'), i + 1 < all.size());
    whole += all[i].substr(4, all[i].find_last_of('x') - 3);
  }
  EXPECT_TRUE(whole == text);
}

TEST_F(OutputLines, TheMoveToTheUploadIsInTheMiddleOfALineAndOfEachRestart) {
  const auto first = run(0, 2), second = run(0, 3, "localhost", 1);
  logs(first) = {{"stdout", numbers(1, 99) + "10"}, {"stderr", ""}};
  update({first});
  EXPECT_EQ(take().size(), 99u);
  logs(first).erase("stderr");  // the node forgets log by log
  update({ended(first), ended(second)});
  nodes_->logs.clear();
  finish_from_nodes();
  EXPECT_THAT(take(), IsEmpty());
  put_upload();
  finish_from_uploads();
  const auto rest = take();
  ASSERT_EQ(rest.size(), 1u + 1u + 100u + 1u);
  EXPECT_EQ(rest[0], "0 | 100");
  EXPECT_EQ(rest[1], "0 ! err-without-newline$");
  std::vector<std::string> of_second(rest.begin() + 2, rest.end());
  std::erase(of_second, "0 ! err-without-newline$");
  ASSERT_EQ(of_second.size(), 100u);
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(of_second[i - 1], "0 | " + std::to_string(i));
  EXPECT_THAT(observer_.notices, IsEmpty());
}

// A node removes what it has uploaded file by file: what is left in its list is not all there was.
TEST_F(OutputLines, ANodeThatForgetsOneLogAtTheEndIsReadFromItsUpload) {
  const auto one = run(0, 2);
  logs(one) = {{"stdout", numbers(1, 100)}};
  update({one});
  EXPECT_EQ(take().size(), 100u);
  finish_from_nodes();
  EXPECT_TRUE(output_->pending());
  put_upload();
  finish_from_uploads();
  EXPECT_THAT(take(), ElementsAre("0 ! err-without-newline$"));
}

TEST_F(OutputLines, AnUploadThatIsShorterThanWhatWasReadIsSaid) {
  const auto one = run(0, 2);
  logs(one) = {{"stdout", numbers(1, 120)}, {"stderr", "err-without-newline"}};
  update({one});
  EXPECT_EQ(take().size(), 120u);
  nodes_->logs.clear();
  put_upload();
  finish_from_nodes();
  finish_from_uploads();
  EXPECT_THAT(take(), ElementsAre("0 ! err-without-newline$"));
  EXPECT_THAT(observer_.notices,
              ElementsAre(HasSubstr("the uploaded copy has only 292 of the 372 bytes that were read")));
}

TEST_F(OutputLines, OnlyTheLastLinesOfWhatIsThereAndAllThatFollows) {
  auto tail = options();
  tail.tail_lines = 2;
  restart_with(tail);
  const auto one = run(0, 2), two = run(1, 3);
  logs(one) = {{"stdout", numbers(1, 50)}, {"stderr", "old\nnew\nnewest"}};
  update({one});
  logs(one)["stdout"] += numbers(51, 53);
  loop_.advance(2s);
  EXPECT_THAT(take(), UnorderedElementsAre("0 | 49", "0 | 50", "0 ! new", "0 | 51", "0 | 52", "0 | 53"));
  update({ended(one), ended(two)});
  EXPECT_THAT(take(), ElementsAre("0 ! newest$"));
  finish_from_nodes();
  put_upload();
  finish_from_uploads();
  EXPECT_THAT(take(), UnorderedElementsAre("1 | 99", "1 | 100", "1 ! err-without-newline$"));
}

TEST_F(OutputLines, AnUploadThatIsStillBeingWrittenIsWaitedFor) {
  update({ended(run(0, 2))});
  finish_from_nodes();
  put("localhost_26197", golden_upload().substr(0, 5000));
  std::size_t looks = 0;
  const auto uploading = [&]() -> io::Task<std::optional<LogAggregation>> {
    if (++looks == 5) (void)co_await replace_upload(fs_, golden_upload());
    co_return LogAggregation::kRunning;
  };
  finish(output_->finish_from_uploads(uploads_, uploading, io::Deadline::max()));
  EXPECT_EQ(take().size(), 101u);
  EXPECT_THAT(observer_.notices, IsEmpty());
}

TEST_F(OutputLines, EachContainerHasItsOwnReason) {
  update({ended(run(0, 2)), ended(run(1, 3, "other"))});
  finish_from_nodes();
  put("localhost_26197", upload_in_unknown_codec());
  finish_from_uploads();
  EXPECT_THAT(observer_.notices,
              ElementsAre(AllOf(StartsWith("stdout of container_1795397000582_0023_01_000002"),
                                HasSubstr("compressed with 'lzop'")),
                          HasSubstr("compressed with 'lzop'"),
                          AllOf(StartsWith("stdout of container_1795397000582_0023_01_000003"),
                                HasSubstr("its node uploaded nothing of it")),
                          HasSubstr("its node uploaded nothing of it")));
}

TEST_F(OutputLines, AnArchiveOfUploadsIsNamed) {
  update({ended(run(0, 2))});
  finish_from_nodes();
  put("application_1795397000582_0023.har", "");
  finish_from_uploads();
  EXPECT_THAT(observer_.notices, ElementsAre(HasSubstr("is a Hadoop archive"), HasSubstr("Hadoop archive")));
}

}  // namespace
}  // namespace knit::client
