// What a fuzz target holds to be true of every input: a crash says where it was not.
#pragma once
#include <cstdio>
#include <cstdlib>

namespace authctl::fuzz {

inline void claim(bool holds, const char* otherwise) {
  if (holds) return;
  std::fprintf(stderr, "found: %s\n", otherwise);
  std::abort();
}

}  // namespace authctl::fuzz
