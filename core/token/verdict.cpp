#include "core/token/jwt.h"

namespace authctl::token {
namespace {

namespace json = base::json;

constexpr std::string_view reason_words[] = {
    "malformed",    "unsupported_algorithm", "unknown_key",   "revoked_key",   "bad_signature", "wrong_type",
    "wrong_issuer", "wrong_audience",        "missing_claim", "not_yet_valid", "expired",       "revoked",
    "user_disabled"};
static_assert(std::size(reason_words) == reason_count);

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

std::string_view word_of(Reason reason) { return reason_words[static_cast<std::size_t>(reason)]; }

json::object verdict_json(const Verdict& verdict) {
  return {
      {"valid", verdict.ok()},
      {"reason", verdict.reason ? json::value(word_of(*verdict.reason)) : json::value(nullptr)},
      {"alg", text_or_null(verdict.alg)},
      {"kid", text_or_null(verdict.kid)},
      {"type", text_or_null(verdict.type)},
      {"claims", verdict.claims ? json::value(*verdict.claims, json::storage_ptr()) : json::value(nullptr)}};
}

}  // namespace authctl::token
