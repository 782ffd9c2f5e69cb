// What the last apply set, remembered so that a change by hand can be told from a change of the manifest.
// Invariant: no value is kept, only keyed hashes (BLAKE2b under a key that is sealed in store_meta, apart
// from the data key, which may be made anew): whoever reads the store learns nothing from them.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.h"
#include "core/service/change.h"
#include "core/service/manifest.h"

namespace authctl::service {

class Fingerprints {
 public:
  explicit Fingerprints(base::Secret key) : key_(std::move(key)) {}
  std::string of(std::string_view text) const;
  // A text has one, a set one for each element, sorted.
  std::vector<std::string> of(const ManifestField& field, const FieldValue& value) const;
  std::string of(const Element& element) const;

 private:
  base::Secret key_;
};
// Nothing before the first apply.
std::optional<Fingerprints> find_fingerprints(Realm& realm);
// Makes the key where there is none.
Fingerprints make_fingerprints(Change& change);

// A `for` is counted from the apply that set it first; another apply does not begin it again.
struct AppliedEnd {
  base::Duration lasts{0};
  base::Timestamp until{};
};

struct Applied {
  std::string name;
  std::array<std::optional<std::vector<std::string>>, most_fields> fields;
  std::optional<std::string> password;     // the reference
  std::map<std::string, AppliedEnd> ends;  // by the fingerprint of key_of(element)
};

Applied parse_applied(ThingKind kind, std::string_view text);
std::string applied_text(ThingKind kind, const Applied& applied);

}  // namespace authctl::service
