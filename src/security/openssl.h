// Knit's own OpenSSL library context.
#pragma once

typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;

namespace knit::security {

// The library context every use of OpenSSL in Knit goes through (EVP_*_fetch, SSL_CTX_new_ex): apart from the
// process's default one, so no openssl.cnf of the machine is ever read (OpenSSL reads it for the default
// context only), a Python process that loads Knit keeps its own settings, and the static master needs no
// provider module. Made at first use, safe from any thread, lives as long as the process.
OSSL_LIB_CTX* openssl_context();

}  // namespace knit::security
