// Which Argon2id cost fits a target time on a machine: RFC 9106 section 4, memory first, then passes.
#pragma once
#include <chrono>
#include <functional>

#include "core/crypto/password.h"

namespace authctl::crypto {

struct Calibration {
  Argon2Cost cost;
  std::chrono::milliseconds measured{};
};

// `measure`: how long one hash of that cost takes. The result is never below OWASP's least, 19 MiB and two
// passes, and never above the ceilings; between them it is the largest whose measured time does not pass the
// target.
Calibration calibrate_argon2(std::chrono::milliseconds target,
                             const std::function<std::chrono::milliseconds(const Argon2Cost&)>& measure);

}  // namespace authctl::crypto
