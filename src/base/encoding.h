// Bytes as text: lower-case hexadecimal and base64 (RFC 4648 section 4: standard alphabet, padded, one line),
// as Hadoop writes token identifiers and passwords. Decoding is strict: whatever the encoder would not have
// written is an error. And percent-encoding, for URLs.
#pragma once

#include <knit/result.h>

#include <string>
#include <string_view>

namespace knit::base {

// "0aff": two lower-case digits a byte.
std::string hex_encode(std::string_view bytes);

// Digits of either case. kInvalidArgument for an odd length or any other character.
Result<std::string> hex_decode(std::string_view text);

std::string base64_encode(std::string_view bytes);

// kInvalidArgument for a length that is not a multiple of 4, a character outside the alphabet (white space
// and the URL alphabet included), padding anywhere but at the end, and padding bits that are not zero.
Result<std::string> base64_decode(std::string_view text);

// Everything but letters, digits and "-._~" as %XX (RFC 3986's unreserved characters): for one segment of a
// URL's path, or a name or value in its query.
std::string percent_encode(std::string_view text);

// The bytes that it stands for; '+' stays '+'. kInvalidArgument for a '%' without two hexadecimal digits.
Result<std::string> percent_decode(std::string_view text);

}  // namespace knit::base
