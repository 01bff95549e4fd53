#include "security/rc4.h"

#include <numeric>
#include <utility>

#include "base/try.h"
#include "security/secret.h"

namespace knit::security {

Rc4::Rc4(std::string_view key) {
  KNIT_ASSERT(!key.empty() && key.size() <= state_.size(), "RC4 key of wrong length");
  std::iota(state_.begin(), state_.end(), std::uint8_t{0});
  std::uint8_t j = 0;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    j = static_cast<std::uint8_t>(j + state_[i] + static_cast<std::uint8_t>(key[i % key.size()]));
    std::swap(state_[i], state_[j]);
  }
}

Rc4::~Rc4() {
  wipe(state_.data(), state_.size());
}

void Rc4::apply(std::string& bytes) {
  for (char& c : bytes) {
    j_ = static_cast<std::uint8_t>(j_ + state_[++i_]);
    std::swap(state_[i_], state_[j_]);
    const auto at = static_cast<std::uint8_t>(state_[i_] + state_[j_]);
    c = static_cast<char>(static_cast<std::uint8_t>(c) ^ state_[at]);
  }
}

}  // namespace knit::security
