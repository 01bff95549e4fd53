// Passing errors on, and asserting promises.
//
//   KNIT_TRY(auto file, open(path));            // returns the error, or declares `file`
//   KNIT_TRY_VOID(file.flush());                // the same without a value
//   KNIT_CO_TRY(auto reply, co_await call());   // in a coroutine
//   KNIT_ASSERT(open_calls_.empty(), "...");    // a promise of our own: throws knit::Bug
#pragma once

#include <knit/result.h>

#define KNIT_JOIN2(a, b) a##b
#define KNIT_JOIN(a, b) KNIT_JOIN2(a, b)

#define KNIT_TRY_IMPL(tmp, give, decl, ...)             \
  auto tmp = (__VA_ARGS__);                             \
  if (!tmp) give ::knit::Error(std::move(tmp).error()); \
  decl = *std::move(tmp)

#define KNIT_TRY(decl, ...) KNIT_TRY_IMPL(KNIT_JOIN(knit_try_, __COUNTER__), return, decl, __VA_ARGS__)
#define KNIT_CO_TRY(decl, ...) KNIT_TRY_IMPL(KNIT_JOIN(knit_try_, __COUNTER__), co_return, decl, __VA_ARGS__)

#define KNIT_TRY_VOID(...)                                              \
  do {                                                                  \
    auto knit_try_ = (__VA_ARGS__);                                     \
    if (!knit_try_) return ::knit::Error(std::move(knit_try_).error()); \
  } while (false)
#define KNIT_CO_TRY_VOID(...)                                              \
  do {                                                                     \
    auto knit_try_ = (__VA_ARGS__);                                        \
    if (!knit_try_) co_return ::knit::Error(std::move(knit_try_).error()); \
  } while (false)

#define KNIT_ASSERT(condition, what)                                                           \
  do {                                                                                         \
    if (!(condition))                                                                          \
      throw ::knit::Bug(std::string(__FILE__ ":") + std::to_string(__LINE__) + ": " + (what)); \
  } while (false)
