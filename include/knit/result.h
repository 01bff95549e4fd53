// Result<T>: a value or an Error, with the member names of std::expected.
#pragma once

#include <knit/error.h>
#include <knit/export.h>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace knit {

// A violated promise inside Knit itself; caught only where a program or a request ends.
class KNIT_EXPORT Bug : public std::exception {
 public:
  explicit Bug(std::string what) : what_(std::move(what)) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

namespace detail {
[[noreturn]] KNIT_EXPORT void bad_result_access(const Error* error);
}

// Either a T or an Error. Asking the wrong side is a Bug.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  template <class U = T>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return check(), *std::get_if<0>(&state_); }
  const T& value() const& { return check(), *std::get_if<0>(&state_); }
  T&& value() && { return check(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return check_error(), *std::get_if<1>(&state_); }
  Error&& error() && { return check_error(), std::move(*std::get_if<1>(&state_)); }

  T value_or(T fallback) const& { return has_value() ? **this : std::move(fallback); }

  // The same result with `context` in front of the error's message.
  Result with_context(std::string_view context) && {
    if (has_value()) return std::move(*this);
    return std::move(*this).error().with_context(context);
  }

 private:
  void check() const {
    if (!has_value()) detail::bad_result_access(std::get_if<1>(&state_));
  }
  void check_error() const {
    if (has_value()) detail::bad_result_access(nullptr);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  void value() const {
    if (error_) detail::bad_result_access(&*error_);
  }
  void operator*() const { value(); }
  const Error& error() const& { return check_error(), *error_; }
  Error&& error() && { return check_error(), std::move(*error_); }

  Result with_context(std::string_view context) && {
    if (has_value()) return std::move(*this);
    return std::move(*this).error().with_context(context);
  }

 private:
  void check_error() const {
    if (!error_) detail::bad_result_access(nullptr);
  }
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace knit
