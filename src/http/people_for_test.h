// For tests alone: the identities of one application, and connections in memory.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>

#include "base/try.h"
#include "http/tls_session.h"
#include "io/net.h"
#include "io/wait.h"
#include "security/certificates.h"

namespace knit::http {

inline constexpr ApplicationId kTestApplication{1'763'862'000'000, 42};

// Everybody of one application, with certificates for a week.
struct People {
  explicit People(WallTime now, ApplicationId application = kTestApplication)
      : authority(security::Authority::create(application, now)),
        owner(identity({.role = security::Role::kOwner}, now)),
        container(identity({.role = security::Role::kContainer, .instance = 3}, now)),
        master(identity({.role = security::Role::kMaster, .hosts = {"127.0.0.1", "localhost"}}, now)) {}

  security::Identity identity(security::Terms terms, WallTime now) const {
    terms.now = now;
    terms.until = now + std::chrono::hours(24 * 7);
    auto made = authority.issue(terms);
    KNIT_ASSERT(made, made.error().message());
    return *std::move(made);
  }

  security::Authority authority;
  security::Identity owner, container, master;
};

inline std::shared_ptr<const TlsContext> context_of(TlsContext::End end, const security::Identity& identity) {
  auto context = TlsContext::create(end, identity);
  KNIT_ASSERT(context, context.error().message());
  return *std::move(context);
}

// A listener whose clients come through memory.
class PipeListener final : public io::Listener {
 public:
  std::unique_ptr<io::Stream> connect() {
    auto [ours, theirs] = io::make_pipe();
    waiting_.push_back(std::move(theirs));
    came_.pulse();
    return std::move(ours);
  }

  std::uint16_t port() const override { return 1; }
  io::Task<Result<std::unique_ptr<io::Stream>>> accept() override {
    while (waiting_.empty() && !closed_) KNIT_CO_TRY_VOID(co_await came_.wait());
    if (closed_) co_return Error(ErrorCode::kUnavailable, "closed");
    auto stream = std::move(waiting_.front());
    waiting_.pop_front();
    co_return stream;
  }
  void close() override {
    closed_ = true;
    came_.pulse();
  }

 private:
  std::deque<std::unique_ptr<io::Stream>> waiting_;
  bool closed_ = false;
  io::Event came_;
};

}  // namespace knit::http
