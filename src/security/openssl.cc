#include "security/openssl.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "base/try.h"

namespace knit::security {

OSSL_LIB_CTX* openssl_context() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    KNIT_ASSERT(made != nullptr && OSSL_PROVIDER_load(made, "default") != nullptr,
                "OpenSSL has no default provider, or no memory is left");
    return made;
  }();
  return context;
}

void skip_openssl_configuration() {
  KNIT_ASSERT(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1, "OpenSSL does not start");
}

}  // namespace knit::security
