// One cluster as one user sees it: the settings and the connections to its daemons, made when first needed.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "conf/endpoint.h"
#include "conf/settings.h"
#include "hdfs/file_system.h"
#include "io/net.h"
#include "rpc/client.h"
#include "yarn/resource_manager.h"

namespace knit::client {

// Belongs to one loop; everything the client module does takes a Session.
class Session {
 public:
  // Talks to no machine. kUnimplemented for a cluster with Kerberos, naming the setting that says so.
  static Result<std::unique_ptr<Session>> open(conf::Settings settings,
                                               std::chrono::milliseconds connect_timeout);
  ~Session();

  const conf::Settings& settings() const { return settings_; }
  const std::string& user() const { return user_; }
  std::chrono::milliseconds connect_timeout() const { return connect_timeout_; }
  yarn::ResourceManager& resource_manager() { return resource_manager_; }
  // "rm.example.com:8032", or several joined by ", ".
  std::string resource_manager_address() const;

  // From now on calls are marked as this application's in the cluster's audit logs ("knit/VERSION APP_ID");
  // those of a session that works for several carry no id.
  void about(const ApplicationId& id);

  // The file system on which `uri` lies (a path without scheme: fs.defaultFS). `what` names in errors what
  // was given.
  Result<hdfs::HdfsFileSystem*> file_system(const std::string& uri, std::string_view what);

  // Lets what goes on in the background end, within bounds. Await it before the Session goes.
  io::Task<void> close();

 private:
  Session(conf::Settings settings, std::string user, std::chrono::milliseconds connect_timeout,
          std::vector<conf::Endpoint> resource_managers);

  conf::Settings settings_;
  std::string user_;
  std::set<ApplicationId> about_;  // two are several
  std::shared_ptr<std::string> caller_context_;
  std::chrono::milliseconds connect_timeout_;
  rpc::Client rpc_;
  yarn::ResourceManager resource_manager_;
  std::map<std::string, std::unique_ptr<hdfs::HdfsFileSystem>> file_systems_;  // by authority
};

}  // namespace knit::client
