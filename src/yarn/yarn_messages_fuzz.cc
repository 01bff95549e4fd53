// Answers a ResourceManager may send, by the first byte. Nothing may crash, and no amount may be negative.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rpc/call.h"
#include "yarn/convert_master.h"
#include "yarn/convert_reports.h"
#include "yarn/exit_status.h"

namespace {

using namespace knit::yarn;  // NOLINT: all of what is fuzzed
namespace pb = ::hadoop::yarn;

const ResourceUnits kUnits = {{"yarn.io/gpu", ""}, {"disk", "Gi"}};

void check(const knit::Resource& resource) {
  if (resource.memory.bytes() < 0 || resource.vcores < 0) std::abort();
  for (const auto& [name, amount] : resource.others) {
    if (amount < 0) std::abort();
  }
}

template <class Message, class Use>
void with(std::string_view bytes, Use use) {
  if (auto message = knit::rpc::decode<Message>(std::string(bytes), "input")) use(*message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'a':
      with<pb::GetApplicationsResponseProto>(bytes, [](const auto& answer) {
        for (const auto& report : answer.applications()) {
          const auto value = read(report, kUnits);
          check(value.used);
          (void)to_string(value.state);
        }
      });
      break;
    case 'n':
      with<pb::GetClusterNodesResponseProto>(bytes, [](const auto& answer) {
        for (const auto& node : answer.nodereports()) check(read(node, kUnits).capacity);
      });
      break;
    case 'q':
      with<pb::GetQueueInfoResponseProto>(bytes, [](const auto& answer) { (void)read(answer.queueinfo()); });
      break;
    case 'r':
      with<pb::RegisterApplicationMasterResponseProto>(bytes, [](const auto& answer) {
        if (const auto value = read(answer)) check(value->maximum);
      });
      break;
    case 'h':
      with<pb::AllocateResponseProto>(bytes, [](const auto& answer) {
        const auto value = read(answer, kUnits);
        if (!value) return;
        if (value->available) check(*value->available);
        for (const auto& container : value->allocated) check(container.resource);
        for (const auto& status : value->completed)
          (void)explain_exit(status.exit_status, status.diagnostics);
      });
      break;
    default:
      break;
  }
  return 0;
}
