// Where the owner and the containers reach the master. A driver.
#pragma once

#include <knit/result.h>

#include <memory>
#include <string>
#include <vector>

#include "control/service.h"
#include "http/server.h"
#include "io/task_group.h"
#include "master/notes.h"
#include "security/certificates.h"

namespace knit::master {

// Certificates hold for twice as long as they are used.
inline constexpr std::chrono::hours kRenewEvery{7 * 24};
inline constexpr std::chrono::hours kCertificateLife = 2 * kRenewEvery;

// Where a master listens.
struct Place {
  std::string host;  // the name under which the node is known in the cluster
  std::string bind;  // a numeric address; empty: listen_address()
  PortRange ports;
  std::vector<std::string> resource_managers;  // names or addresses
};

// The address of the place's host; or all ("0.0.0.0") where that name means this machine alone ("127.0.1.1
// NAME" in a Debian's /etc/hosts) and the ResourceManager is another: NodeManagers listen so, too.
io::Task<Result<std::string>> listen_address(Place place);

// Serves control::Service over HTTPS with the application's own certificates (docs/control-api.md), and
// renews its own. Belongs to one loop; stop() it before it and the service go.
class ControlServer {
 public:
  // Errors: the name's, the port's.
  static io::Task<Result<std::unique_ptr<ControlServer>>> start(security::Authority authority, Place place,
                                                                control::Service& service, Notes& notes);

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
