// The details of entries that were written before identifiers were sealed: an e-mail address, a permission or
// a description stands in them, so the whole detail is sealed in its column. The record that is hashed goes
// on being of the opened text, so leaf, tree and checkpoints stay as they are. Invariant: what does not open
// stays as it stands in the column, and then the entry's leaf does not fit.
#pragma once
#include <optional>
#include <string>

#include "core/audit/entry.h"
#include "core/base/random.h"
#include "core/crypto/sealing.h"

namespace authctl::audit {

class DetailKey {
 public:
  // Derived from the root of the store's data key: a new data key changes nothing of the log.
  explicit DetailKey(const crypto::Sealer& sealer);
  std::string seal(std::string_view detail, std::int64_t seq, base::Random& random) const;
  // `kept` holds the text that the entry's view is into.
  void open(StoredEntry& entry, std::string& kept) const;
  bool opens(std::string_view detail, std::int64_t seq) const;
  static bool is_sealed(std::string_view detail);

 private:
  std::optional<std::string> opened(std::string_view detail, std::int64_t seq) const;
  crypto::Sealer sealer_;
};

// Of a store that seals identifiers; nothing elsewhere.
std::optional<DetailKey> detail_key(const store::Database& db);

// Seals what tells an identifier, in some entries behind `seq` and up to `through`; to be run inside a
// transaction. Gives the last one that was looked at, nothing where there is none.
std::optional<std::int64_t> seal_details_after(store::Database& db, std::int64_t seq, std::int64_t through,
                                               base::Random& random);

}  // namespace authctl::audit
