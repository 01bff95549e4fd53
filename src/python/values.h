// The values of include/knit as Python objects.
#pragma once

#include <nanobind/nanobind.h>

namespace knit::python {

void bind_values(nanobind::module_& module);

}  // namespace knit::python
