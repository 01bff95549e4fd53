#include "http/tls_session.h"

#include <gtest/gtest.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "http/people_for_test.h"
#include "io/stream.h"

namespace knit::http {
namespace {

using namespace std::chrono_literals;
using End = TlsContext::End;

constexpr WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26) + 5h;

const People& people() {
  static const People made(kNow);
  return made;
}

std::string text(const Status& status) {
  return status ? "ok" : std::string(to_string(status.error().code())) + ": " + status.error().message();
}

// Two ends and the bytes between them.
struct Pair {
  Pair(const security::Identity& client_is, const security::Identity& master_is, WallTime client_now = kNow,
       WallTime master_now = kNow)
      : client(context_of(End::kClient, client_is), client_now),
        master(context_of(End::kMaster, master_is), master_now) {}

  // Carries what one has to say to the other, in pieces.
  static void carry(TlsSession& from, TlsSession& to, std::size_t piece = 100'000) {
    const std::string bytes = from.take_output();
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      to.feed(io::as_bytes(std::string_view(bytes).substr(at, piece)));
  }

  // What came of it at either end.
  void shake_hands() {
    for (int round = 0; round < 10; ++round) {
      step(client, client_done, client_status);
      carry(client, master);
      step(master, master_done, master_status);
      carry(master, client);
    }
  }
  static void step(TlsSession& session, bool& done, Status& status) {
    if (done || !status) return;
    const auto result = session.shake_hands();
    if (!result) status = result.error();
    done = result && *result;
  }

