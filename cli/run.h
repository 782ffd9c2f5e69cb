// One run of the program: a command line in, an exit status out. The only place where an Error is caught.
// Invariant: everything a run touches is handed in, so that a test can run it with a clock and a random
// source of its own; data goes to console.out, everything else to console.err.
#pragma once
#include <span>
#include <string>

#include "cli/terminal.h"
#include "core/base/clock.h"
#include "core/base/config.h"
#include "core/base/random.h"

namespace authctl::cli {

struct World {
  base::Environment environment;
  Console console;
  const base::Clock& clock;
  base::Random& random;
  bool strict_shapes = false;  // data that departs from its declared shape is an Error internal
  std::string actor = {};      // for the audit log; empty: os:NAME of the real user
};

// `arguments` without the program's own name.
int run(std::span<const std::string> arguments, World& world);

}  // namespace authctl::cli
