// Fernet tokens of a stream brought under the first key of a ring, or counted by key. A token keeps its time;
// what is around it, and every record that cannot be rotated, stays byte for byte. Invariant: each record of
// the input is in the output exactly once and in its place, however often the run was interrupted and taken
// up again.
#pragma once
#include <functional>
#include <string>

#include "core/base/random.h"
#include "core/service/record_stream.h"
#include "core/token/fernet.h"

namespace authctl::service {

struct ReencryptionRequest {
  token::RecordLayout layout;
  unsigned jobs = 1;
  std::string output;    // a file that takes its place when it is whole; empty: the `write` hook
  bool replace = false;  // a file that exists
  bool resume = false;
  bool dry_run = false;  // read and count, write nothing
};

struct StreamHooks {
  std::function<void(std::string_view)> write;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
  std::function<bool()> interrupted;
  std::function<void()> begun;  // once, when nobody else can be at the output, before a record is written
  std::function<void()> alive;  // now and then, while it runs; what it throws ends the run
};

// Error conflict (the output exists, an interrupted run is there), unverified (what was interrupted does not
// belong to this input), precondition (another key is active now), interrupted.
RecordTally reencrypt(base::ByteSource& source, const token::FernetRing& ring, base::Random& random,
                      const ReencryptionRequest& request, const StreamHooks& hooks);

// How many records are under each key of the ring (`by_key`); a record under a quarantined key is counted
// there and is no failure.
RecordTally count_by_key(base::ByteSource& source, const token::FernetRing& ring,
                         const token::RecordLayout& layout, unsigned jobs, const StreamHooks& hooks);

}  // namespace authctl::service