  TlsSession client, master;
  bool client_done = false, master_done = false;
  Status client_status, master_status;
};

std::string read_all(TlsSession& session) {
  std::string all;
  std::byte buffer[1000];
  while (true) {
    const auto n = session.read(buffer);
    if (!n) return all + "|" + text(n.error());
    if (!*n) return all;
    if (**n == 0) return all + "|end";
    all += io::as_text(std::span(buffer).first(**n));
  }
}

TEST(TlsSession, BothEndsKnowWhoTheOtherIs) {
  for (const auto* client : {&people().owner, &people().container}) {
    Pair pair(*client, people().master);
    pair.shake_hands();
    ASSERT_TRUE(pair.client_done && pair.master_done) << text(pair.client_status) << text(pair.master_status);
    EXPECT_EQ(to_string(pair.client.peer()), "master of application_1763862000000_0042");
    EXPECT_EQ(to_string(pair.master.peer()), client == &people().owner
                                                 ? "owner of application_1763862000000_0042"
                                                 : "container 3 of application_1763862000000_0042");
  }
}

TEST(TlsSession, BytesGoBothWaysInPiecesOfAnySize) {
  const std::string large(50'000, 'x');
  for (const std::size_t piece : {1, 7, 1400, 100'000}) {
    Pair pair(people().owner, people().master);
    pair.shake_hands();
    ASSERT_TRUE(pair.master_done);
    EXPECT_EQ(read_all(pair.master), "");
    ASSERT_TRUE(pair.client.write(io::as_bytes("hello")));
    Pair::carry(pair.client, pair.master, piece);
    EXPECT_EQ(read_all(pair.master), "hello");
    ASSERT_TRUE(pair.master.write(io::as_bytes(large)));
    Pair::carry(pair.master, pair.client, piece);
    EXPECT_EQ(read_all(pair.client), large);
    // Each end by itself: what the client has ended the master may still answer.
    pair.client.shut_down();
    Pair::carry(pair.client, pair.master, piece);
    EXPECT_EQ(read_all(pair.master), "|end");
    ASSERT_TRUE(pair.master.write(io::as_bytes("bye")));
    pair.master.shut_down();
    Pair::carry(pair.master, pair.client, piece);
    EXPECT_EQ(read_all(pair.client), "bye|end");
  }
}

TEST(TlsSession, AConnectionThatBreaksOffIsNoEnd) {
  Pair pair(people().owner, people().master);
  pair.shake_hands();
  ASSERT_TRUE(pair.client.write(io::as_bytes("hello")));
  std::string bytes = pair.client.take_output();
  pair.master.feed(io::as_bytes(bytes).first(bytes.size() - 1));
  pair.master.end_of_input();
  EXPECT_EQ(read_all(pair.master), "|unavailable: the connection was closed without the end of TLS");
}

TEST(TlsSession, AChangedByteIsNoticed) {
  Pair pair(people().owner, people().master);
  pair.shake_hands();
  ASSERT_TRUE(pair.client.write(io::as_bytes("hello")));
  std::string bytes = pair.client.take_output();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  pair.master.feed(io::as_bytes(bytes));
  EXPECT_TRUE(read_all(pair.master).starts_with("|data_loss: TLS failed: ")) << read_all(pair.master);
}

TEST(TlsSession, AHandshakeThatIsCutOrChangedAnywhereDoesNotSucceed) {
  // What the client says, whole: its first message and its last.
  Pair whole(people().owner, people().master);
  ASSERT_FALSE(*whole.client.shake_hands());
  const std::size_t hello = whole.client.take_output().size();
  for (std::size_t at = 0; at < hello; at += 5) {
    for (const bool cut : {false, true}) {
      Pair pair(people().owner, people().master);
      ASSERT_TRUE(pair.client.shake_hands());
      std::string bytes = pair.client.take_output();
      if (cut) {
        bytes.resize(at);
      } else {
        bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
      }
      pair.master.feed(io::as_bytes(bytes));
      if (cut) pair.master.end_of_input();
      pair.shake_hands();
      EXPECT_FALSE(pair.master_done) << at;
      EXPECT_FALSE(pair.client_done && cut) << at;
    }
  }
}

TEST(TlsSession, AClientOfAnotherApplicationIsRefusedAndToldSo) {
  const People others(kNow, {1'763'862'000'000, 43});
  // It believes this master (a thief may have its certificate) and shows its own.
  security::Identity thief = others.owner;
  thief.authority_pem = people().owner.authority_pem;
  Pair pair(thief, people().master);
  pair.shake_hands();
  EXPECT_FALSE(pair.master_done);
  EXPECT_TRUE(text(pair.master_status)
                  .starts_with("unauthenticated: a certificate in the name of the owner of "
                               "application_1763862000000_0043 was not issued by the authority of "
                               "application_1763862000000_0042"))
      << text(pair.master_status);
  EXPECT_TRUE(
      read_all(pair.client)
          .starts_with("|unauthenticated: the other end does not accept the certificate of the owner of "
                       "application_1763862000000_0043 (2026-11-26 04:00:00 to 2026-12-03 05:00:00 "
                       "UTC) ("))
      << read_all(pair.client);
}

TEST(TlsSession, OnlyTheMasterIsTakenForTheServer) {
  const People others(kNow);
  for (const auto& [server, reason] : {std::pair(others.master, "was not issued by the authority"),
                                       std::pair(people().owner, "is not for this end"),
                                       std::pair(people().container, "is not for this end")}) {
    Pair pair(people().owner, server);
    pair.shake_hands();
    EXPECT_FALSE(pair.client_done);
    EXPECT_FALSE(pair.master_done);
    EXPECT_TRUE(text(pair.client_status).starts_with("unauthenticated: ")) << text(pair.client_status);
    EXPECT_NE(text(pair.client_status).find(reason), std::string::npos) << text(pair.client_status);
  }
}

TEST(TlsSession, AMasterIsNoClient) {
  Pair pair(people().master, people().master);
  pair.shake_hands();
  EXPECT_FALSE(pair.master_done);
  EXPECT_TRUE(text(pair.master_status).starts_with("unauthenticated: ")) << text(pair.master_status);
}

TEST(TlsSession, ClocksThatAreOffAreNamedAtBothEnds) {
  Pair slow(people().owner, people().master, kNow - 3h, kNow);
  slow.shake_hands();
  EXPECT_EQ(
      text(slow.client_status),
      "unauthenticated: a certificate in the name of the master of application_1763862000000_0042 holds "
      "from 2026-11-26 04:00:00 to 2026-12-03 05:00:00 UTC, but the clock here says 2026-11-26 02:00:00 "
      "UTC: it is not yet of use, or one of the two clocks is wrong");
  Pair late(people().owner, people().master, kNow, kNow + 24h * 8);
  late.shake_hands();
  EXPECT_EQ(
      text(late.master_status),
      "unauthenticated: a certificate in the name of the owner of application_1763862000000_0042 holds "
      "from 2026-11-26 04:00:00 to 2026-12-03 05:00:00 UTC, but the clock here says 2026-12-04 05:00:00 "
      "UTC: it has ended, or one of the two clocks is wrong");
  const std::string told = read_all(late.client);
  EXPECT_TRUE(told.ends_with("; the clock here says 2026-11-26 05:00:00 UTC")) << told;
}

TEST(TlsSession, WhatIsNoTlsIsNamed) {
  for (const char* request : {"GET / HTTP/1.1\r\n\r\n", "POST /v1/stop HTTP/1.1\r\n\r\n"}) {
    TlsSession master(context_of(End::kMaster, people().master), kNow);
    master.feed(io::as_bytes(request));
    const auto done = master.shake_hands();
    ASSERT_FALSE(done);
    EXPECT_EQ(text(done.error()), "data_loss: a request of plain HTTP, where HTTPS is spoken");
    EXPECT_TRUE(master.met_plain_http());
  }
  TlsSession master(context_of(End::kMaster, people().master), kNow);
  master.feed(io::as_bytes(std::string(1000, '\0')));
  EXPECT_FALSE(master.shake_hands());
  EXPECT_FALSE(master.met_plain_http());
  TlsSession client(context_of(End::kClient, people().owner), kNow);
  client.feed(io::as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const auto done = client.shake_hands();
  ASSERT_FALSE(done);
  EXPECT_EQ(text(done.error()), "data_loss: the other end does not speak TLS");
}

TEST(TlsSession, AnIdentityMustFitTogether) {
  security::Identity mixed = people().owner;
  mixed.key_pem = people().master.key_pem;
  const auto context = TlsContext::create(End::kClient, mixed);
  ASSERT_FALSE(context);
  EXPECT_EQ(text(context.error()),
            "invalid_argument: the key is not that of the owner of application_1763862000000_0042");
  EXPECT_FALSE(TlsContext::create(End::kClient, {}));
}

// A client as other programs are: without our settings and, unless given, without a certificate.
struct Stranger {
  explicit Stranger(int version, const security::Identity* identity = nullptr)
      : context(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    if (identity) {
      BIO* key = BIO_new_mem_buf(identity->key_pem.bytes().data(), -1);
      BIO* certificate = BIO_new_mem_buf(identity->certificate_pem.data(), -1);
      use(key, certificate);
      BIO_free(key);
      BIO_free(certificate);
    }
    ssl = SSL_new(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
  }
  ~Stranger() {
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
  }
  void use(BIO* key, BIO* certificate) {
    EVP_PKEY* parsed_key = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
    X509* parsed = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
    EXPECT_EQ(SSL_CTX_use_certificate(context, parsed), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context, parsed_key), 1);
    EVP_PKEY_free(parsed_key);
    X509_free(parsed);
  }

  // The master's side of the handshake: "ok" or why not.
  std::string meet(TlsSession& master) {
    for (int round = 0; round < 10; ++round) {
      SSL_do_handshake(ssl);
      std::byte buffer[10'000];
      const int n = BIO_read(SSL_get_wbio(ssl), buffer, sizeof buffer);
      if (n > 0) master.feed(std::span(buffer).first(static_cast<std::size_t>(n)));
      const auto done = master.shake_hands();
      if (!done) return text(done.error());
      const std::string bytes = master.take_output();
      BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size()));
      if (*done) return SSL_do_handshake(ssl) == 1 ? SSL_get_cipher(ssl) : "the stranger is not content";
    }
    return "no end";
  }

  SSL_CTX* context;
  SSL* ssl = nullptr;
};

TEST(TlsSession, OldClientsAreServedAndOlderOnesAreNot) {
  const auto meet = [](int version) {
    TlsSession master(context_of(End::kMaster, people().master), kNow);
    return Stranger(version, &people().container).meet(master);
  };
  EXPECT_EQ(meet(TLS1_3_VERSION), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(meet(TLS1_2_VERSION), "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_TRUE(meet(TLS1_1_VERSION).starts_with("data_loss: TLS failed: ")) << meet(TLS1_1_VERSION);
}

TEST(TlsSession, NobodyComesWithoutACertificate) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsSession master(context_of(End::kMaster, people().master), kNow);
    EXPECT_EQ(Stranger(version).meet(master), "unauthenticated: the other end showed no certificate");
  }
}

// What openssl.cnf says for every program of the machine.
TEST(TlsSession, TheMachinesConfigurationChangesNothing) {
  const std::string file =
      "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\n"
      "MaxProtocol = TLSv1.2\nCipherString = ECDHE-RSA-AES128-SHA\nGroups = P-521\n"
      "SignatureAlgorithms = RSA+SHA512\nOptions = UnsafeLegacyRenegotiation\n";
  BIO* bio = BIO_new_mem_buf(file.data(), static_cast<int>(file.size()));
  CONF* conf = NCONF_new(nullptr);
  long line = 0;
  ASSERT_EQ(NCONF_load_bio(conf, bio, &line), 1) << line;
  OPENSSL_init_ssl(0, nullptr);
  ASSERT_EQ(CONF_modules_load(conf, nullptr, 0), 1);
  // It does change what others make.
  SSL_CTX* other = SSL_CTX_new(TLS_client_method());
  EXPECT_EQ(SSL_CTX_get_max_proto_version(other), TLS1_2_VERSION);
  SSL_CTX_free(other);
  Pair pair(people().owner, people().master);
  TlsSession master(context_of(End::kMaster, people().master), kNow);
  CONF_modules_unload(1);
  NCONF_free(conf);
  BIO_free(bio);
  pair.shake_hands();
  EXPECT_TRUE(pair.client_done && pair.master_done) << text(pair.client_status) << text(pair.master_status);
  Stranger stranger(TLS1_3_VERSION, &people().owner);
  EXPECT_EQ(stranger.meet(master), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(SSL_get_negotiated_group(stranger.ssl), NID_X25519);
}

}  // namespace
}  // namespace knit::http
