#include "client/owner_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/try.h"
#include "fs/local_file_system.h"
#include "io/stream.h"
#include "io/wait.h"

namespace knit::client {
namespace {

// Three PEM blocks of P-256 have less than 3 KiB.
constexpr std::size_t kMaxText = 64u << 10;
constexpr std::string_view kSuffix = ".pem";
constexpr std::string_view kNew = ".new";
constexpr std::string_view kCertificate = "-----BEGIN CERTIFICATE-----";
// Applications that one sweep asks the ResourceManager about.
constexpr std::size_t kSweepAtMost = 20;
// A ResourceManager that does not know an application may be another cluster's, or not have been told of it
// yet. A key so old is nobody's any more.
constexpr auto kOld = std::chrono::days(365);
// A copy that a killed client has left.
constexpr auto kAbandoned = std::chrono::hours(1);

security::Secret to_text(const security::Identity& identity) {
  std::string text;
  // At once: a string that grows leaves what it had behind.
  text.reserve(identity.key_pem.size() + identity.certificate_pem.size() + identity.authority_pem.size());
  text.append(identity.key_pem.bytes()).append(identity.certificate_pem).append(identity.authority_pem);
  return security::Secret(std::move(text));
}

Result<security::Identity> parse(const security::Secret& secret) {
  const std::string_view text = secret.bytes();
  const auto certificate = text.find(kCertificate);
  const auto authority =
      certificate == std::string_view::npos ? certificate : text.find(kCertificate, certificate + 1);
  if (authority == std::string_view::npos) {
    return Error(ErrorCode::kInvalidArgument,
                 "is no key of Knit's: that has a key and two certificates ('knit key export' writes it)");
  }
  return security::Identity{security::Secret(text.substr(0, certificate)),
                            std::string(text.substr(certificate, authority - certificate)),
                            std::string(text.substr(authority))};
}

// Whose key it is, if it is an owner's.
Result<ApplicationId> owner_of(const security::Identity& identity) {
  KNIT_TRY(const auto name, security::peer_name(identity.certificate_pem));
  if (name.role != security::Role::kOwner)
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("is the key of a {}, not the owner's", to_string(name)));
  return name.application;
}

}  // namespace

Result<std::string> keys_folder(const conf::Environment& environment) {
  auto state = environment.get_or_empty("XDG_STATE_HOME");
  if (!state.starts_with('/')) state.clear();  // the specification: a relative one is ignored
  if (state.empty() && !environment.home().empty()) state = environment.home() + "/.local/state";
  if (state.empty()) {
    return Error(ErrorCode::kFailedPrecondition,
                 "there is no place for keys: neither XDG_STATE_HOME nor a home directory is known");
  }
  return state + "/knit/keys";
}

Result<OwnerKeys> open_owner_keys(const conf::Environment& environment) {
  static fs::LocalFileSystem machine;  // has no state
  KNIT_TRY(auto folder, keys_folder(environment));
  return OwnerKeys(machine, std::move(folder));
}

std::string OwnerKeys::path(const ApplicationId& id) const {
  return fmt::format("{}/{}{}", folder_, to_string(id), kSuffix);
}

io::Task<Status> OwnerKeys::keep(ApplicationId id, security::Identity identity) {
  KNIT_CO_TRY_VOID(co_await files_.make_directories(folder_, 0700));
  const auto text = to_text(identity);
  const auto temporary = path(id) + std::string(kNew);
  KNIT_CO_TRY(const auto writer, co_await files_.create(temporary, {.permission = 0600, .overwrite = true}));
  Status written = co_await writer->write(io::as_bytes(text.bytes()));  // no copy: see fs::LocalFileSystem
  if (written) written = co_await writer->close();
  if (!written) {
    co_await writer->abort();
    co_return written;
  }
  co_return co_await files_.rename(temporary, path(id), true);
}

io::Task<Result<security::Secret>> OwnerKeys::text(ApplicationId id) {
  const auto file = path(id);
  const auto status = co_await files_.stat(file);
  if (!status && status.error().code() == ErrorCode::kNotFound) {
    co_return Error(ErrorCode::kNotFound,
                    fmt::format("this machine has no key to {}: it is where the application was submitted; "
                                "'knit key export' there and 'knit key import' here bring it over",
                                to_string(id)));
  }
  if (!status) co_return status.error();
  if ((status->permission & 077) != 0) {
    co_return Error(ErrorCode::kPermissionDenied,
                    fmt::format("others can read the key {}: chmod 600 it, if it is still a secret", file));
  }
  KNIT_CO_TRY(auto bytes, co_await fs::read_file(files_, file, kMaxText));
  co_return security::Secret(std::move(bytes));
}

io::Task<Result<security::Identity>> OwnerKeys::find(ApplicationId id) {
  KNIT_CO_TRY(const auto text, co_await this->text(id));
  co_return parse(text).with_context(path(id));
}

io::Task<Result<ApplicationId>> OwnerKeys::add(security::Secret text) {
  KNIT_CO_TRY(auto identity, parse(text).with_context("the text"));
  KNIT_CO_TRY(const auto id, owner_of(identity).with_context("the text"));
  KNIT_CO_TRY_VOID(security::PeerVerifier::create(identity.authority_pem).with_context("the text"));
  KNIT_CO_TRY_VOID(co_await keep(id, std::move(identity)));
  co_return id;
}

io::Task<Status> OwnerKeys::forget(ApplicationId id) {
  KNIT_CO_TRY_VOID(co_await files_.remove(path(id), false));
  co_return Status();
}

io::Task<void> OwnerKeys::sweep(ApplicationService& service) {
  const auto listed = co_await files_.list(folder_);
  if (!listed) co_return;
  const auto now = io::wall_now();
  std::vector<std::pair<ApplicationId, bool>> kept;  // and whether it is old
  for (const auto& file : *listed) {
    std::string_view name = file.path;
    name.remove_prefix(name.rfind('/') + 1);
    if (name.ends_with(kNew) && now - file.modified > kAbandoned)
      (void)co_await files_.remove(file.path, false);
    if (!name.ends_with(kSuffix)) continue;
    name.remove_suffix(kSuffix.size());
    if (const auto id = ApplicationId::parse(name)) kept.emplace_back(*id, now - file.modified > kOld);
  }
  // Each time from another place on, so that none is in the way of the others for ever.
  const auto first =
      kept.empty() ? 0 : static_cast<std::size_t>(now.time_since_epoch().count()) % kept.size();
  for (std::size_t n = 0; n < std::min(kept.size(), kSweepAtMost); ++n) {
    const auto& [id, old] = kept[(first + n) % kept.size()];
    const auto report = co_await service.report(id);
    const bool gone =
        report ? has_ended(report->state) : old && report.error().code() == ErrorCode::kNotFound;
    if (gone) (void)co_await forget(id);
  }
}

}  // namespace knit::client
