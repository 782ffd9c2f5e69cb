// The part of DER (X.690) that keys are written in: a strict reader over bytes that stay where they are, and
// a writer. Invariant: a length has one accepted spelling and never reaches past its parent.
#pragma once
#include <initializer_list>
#include <optional>

#include "core/base/encoding.h"
#include "core/base/secret.h"

namespace authctl::crypto {

namespace der {
inline constexpr std::uint8_t integer = 0x02, bit_string = 0x03, octet_string = 0x04, null = 0x05, oid = 0x06,
                              sequence = 0x30, context_0 = 0xa0, context_1 = 0xa1;
}

class DerReader {
 public:
  explicit DerReader(base::ByteView bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }
  bool next_is(std::uint8_t tag) const { return !rest_.empty() && rest_.front() == tag; }
  // The content of the next element; nothing where it has another tag or a wrong length.
  std::optional<base::ByteView> take(std::uint8_t tag);
  // An INTEGER that is not negative and has no spare zeros: its magnitude (empty for 0).
  std::optional<base::ByteView> take_number();
  // A BIT STRING of whole bytes.
  std::optional<base::ByteView> take_bits();

 private:
  base::ByteView rest_;
};

base::Secret der_element(std::uint8_t tag, base::ByteView content);
base::Secret der_number(base::ByteView magnitude);
base::Secret der_bits(base::ByteView content);
base::Secret der_join(std::initializer_list<const base::Secret*> elements);

}  // namespace authctl::crypto
