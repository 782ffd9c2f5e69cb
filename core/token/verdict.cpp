#include "core/base/json_or_null.h"
#include "core/token/jwt.h"

namespace authctl::token {
namespace {

namespace json = base::json;

constexpr std::string_view reason_words[] = {
    "malformed",    "unsupported_algorithm", "unknown_key",   "revoked_key",   "bad_signature", "wrong_type",
    "wrong_issuer", "wrong_audience",        "missing_claim", "not_yet_valid", "expired",       "revoked",
    "user_disabled"};
static_assert(std::size(reason_words) == reason_count);

}  // namespace

std::string_view word_of(Reason reason) { return reason_words[static_cast<std::size_t>(reason)]; }

json::object verdict_json(const Verdict& verdict) {
  return {
      {"valid", verdict.ok()},
      {"reason", verdict.reason ? json::value(word_of(*verdict.reason)) : json::value(nullptr)},
      {"alg", base::filled_or_null(verdict.alg)},
      {"kid", base::filled_or_null(verdict.kid)},
      {"type", base::filled_or_null(verdict.type)},
      {"claims", verdict.claims ? json::value(*verdict.claims, json::storage_ptr()) : json::value(nullptr)}};
}

}  // namespace authctl::token
