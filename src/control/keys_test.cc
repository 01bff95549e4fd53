#include "control/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace knit::control {
namespace {

using namespace std::chrono_literals;

const ApplicationId kApplication{1763862000000, 42};
constexpr WallTime kNow{1763862000123ms};

security::Identity identity(const security::Authority& authority) {
  return *authority.issue(
      {.role = security::Role::kContainer, .instance = 3, .now = kNow, .until = kNow + 24h});
}

TEST(Keys, TheMasterFindsTheAuthorityAndContainersAreNotGivenIt) {
  const auto authority = security::Authority::create(kApplication, kNow);
  security::Credentials credentials;
  credentials.set_secret("mine", std::string_view("x"));
  EXPECT_FALSE(*find_authority(credentials));
  add_authority(credentials, authority);
  const auto read = security::parse_credentials(credentials.serialize());
  const auto found = find_authority(*read);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->application(), kApplication);
  EXPECT_EQ((*found)->certificate_pem(), authority.certificate_pem());
  const auto rest = without_authority(*read);
  EXPECT_FALSE(*find_authority(rest));
  ASSERT_EQ(rest.secrets().size(), 1U);
  EXPECT_EQ(rest.secrets()[0].alias, "mine");
  EXPECT_EQ(rest.serialize().find(authority.key_pem().bytes()), std::string::npos);
}

TEST(Keys, ABrokenAuthorityIsAnError) {
  security::Credentials credentials;
  credentials.set_secret("knit.authority.key", std::string_view("x"));
  credentials.set_secret("knit.authority.certificate", std::string_view("y"));
  EXPECT_FALSE(find_authority(credentials));
}

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// As a NodeManager does: a token file, and a shell that is told where it is.
TEST(Keys, AShellUnpacksWhatAContainerIsGiven) {
  const auto authority = security::Authority::create(kApplication, kNow);
  const auto given = identity(authority);
  security::Credentials credentials;
  credentials.set_secret("before", std::string_view("\n#knit key\nnot this\n", 5));
  credentials.set_token("t",
                        security::Token{"identifier\xff", std::string("password\0", 9), "KIND", "service"});
  add_identity(credentials, given);
  credentials.set_secret("zz", std::string_view("behind"));

  const std::filesystem::path folder = testing::TempDir() + "/knit-keys-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "tokens") << credentials.serialize();
  std::ofstream(folder / "script") << "cd " << folder << "; export HADOOP_TOKEN_FILE_LOCATION=tokens; "
                                   << kUnpackKeys << "echo \"$KNIT_CERTS\" >where; umask >mask";
  ASSERT_EQ(std::system(("umask 022; /bin/bash " + (folder / "script").string()).c_str()), 0);

  const auto certs = folder / ".knit-certs";
  EXPECT_EQ(content(folder / "where"), std::filesystem::canonical(certs).string() + "\n");
  EXPECT_EQ(content(folder / "mask"), "0022\n") << "the user's is as it was";
  EXPECT_EQ(content(certs / "key.pem"), given.key_pem.bytes());
  EXPECT_EQ(content(certs / "cert.pem"), given.certificate_pem);
  EXPECT_EQ(content(certs / "ca.pem"), given.authority_pem);
  struct stat about {};
  ASSERT_EQ(::stat((certs / "key.pem").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace knit::control
