// Text as UTF-8, the only encoding that JSON, protobuf's strings and Hadoop's messages know.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace knit::base {

// Well-formed by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// The same text with U+FFFD in the place of each byte that does not belong. For messages, which must be
// printable more than they must be exact.
std::string to_utf8(std::string_view text);

// At most `size` bytes from the beginning or the end, cut between characters.
std::string_view utf8_head(std::string_view text, std::size_t size);
std::string_view utf8_tail(std::string_view text, std::size_t size);

// ASCII letters in lower case, all else as it is: for names that are compared in any case, in any locale.
std::string lower(std::string_view text);

}  // namespace knit::base
