// Where the keys of an application's certificates travel: in the Credentials of its containers, which YARN
// hands from process to process and never writes into HDFS, a command line or an environment.
#pragma once

#include <knit/result.h>

#include <optional>
#include <string>

#include "security/certificates.h"
#include "security/credentials.h"

namespace knit::control {

// For the master: with it, it can issue its own and its containers' certificates.
void add_authority(security::Credentials& credentials, const security::Authority& authority);
// Nothing where the client has sent none. kDataLoss and kInvalidArgument for one that is broken.
Result<std::optional<security::Authority>> find_authority(const security::Credentials& credentials);
// These credentials less that.
security::Credentials without_authority(const security::Credentials& credentials);

// For a container: its key, its certificate and the authority's. The launch command (kUnpackKeys) finds them
// by lines of the token file that YARN leaves in the container.
void add_identity(security::Credentials& credentials, const security::Identity& identity);

// Shell text that unpacks them into files of mode 600 (key.pem, cert.pem, ca.pem) in the folder KNIT_CERTS,
// which is .knit-certs of the working directory where the user names no other. What goes wrong there does not
// keep the user's command from being started.
inline constexpr const char* kUnpackKeys =
    R"(: "${KNIT_CERTS=$PWD/.knit-certs}"; export KNIT_CERTS; (umask 077; mkdir -p "$KNIT_CERTS" && for part in key cert ca; do )"
    R"(LC_ALL=C sed -n "/^#knit $part\$/,/^#knit/{/^#knit/!p}" "$HADOOP_TOKEN_FILE_LOCATION" )"
    R"(>"$KNIT_CERTS/$part.pem"; done) 2>/dev/null; )";

}  // namespace knit::control
