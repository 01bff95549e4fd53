// Decodes every protobuf message of the golden captures with the generated classes of the lite runtime, and
// writes it again: Hadoop's Java code and ours must agree to the byte. Unknown fields are found by
// schema_test.cc, because the lite runtime cannot walk a message.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "hdfs/proto/datatransfer.pb.h"
#include "hdfs/proto/namenode.pb.h"
#include "rpc/proto/ipc_connection_context.pb.h"
#include "rpc/proto/rpc_engine.pb.h"
#include "rpc/proto/rpc_header.pb.h"
#include "rpc/proto/security.pb.h"
#include "wire/capture.h"
#include "yarn/proto/yarn_client.pb.h"
#include "yarn/proto/yarn_container.pb.h"
#include "yarn/proto/yarn_master.pb.h"
#include "yarn/proto/yarn_token.pb.h"

namespace knit::wire_test {
namespace {

using google::protobuf::MessageLite;
using Factories = std::map<std::string, std::function<std::unique_ptr<MessageLite>()>>;

template <class... Messages>
void add(Factories& factories) {
  (factories.emplace(Messages().GetTypeName(), [] { return std::make_unique<Messages>(); }), ...);
}

Factories factories() {
  Factories all;
  using namespace hadoop::common;
  add<RpcRequestHeaderProto, RpcResponseHeaderProto, RpcSaslProto, RequestHeaderProto,
      IpcConnectionContextProto, TokenProto, CredentialsProto>(all);
  using namespace hadoop::yarn;
  add<GetApplicationsRequestProto, GetApplicationsResponseProto, GetClusterNodesRequestProto,
      GetClusterNodesResponseProto, GetQueueInfoRequestProto, GetQueueInfoResponseProto,
      GetNewApplicationRequestProto, GetNewApplicationResponseProto, SubmitApplicationRequestProto,
      SubmitApplicationResponseProto, GetApplicationReportRequestProto, GetApplicationReportResponseProto,
      KillApplicationRequestProto, KillApplicationResponseProto, RegisterApplicationMasterRequestProto,
      RegisterApplicationMasterResponseProto, AllocateRequestProto, AllocateResponseProto,
      FinishApplicationMasterRequestProto, FinishApplicationMasterResponseProto, StartContainersRequestProto,
      StartContainersResponseProto, StopContainersRequestProto, StopContainersResponseProto,
      GetContainerStatusesRequestProto, GetContainerStatusesResponseProto, ContainerTokenIdentifierProto,
      NMTokenIdentifierProto, YARNDelegationTokenIdentifierProto>(all);
  using namespace hadoop::hdfs;
  add<GetFileInfoRequestProto, GetFileInfoResponseProto, GetListingRequestProto, GetListingResponseProto,
      GetBlockLocationsRequestProto, GetBlockLocationsResponseProto, GetServerDefaultsRequestProto,
      GetServerDefaultsResponseProto, CreateRequestProto, CreateResponseProto, AddBlockRequestProto,
      AddBlockResponseProto, FsyncRequestProto, FsyncResponseProto, CompleteRequestProto,
      CompleteResponseProto, RecoverLeaseRequestProto, RecoverLeaseResponseProto, MkdirsRequestProto,
      MkdirsResponseProto, RenameRequestProto, RenameResponseProto, Rename2RequestProto, Rename2ResponseProto,
      DeleteRequestProto, DeleteResponseProto, SetPermissionRequestProto, SetPermissionResponseProto,
      SetTimesRequestProto, SetTimesResponseProto, OpReadBlockProto, OpWriteBlockProto, BlockOpResponseProto,
      ClientReadStatusProto, PacketHeaderProto, PipelineAckProto, DataTransferEncryptorMessageProto>(all);
  return all;
}

TEST(GoldenMessages, ParseAndComeBackToTheByte) {
  Factories known = factories();
  std::set<std::string> seen;
  for (const WireMessage& message : all_golden_messages()) {
    SCOPED_TRACE(message.type + " from " + message.origin);
    auto factory = known.find(message.type);
    ASSERT_NE(factory, known.end()) << "no generated class in the list above";
    seen.insert(message.type);
    std::unique_ptr<MessageLite> parsed = factory->second();
    // Parsing in two steps is the house rule: the lite runtime prints missing fields to stderr otherwise.
    ASSERT_TRUE(parsed->ParsePartialFromString(message.bytes));
    EXPECT_TRUE(parsed->IsInitialized());
    EXPECT_EQ(parsed->SerializeAsString(), message.bytes);
  }
  for (const auto& [type, factory] : known) EXPECT_TRUE(seen.contains(type)) << type << " is in no capture";
}

TEST(GoldenMessages, HoldWhatTheCapturesAreKnownToHold) {
  int submissions = 0;
  int containers = 0;
  for (const WireMessage& message : all_golden_messages()) {
    if (message.type == "hadoop.yarn.SubmitApplicationRequestProto") {
      hadoop::yarn::SubmitApplicationRequestProto request;
      ASSERT_TRUE(request.ParsePartialFromString(message.bytes) && request.IsInitialized());
      const auto& context = request.application_submission_context();
      EXPECT_GT(context.application_id().cluster_timestamp(), 0);
      EXPECT_GE(context.am_container_spec().command_size(), 1);
      ASSERT_EQ(context.am_container_spec().localresources_size(), 1);
      const auto& resource = context.am_container_spec().localresources(0);
      EXPECT_EQ(resource.key(), "hello.txt");
      EXPECT_EQ(resource.value().size(), 13);
      EXPECT_FALSE(context.has_unmanaged_am());
      submissions++;
    } else if (message.type == "hadoop.yarn.AllocateResponseProto") {
      hadoop::yarn::AllocateResponseProto answer;
      ASSERT_TRUE(answer.ParsePartialFromString(message.bytes) && answer.IsInitialized());
      for (const auto& container : answer.allocated_containers()) {
        EXPECT_EQ(container.container_token().kind(), "ContainerToken");
        containers++;
      }
    }
  }
  EXPECT_EQ(submissions, 1);
  EXPECT_EQ(containers, 1);
}

}  // namespace
}  // namespace knit::wire_test
