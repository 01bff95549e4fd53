// An Error of Knit as the Python exception of its kind.
#pragma once

#include <knit/result.h>

#include <utility>

namespace knit::python {

// Raises what knit.exceptions.of() makes of it. Holding the GIL.
[[noreturn]] void raise(const Error& error);

template <class T>
T must(Result<T> result) {
  if (!result) raise(result.error());
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status) raise(status.error());
}

}  // namespace knit::python
