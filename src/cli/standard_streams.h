// stdin, stdout and stderr as a program finds them: closed, on a full disk, without a reader.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace knit::cli {

// First thing in a program: the next file or socket would be given the number of one that is closed, and what
// is said would be written into it.
void occupy_closed_streams();

// A sentence to stderr. Where that takes nothing it is lost: there is no other place to say so.
template <class... Values>
void tell(fmt::format_string<Values...> format, Values&&... values) {
  const auto text = fmt::format(format, std::forward<Values>(values)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

// Last thing in a program: `code`, or kExitFailed if it had succeeded but for output that stdout did not take
// (a full disk), which is told. A reader that has gone is no failure.
int finish_output(int code);

}  // namespace knit::cli
