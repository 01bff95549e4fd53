#include "security/digest_challenge.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "base/try.h"
#include "base/utf8.h"

namespace knit::security {
namespace {

using base::lower;

Error malformed(std::string_view what) {
  return Error(ErrorCode::kDataLoss, fmt::format("malformed DIGEST-MD5 challenge: {}", what));
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// RFC 2616's token: printable ASCII without separators.
bool is_token(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
}

// A cursor over the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  std::string_view take_token() {
    std::size_t length = 0;
    while (length < text_.size() && is_token(text_[length])) ++length;
    const auto out = text_.substr(0, length);
    text_.remove_prefix(length);
    return out;
  }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_space() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
  }
  // After the opening quote, up to and with the closing one.
  Result<std::string> take_quoted() {
    std::string out;
    while (!text_.empty()) {
      char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\') {
        if (text_.empty()) break;
        c = text_.front();
        text_.remove_prefix(1);
      }
      out.push_back(c);
    }
    return malformed("a quoted value does not end");
  }

 private:
  std::string_view text_;
};

std::optional<Qop> parse_qop(std::string_view word) {
  for (const Qop qop : {Qop::kAuth, Qop::kIntegrity, Qop::kPrivacy}) {
    if (word == to_string(qop)) return qop;
  }
  return std::nullopt;
}

// RFC 2831 section 2.1.1: larger than 16, at most 16777215.
Result<std::size_t> parse_max_buffer(std::string_view digits) {
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (ec != std::errc() || end != digits.data() + digits.size() || value <= 16 || value > 16777215) {
    return malformed("maxbuf is no number from 17 to 16777215");
  }
  return value;
}

}  // namespace

Result<std::vector<DigestDirective>> parse_digest_directives(std::string_view text) {
  Scanner in(text);
  std::vector<DigestDirective> out;
  while (true) {
    in.skip_space();
    if (in.at_end()) return out;
    if (in.take(',')) continue;
    DigestDirective directive;
    directive.name = lower(in.take_token());
    in.skip_space();
    if (directive.name.empty() || !in.take('=')) return malformed("not a list of name=value");
    in.skip_space();
    if (in.take('"')) {
      KNIT_TRY(directive.value, in.take_quoted());
    } else {
      directive.value = in.take_token();
      if (directive.value.empty()) return malformed("a value is missing");
    }
    out.push_back(std::move(directive));
    in.skip_space();
    if (!in.at_end() && !in.take(',')) return malformed("a comma is missing");
  }
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::vector<std::string> digest_list(std::string_view list) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : lower(list) + ',') {
    if (c != ',' && !is_space(c)) {
      word.push_back(c);
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

Result<DigestChallenge> parse_digest_challenge(std::string_view text) {
  if (text.size() > kMaxDigestChallenge)
    return malformed(fmt::format("longer than {} bytes", kMaxDigestChallenge));
  KNIT_TRY(const auto directives, parse_digest_directives(text));
  DigestChallenge out;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : directives) {
    const bool first = seen.insert(name).second;
    if (name == "realm") {
      if (first) out.realm = value;
      continue;
    }
    const bool known = name == "nonce" || name == "qop" || name == "maxbuf" || name == "charset" ||
                       name == "algorithm" || name == "cipher" || name == "stale";
    if (known && !first) return malformed(fmt::format("{} comes twice", name));
    if (name == "nonce") {
      out.nonce = value;
    } else if (name == "qop") {
      for (const auto& word : digest_list(value)) {
        if (const auto qop = parse_qop(word)) out.qops.push_back(*qop);
      }
    } else if (name == "cipher") {
      out.ciphers = digest_list(value);
    } else if (name == "maxbuf") {
      KNIT_TRY(out.max_buffer, parse_max_buffer(value));
    } else if (name == "charset") {
      if (lower(value) != "utf-8") return malformed("charset is not utf-8");
      out.utf8 = true;
    } else if (name == "algorithm" && lower(value) != "md5-sess") {
      return Error(ErrorCode::kUnimplemented,
                   "the server asks for a DIGEST-MD5 algorithm other than md5-sess");
    }
  }
  if (out.nonce.empty()) return malformed("it has no nonce");
  if (!seen.contains("algorithm")) return malformed("it has no algorithm");
  if (!seen.contains("qop")) out.qops = {Qop::kAuth};
  return out;
}

}  // namespace knit::security
