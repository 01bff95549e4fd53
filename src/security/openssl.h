// Knit's own OpenSSL library context.
#pragma once

typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;

namespace knit::security {

// The library context every use of OpenSSL in Knit goes through (EVP_*_fetch, SSL_CTX_new_ex): apart from the
// process's default one, so that providers named by the machine's openssl.cnf are not used, and a Python
// process that loads Knit keeps its own settings. Made at first use, safe from any thread, lives as long as
// the process.
OSSL_LIB_CTX* openssl_context();

// Keeps OpenSSL from reading openssl.cnf at all (its engine table would load it for the default context at
// the first digest). A setting of the whole process: for main() alone, before anything else uses OpenSSL.
void skip_openssl_configuration();

}  // namespace knit::security
