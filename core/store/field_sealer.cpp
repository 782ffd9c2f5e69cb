#include "core/store/field_sealer.h"

#include <array>

#include "core/base/error.h"

namespace authctl::store {
namespace {

constexpr std::string_view index_purpose = "blind index";

[[noreturn]] void refuse(const crypto::Place& place) {
  throw base::Error(base::ErrorCode::unverified,
                    "a sealed value in " + std::string(place.table) + "/" + std::string(place.column) +
                        " does not open: it was altered or moved",
                    "authctl master-key verify");
}

}  // namespace

FieldSealer::FieldSealer(const crypto::Sealer& sealer, base::Random& random, bool converting)
    : sealer_(sealer), random_(random), converting_(converting), index_(sealer.derive_own(index_purpose)) {
  if (const auto previous = sealer.previous()) before_.emplace(previous->derive_own(index_purpose));
}

base::Bytes FieldSealer::seal(std::string_view text, const crypto::Place& place) const {
  return sealer_.seal(base::bytes_of(text), place, random_);
}

std::string FieldSealer::open(base::ByteView sealed, const crypto::Place& place) const {
  return std::string(sealer_.open(sealed, place).reveal_text());
}

std::string FieldSealer::token(std::string_view column, std::string_view text) const {
  return index_.token(column, text);
}

std::vector<std::string> FieldSealer::spellings(std::string_view column, std::string_view text) const {
  std::vector<std::string> all{index_.token(column, text)};
  if (before_) all.push_back(before_->token(column, text));
  if (converting_) all.emplace_back(text);
  return all;
}

std::string FieldSealer::salt() const {
  std::array<std::uint8_t, 16> bytes;
  random_.fill(bytes);
  return base::encode_base64url(bytes);
}

StoredText stored_text(const Database& db, const std::optional<std::string>& text,
                       const crypto::Place& place) {
  if (!text || !db.fields()) return {text, std::nullopt};
  return {std::nullopt, db.fields()->seal(*text, place)};
}

std::optional<std::string> read_text(const Database& db, const Rows& row, int clear, int sealed,
                                     const crypto::Place& place) {
  if (row.is_null(sealed)) return row.optional_string(clear);
  if (!db.fields() || !row.is_null(clear)) refuse(place);
  return db.fields()->open(row.blob(sealed), place);
}

std::string spelling(const Database& db, std::string_view column, std::string_view text) {
  return db.fields() ? db.fields()->token(column, text) : std::string(text);
}

std::vector<std::string> spellings(const Database& db, std::string_view column, std::string_view text) {
  if (db.fields()) return db.fields()->spellings(column, text);
  return {std::string(text)};
}

std::vector<std::string> spellings(const Database& db, std::string_view column,
                                   std::span<const std::string> texts) {
  if (!db.fields()) return {texts.begin(), texts.end()};
  std::vector<std::string> all;
  for (const auto& text : texts)
    for (auto& one : db.fields()->spellings(column, text)) all.push_back(std::move(one));
  return all;
}

std::string grant_row(const GrantPlace& grant) {
  return std::string(grant.role_id) + "/" + std::string(grant.permission) + "/" + std::string(grant.resource);
}

std::optional<base::Bytes> sealed_permission(const Database& db, const GrantPlace& grant,
                                             std::string_view text) {
  if (!db.fields()) return std::nullopt;
  const std::string row = grant_row(grant);
  return db.fields()->seal(text, {"role_grant", "sealed_permission", row});
}

std::string read_permission(const Database& db, const Rows& row, int at, int sealed, std::string_view role_id,
                            std::string_view resource) {
  if (row.is_null(sealed) && !crypto::BlindIndex::is_token(row.text(at))) return row.string(at);
  const std::string name = grant_row({role_id, row.text(at), resource});
  const crypto::Place place{"role_grant", "sealed_permission", name};
  if (!db.fields() || row.is_null(sealed)) refuse(place);
  return db.fields()->open(row.blob(sealed), place);
}

}  // namespace authctl::store
