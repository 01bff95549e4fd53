#include "client/owner_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/fake_services_for_test.h"
#include "fs/memory_file_system.h"
#include "io/loop.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const ApplicationId kId{1763862000000, 42};
constexpr const char* kFolder = "/home/alice/.local/state/knit/keys";
constexpr WallTime kNow{1763862000123ms};

security::Identity made(security::Role role) {
  return *security::Authority::create(kId, kNow).issue(
      {.role = role, .now = kNow, .until = security::kNoEnd});
}

class OwnerKeysTest : public testing::Test {
 protected:
  template <class T>
  Result<T> run(io::Task<Result<T>> task) {
    return loop_.run(std::move(task));
  }
  io::Loop loop_;
  fs::MemoryFileSystem files_;
  OwnerKeys keys_{files_, kFolder};
  const std::string path_ = std::string(kFolder) + "/" + to_string(kId) + ".pem";
};

TEST_F(OwnerKeysTest, AreKeptForTheOwnerAlone) {
  const auto identity = made(security::Role::kOwner);
  ASSERT_TRUE(run(keys_.keep(kId, identity)));
  EXPECT_EQ(run(files_.stat(path_))->permission, 0600);
  EXPECT_EQ(run(files_.stat(kFolder))->permission, 0700);
  const auto found = run(keys_.find(kId));
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->key_pem, identity.key_pem);
  EXPECT_EQ(found->certificate_pem, identity.certificate_pem);
  EXPECT_EQ(found->authority_pem, identity.authority_pem);
  EXPECT_TRUE(run(keys_.forget(kId)));
  EXPECT_TRUE(run(keys_.forget(kId))) << "none is no error";
  const auto gone = run(keys_.find(kId));
  EXPECT_EQ(gone.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(gone.error().message(), HasSubstr("knit key export"));
}

TEST_F(OwnerKeysTest, OneThatOthersCanReadIsRefused) {
  ASSERT_TRUE(run(keys_.keep(kId, made(security::Role::kOwner))));
  ASSERT_TRUE(run(files_.set_permission(path_, 0640)));
  const auto found = run(keys_.find(kId));
  EXPECT_EQ(found.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_THAT(found.error().message(), HasSubstr(path_));
}

TEST_F(OwnerKeysTest, TravelAsText) {
  const auto identity = made(security::Role::kOwner);
  ASSERT_TRUE(run(keys_.keep(kId, identity)));
  const auto text = run(keys_.text(kId));
  OwnerKeys elsewhere(files_, "/elsewhere");
  EXPECT_EQ(run(elsewhere.add(*text)).value(), kId);
  EXPECT_EQ(run(elsewhere.find(kId))->key_pem, identity.key_pem);
  EXPECT_EQ(run(elsewhere.add(std::string("nonsense"))).error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(run(keys_.keep(kId, made(security::Role::kContainer))));
  const auto others = run(elsewhere.add(*run(keys_.text(kId))));
  EXPECT_EQ(others.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(others.error().message(), HasSubstr("not the owner's"));
}

TEST_F(OwnerKeysTest, ThoseOfEndedApplicationsAreSwept) {
  FakeApplications applications;
  const ApplicationId runs{1, 1}, ended{1, 2}, unknown{1, 3}, forgotten{1, 4};
  applications.states = {{runs, ApplicationState::kRunning}, {ended, ApplicationState::kFinished}};
  for (const auto& id : {runs, ended, unknown, forgotten})
    ASSERT_TRUE(run(keys_.keep(id, made(security::Role::kOwner))));
  const auto file = [](const ApplicationId& id) {
    return std::string(kFolder) + "/" + to_string(id) + ".pem";
  };
  ASSERT_TRUE(run(files_.set_times(file(forgotten), kNow - std::chrono::days(4000))));
  ASSERT_TRUE(run(fs::write_file(files_, file(runs) + ".new", "half a key")));
  ASSERT_TRUE(run(files_.set_times(file(runs) + ".new", kNow)));
  const auto sweep = [&]() -> io::Task<Result<bool>> {
    co_await keys_.sweep(applications);
    co_return true;
  };
  ASSERT_TRUE(run(sweep()));
  EXPECT_TRUE(run(keys_.find(runs)));
  EXPECT_FALSE(run(keys_.find(ended)));
  EXPECT_TRUE(run(keys_.find(unknown))) << "another cluster's, perhaps";
  EXPECT_FALSE(run(keys_.find(forgotten)));
  EXPECT_FALSE(run(files_.stat(file(runs) + ".new")));
}

TEST(KeysFolder, FollowsTheXdgSpecification) {
  EXPECT_EQ(*keys_folder(conf::Environment({{"XDG_STATE_HOME", "/s"}, {"HOME", "/h"}})), "/s/knit/keys");
  EXPECT_EQ(*keys_folder(conf::Environment({{"XDG_STATE_HOME", "s"}, {"HOME", "/h"}})),
            "/h/.local/state/knit/keys");
  EXPECT_EQ(keys_folder(conf::Environment()).error().code(), ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace knit::client
