// Unicode Normalization Form C (UAX #15): a password typed on two keyboards is the same password.
// Invariant: ASCII, and what is not UTF-8, comes back as it went in.
#pragma once
#include "core/base/secret.h"

namespace authctl::base {

Secret normal_form_c(const Secret& text);

}  // namespace authctl::base
