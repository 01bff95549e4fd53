// A RunSpec as JSON: the one form in which a specification travels and is stored. Sizes are bytes, durations
// ms; arguments, values and file names may hold any bytes (see base::json_bytes).
#pragma once

#include <knit/run_spec.h>

#include "base/json.h"

namespace knit::app {

boost::json::value encode_spec(const RunSpec& spec);

// Missing members have the defaults of RunSpec. What is malformed is told by `in`'s status(); what makes no
// sense is for validate() to say.
RunSpec decode_spec(base::JsonReader in);

}  // namespace knit::app
