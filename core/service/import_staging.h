// The second reading of an import: its users put into their tables unseen, then published.
// Invariant: until publish() has committed nothing of it exists for anybody; whatever fails before is cleared
// away, and where even that fails the next import does it.
#pragma once
#include "core/base/secret.h"
#include "core/crypto/digest.h"
#include "core/service/user_import.h"

namespace authctl::service {

class ImportStaging {
 public:
  // Clears away what dead imports left. Error conflict where one is alive.
  ImportStaging(Realm& realm, const ImportRequest& request);
  ~ImportStaging();
  ImportStaging(const ImportStaging&) = delete;
  ImportStaging& operator=(const ImportStaging&) = delete;

  // Reads the file and stages it. Error invalid where it is not the file that was judged.
  void fill(const ImportReport& report);
  // One transaction: the users are there, and so is the entry.
  void publish(const Cause& cause, audit::Event event);
  const std::string& id() const { return prefix_; }

 private:
  struct Chunk;
  void stage(Chunk& chunk);
  void stage_accounts(const Chunk& chunk);
  void stage_identifiers(const Chunk& chunk);
  void stage_factors(const Chunk& chunk);
  void write(std::size_t rows, const std::function<void(std::size_t from, std::size_t to)>& block);
  void keep_place();

  Realm& realm_;
  const ImportRequest& request_;
  std::string prefix_;
  std::uint64_t users_ = 0;     // to be staged in all
  std::uint64_t staged_ = 0;    // so far, counting accounts and identifiers
  std::uint64_t numbered_ = 0;  // ids given
  base::Secret code_key_;       // of backup codes, where there are any
  bool has_factors_ = false;
  bool published_ = false;
};

}  // namespace authctl::service
