// Where the owner and the containers reach the master. A driver.
#pragma once

#include <knit/result.h>

#include <memory>
#include <string>

#include "control/service.h"
#include "http/server.h"
#include "io/task_group.h"
#include "master/notes.h"
#include "security/certificates.h"

namespace knit::master {

// Certificates hold for twice as long as they are used.
inline constexpr std::chrono::hours kRenewEvery{7 * 24};
inline constexpr std::chrono::hours kCertificateLife = 2 * kRenewEvery;

// Serves control::Service over HTTPS with the application's own certificates (docs/control-api.md), and
// renews its own. Belongs to one loop; stop() it before it and the service go.
class ControlServer {
 public:
  // Listens on the address of `host`, the name under which the node is known in the cluster, or on `bind`
  // where that is not empty. Errors: the name's, the port's.
  static io::Task<Result<std::unique_ptr<ControlServer>>> start(security::Authority authority,
                                                                std::string host, std::string bind,
                                                                PortRange ports, control::Service& service,
                                                                Notes& notes);

  std::uint16_t port() const { return server_->port(); }
  std::string url() const;
  io::Task<void> stop();

 private:
  ControlServer(security::Authority authority, std::string host, std::string address, Notes& notes)
      : authority_(std::move(authority)),
        host_(std::move(host)),
        address_(std::move(address)),
        notes_(notes) {}
  Result<security::Identity> own_identity() const;
  io::Task<void> renew();

  security::Authority authority_;
  std::string host_, address_;
  Notes& notes_;
  std::unique_ptr<http::Server> server_;
  io::TaskGroup background_;
};

}  // namespace knit::master
