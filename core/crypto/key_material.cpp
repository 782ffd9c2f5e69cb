#include <bit>

#include "core/base/error.h"
#include "core/crypto/signature.h"

namespace authctl::crypto {
namespace {
struct AlgorithmRow {
  Algorithm algorithm;
  std::string_view name, key_type;
};
constexpr AlgorithmRow algorithm_rows[] = {{Algorithm::es256, "ES256", "EC"},
                                           {Algorithm::eddsa, "EdDSA", "OKP"},
                                           {Algorithm::rs256, "RS256", "RSA"},
                                           {Algorithm::hs256, "HS256", "oct"}};
const AlgorithmRow& row_of(Algorithm algorithm) {
  return algorithm_rows[static_cast<std::size_t>(algorithm)];
}
}  // namespace

std::string_view name_of(Algorithm algorithm) { return row_of(algorithm).name; }
std::string_view key_type_of(Algorithm algorithm) { return row_of(algorithm).key_type; }

std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (const auto& row : algorithm_rows) {
    if (row.name == name) return row.algorithm;
  }
  return std::nullopt;
}

int KeyMaterial::bits() const {
  if (algorithm == Algorithm::hs256) return static_cast<int>(k.size() * 8);
  if (algorithm != Algorithm::rs256) return 256;
  if (n.empty()) return 0;
  return static_cast<int>(n.size() * 8) - std::countl_zero(n.front());
}

KeyMaterial KeyMaterial::clone() const {
  KeyMaterial copy;
  copy.algorithm = algorithm;
  copy.x = x, copy.y = y, copy.n = n, copy.e = e;
  copy.d = d.clone(), copy.k = k.clone();
  copy.p = p.clone(), copy.q = q.clone(), copy.dp = dp.clone(), copy.dq = dq.clone(), copy.qi = qi.clone();
  return copy;
}

KeyMaterial KeyMaterial::public_part() const {
  if (is_symmetric(algorithm))
    throw base::Error(base::ErrorCode::invalid, "a symmetric key has no public half");
  KeyMaterial half;
  half.algorithm = algorithm;
  half.x = x, half.y = y, half.n = n, half.e = e;
  return half;
}

}  // namespace authctl::crypto
