// The one coroutine type. Outside io and http, Asio appears as this alias and nowhere else.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace knit::io {

// A lazily started coroutine. Await it exactly once, on the loop's thread; a Task that is never awaited does
// nothing. An operating error is a Result, never an exception; knit::Bug passes through.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace knit::io
