#include "core/audit/evidence_fields.h"

#include <algorithm>

#include "core/base/encoding.h"

namespace authctl::audit {

void evidence_altered(std::string problem, std::optional<std::int64_t> seq) {
  throw EvidenceProblem{LogVerdict::altered, std::move(problem), seq};
}

const base::json::value& evidence_member(const base::json::object& from, std::string_view name,
                                         base::json::kind kind, const std::string& what) {
  const auto* held = from.if_contains(name);
  if (!held || held->kind() != kind) evidence_altered(what + " has no " + std::string(name));
  return *held;
}

std::string evidence_text(const base::json::object& from, std::string_view name, const std::string& what) {
  return std::string(evidence_member(from, name, base::json::kind::string, what).as_string());
}

std::int64_t evidence_number(const base::json::object& from, std::string_view name, const std::string& what) {
  return evidence_member(from, name, base::json::kind::int64, what).as_int64();
}

std::optional<Hash> evidence_hash(std::string_view encoded) {
  const auto bytes = base::decode_base64(encoded);
  Hash hash;
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::ranges::copy(*bytes, hash.begin());
  return hash;
}

}  // namespace authctl::audit
