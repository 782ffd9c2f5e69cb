// A long write in many short transactions, so that no other writer waits long: each holds the writer's place
// for some 30 ms and then leaves it alone for a moment that whoever waits cannot miss.
// Invariant: what was written is durable, all of it, once the first ordinary transaction after it is
// committed; until then a power cut may take the youngest of it, never an older part alone.
#pragma once
#include <functional>

#include "core/store/database.h"

namespace authctl::store {

class PacedWriting {
 public:
  explicit PacedWriting(Database& db);
  // Ordinary transactions are durable each again.
  ~PacedWriting();
  PacedWriting(const PacedWriting&) = delete;
  PacedWriting& operator=(const PacedWriting&) = delete;

  // `first` begins each transaction; `step` is called until it says that there is nothing left, and takes
  // well under 30 ms.
  void run(const std::function<void()>& first, const std::function<bool()>& step);
  // Everything so far is on disk.
  void sync();

 private:
  Database& db_;
};

}  // namespace authctl::store
