// Keys at rest. A 32-byte master key outside the store wraps a data key; the data key seals every secret with
// XChaCha20-Poly1305 (libsodium), with `table/column/row` as associated data, so that a ciphertext that was
// moved does not open. Invariant: open() gives the exact bytes that were sealed for that place, or it fails;
// there is no third way.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/base/secret.h"

namespace authctl::crypto {

inline constexpr std::size_t sealing_key_size = 32;

// Where a ciphertext lives: "crypto_key/sealed/<kid>".
struct Place {
  std::string_view table, column, row;
};

class Sealer {
 public:
  // `key`: 32 bytes, else Error invalid.
  explicit Sealer(base::Secret key);
  Sealer clone() const;
  // While a data key is being replaced: seals under `key`, opens what either of them sealed.
  Sealer(base::Secret key, base::Secret previous);
  // version byte, 24-byte nonce, ciphertext, 16-byte tag.
  base::Bytes seal(base::ByteView plain, const Place& place, base::Random& random) const;
  // Error unverified where it does not open.
  base::Secret open(base::ByteView sealed, const Place& place) const;
  // Whether it was sealed under the key that seals now, for that place.
  bool is_current(base::ByteView sealed, const Place& place) const;
  // The one place where a replaced key is told of: null where none is being replaced.
  std::unique_ptr<Sealer> previous() const;
  // Keys derived from this very key: they are others when it is replaced, unlike those of derive().
  base::Secret derive_own(std::string_view purpose) const;
  // 32 bytes for another purpose (BLAKE2b keyed with the root, over `purpose`). They outlive the data key:
  // whoever replaces it keeps the root of the first one.
  base::Secret derive(std::string_view purpose) const;
  void keep_root(base::Secret root);
  base::Secret root() const;
  // Key and root, sealed by another: how they are handed on without anybody holding them; adopt() takes them.
  base::Bytes seal_itself(const Sealer& outer, const Place& place, base::Random& random) const;
  static Sealer adopt(const Sealer& outer, base::ByteView sealed, const Place& place);

 private:
  base::Secret key_, previous_, root_;  // the last two empty: none; the key itself
};

base::Secret make_sealing_key(base::Random& random);
// 32 bytes in base64url, as a master key stands in its file. Error invalid where it is not that.
base::Secret parse_master_key(const base::Secret& text);
std::string format_master_key(const base::Secret& key);
// A public name of a master key that gives nothing of it away: which wrap in the store is its own.
std::string master_key_id(const base::Secret& key);

}  // namespace authctl::crypto
