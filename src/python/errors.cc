#include "python/errors.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

namespace nb = nanobind;

namespace knit::python {

void raise(const Error& error) {
  const auto exception =
      nb::module_::import_("knit.exceptions")
          .attr("of")(std::string(to_string(error.code())), error.message(), error.remote_exception());
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
  throw nb::python_error();
}

}  // namespace knit::python
