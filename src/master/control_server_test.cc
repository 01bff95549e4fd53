#include "master/control_server.h"

#include <gtest/gtest.h>

#include "io/loop.h"

namespace knit::master {
namespace {

std::string address(std::string host, std::string bind, std::vector<std::string> resource_managers) {
  io::Loop loop;
  const auto found =
      loop.run(listen_address({std::move(host), std::move(bind), {}, std::move(resource_managers)}));
  return found ? *found : std::string(to_string(found.error().code()));
}

TEST(ControlServer, ListensOnTheAddressOfItsNodesName) {
  EXPECT_EQ(address("10.1.2.3", "", {"10.1.2.4"}), "10.1.2.3");
  EXPECT_EQ(address("10.1.2.3", "10.9.9.9", {"10.1.2.4"}), "10.9.9.9");
  EXPECT_EQ(address("no name at all", "", {"10.1.2.4"}), "not_found");
}

TEST(ControlServer, ANameThatMeansThisMachineAloneIsNoAddressForOthers) {
  EXPECT_EQ(address("127.0.1.1", "", {"10.1.2.4"}), "0.0.0.0");
  EXPECT_EQ(address("::1", "", {"127.0.0.1", "10.1.2.4"}), "0.0.0.0") << "one of a pair is elsewhere";
  EXPECT_EQ(address("127.0.1.1", "", {"no name at all"}), "0.0.0.0");
  EXPECT_EQ(address("127.0.1.1", "", {"127.0.0.1"}), "127.0.1.1") << "the whole cluster is this machine";
  EXPECT_EQ(address("127.0.1.1", "127.0.0.1", {"10.1.2.4"}), "127.0.0.1") << "as it was told to";
}

}  // namespace
}  // namespace knit::master
