#include "security/credentials.h"

#include <fmt/format.h>

#include "base/try.h"
#include "security/wire_reader.h"
#include "security/writable.h"

namespace knit::security {
namespace {

constexpr std::string_view kMagic = "HDTS";
constexpr std::uint8_t kVersionWritable = 0;
constexpr std::uint8_t kVersionProtobuf = 1;

Error too_many(std::string_view what) {
  return Error(ErrorCode::kResourceExhausted,
               fmt::format("more than {} {}; Knit reads no more", kMaxCredentialsEntries, what));
}

Error missing(std::string_view what) {
  return Error(ErrorCode::kDataLoss, fmt::format("{} is missing", what));
}

Result<std::size_t> read_count(WritableReader& in, std::string_view what) {
  KNIT_TRY(const auto count, in.read_vint());
  if (count < 0) return Error(ErrorCode::kDataLoss, fmt::format("a negative number of {}", what));
  if (static_cast<std::size_t>(count) > kMaxCredentialsEntries) return too_many(what);
  return static_cast<std::size_t>(count);
}

// Token.readFields
Result<Token> read_token(WritableReader& in) {
  KNIT_TRY(const auto identifier, in.read_bytes());
  KNIT_TRY(const auto password, in.read_bytes());
  KNIT_TRY(const auto kind, in.read_bytes());
  KNIT_TRY(const auto service, in.read_bytes());
  return Token{std::string(identifier), password, std::string(kind), std::string(service)};
}

// Credentials.readFields
Result<Credentials> parse_writable(std::string_view bytes) {
  WritableReader in(bytes);
  Credentials out;
  KNIT_TRY(const auto tokens, read_count(in, "tokens"));
  for (std::size_t i = 0; i < tokens; ++i) {
    KNIT_TRY(const auto alias, in.read_bytes().with_context(fmt::format("alias of token {}", i + 1)));
    KNIT_TRY(auto token, read_token(in).with_context(fmt::format("token {}", i + 1)));
    out.set_token(std::string(alias), std::move(token));
  }
  KNIT_TRY(const auto secrets, read_count(in, "secrets"));
  for (std::size_t i = 0; i < secrets; ++i) {
    KNIT_TRY(const auto alias, in.read_bytes().with_context(fmt::format("alias of secret {}", i + 1)));
    KNIT_TRY(const auto secret, in.read_bytes().with_context(fmt::format("secret {}", i + 1)));
    out.set_secret(std::string(alias), secret);
  }
  if (in.remaining() > 0) {
    return Error(ErrorCode::kDataLoss,
                 fmt::format("{} bytes too many after the last secret", in.remaining()));
  }
  return out;
}

// hadoop.common.TokenProto: identifier 1, password 2, kind 3, service 4, all required.
Result<Token> parse_token_proto(std::string_view bytes) {
  WireReader in(bytes);
  Token out;
  unsigned seen = 0;
  while (true) {
    KNIT_TRY(const auto field, in.next());
    if (!field) break;
    if (field->is_bytes(1)) out.identifier = field->bytes, seen |= 1;
    if (field->is_bytes(2)) out.password = Secret(field->bytes), seen |= 2;
    if (field->is_bytes(3)) out.kind = field->bytes, seen |= 4;
    if (field->is_bytes(4)) out.service = field->bytes, seen |= 8;
  }
  if (seen != 15) return missing("identifier, password, kind or service of a token");
  return out;
}

// hadoop.common.CredentialsKVProto: alias 1 (required), token 2, secret 3.
struct KeyValue {
  std::string_view alias;
  std::optional<std::string_view> token;
  std::optional<std::string_view> secret;
};

Result<KeyValue> parse_key_value(std::string_view bytes) {
  WireReader in(bytes);
  KeyValue out;
  bool named = false;
  while (true) {
    KNIT_TRY(const auto field, in.next());
    if (!field) break;
    if (field->is_bytes(1)) out.alias = field->bytes, named = true;
    if (field->is_bytes(2)) out.token = field->bytes;
    if (field->is_bytes(3)) out.secret = field->bytes;
  }
  if (!named) return missing("the alias of an entry");
  return out;
}

// One delimited hadoop.common.CredentialsProto: tokens 1, secrets 2.
Result<Credentials> parse_protobuf(std::string_view bytes) {
  WireReader in(bytes);
  KNIT_TRY(const auto length, in.read_varint());
  if (length != in.rest().size()) {
    return Error(ErrorCode::kDataLoss, fmt::format("{} bytes announced, {} there", length, in.rest().size()));
  }
  Credentials out;
  std::size_t tokens = 0;
  std::size_t secrets = 0;
  while (true) {
    KNIT_TRY(const auto field, in.next());
    if (!field) return out;
    if (field->is_bytes(1)) {
      if (++tokens > kMaxCredentialsEntries) return too_many("tokens");
      KNIT_TRY(const auto entry, parse_key_value(field->bytes));
      if (!entry.token) return missing("the token of an entry");
      KNIT_TRY(auto token, parse_token_proto(*entry.token).with_context(fmt::format("token {}", tokens)));
      out.set_token(std::string(entry.alias), std::move(token));
    } else if (field->is_bytes(2)) {
      if (++secrets > kMaxCredentialsEntries) return too_many("secrets");
      KNIT_TRY(const auto entry, parse_key_value(field->bytes));
      if (!entry.secret) return missing("the secret of an entry");
      out.set_secret(std::string(entry.alias), *entry.secret);
    }
  }
}

}  // namespace

void Credentials::set_token(std::string alias, Token token) {
  const auto [at, added] = token_index_.emplace(alias, tokens_.size());
  if (added) {
    tokens_.push_back({std::move(alias), std::move(token)});
  } else {
    tokens_[at->second].token = std::move(token);
  }
}

void Credentials::set_secret(std::string alias, Secret secret) {
  const auto [at, added] = secret_index_.emplace(alias, secrets_.size());
  if (added) {
    secrets_.push_back({std::move(alias), std::move(secret)});
  } else {
    secrets_[at->second].secret = std::move(secret);
  }
}

const Token* Credentials::find_by_kind(std::string_view kind) const {
  for (const auto& entry : tokens_) {
    if (entry.token.kind == kind) return &entry.token;
  }
  return nullptr;
}

Credentials Credentials::without_kind(std::string_view kind) const {
  Credentials out;
  for (const auto& [alias, token] : tokens_) {
    if (token.kind != kind) out.set_token(alias, token);
  }
  out.secrets_ = secrets_;
  out.secret_index_ = secret_index_;
  return out;
}

std::string Credentials::serialize() const {
  std::string out(kMagic);
  WritableWriter writer(out);
  writer.write_byte(kVersionWritable);
  writer.write_vlong(static_cast<std::int64_t>(tokens_.size()));
  for (const auto& [alias, token] : tokens_) {
    writer.write_bytes(alias);
    writer.write_bytes(token.identifier);
    writer.write_bytes(token.password.bytes());
    writer.write_bytes(token.kind);
    writer.write_bytes(token.service);
  }
  writer.write_vlong(static_cast<std::int64_t>(secrets_.size()));
  for (const auto& [alias, secret] : secrets_) {
    writer.write_bytes(alias);
    writer.write_bytes(secret.bytes());
  }
  return out;
}

Result<Credentials> parse_credentials(std::string_view bytes) {
  if (bytes.size() > kMaxCredentialsSize) {
    return Error(ErrorCode::kResourceExhausted, fmt::format("credentials of {} bytes; Knit reads at most {}",
                                                            bytes.size(), kMaxCredentialsSize));
  }
  if (!bytes.starts_with(kMagic) || bytes.size() == kMagic.size()) {
    return Error(ErrorCode::kDataLoss,
                 "not a Hadoop token storage file: it does not begin with 'HDTS' and a version");
  }
  const auto version = static_cast<std::uint8_t>(bytes[kMagic.size()]);
  const auto body = bytes.substr(kMagic.size() + 1);
  if (version == kVersionWritable) return parse_writable(body).with_context("token storage file, version 0");
  if (version == kVersionProtobuf) return parse_protobuf(body).with_context("token storage file, version 1");
  return Error(ErrorCode::kUnimplemented,
               fmt::format("token storage file of version {}; Knit reads versions 0 and 1", version));
}

}  // namespace knit::security
