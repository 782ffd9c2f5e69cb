#include "core/audit/sealed_detail.h"

#include <utility>
#include <vector>

#include "core/audit/withheld.h"
#include "core/base/encoding.h"
#include "core/base/error.h"

namespace authctl::audit {
namespace {

constexpr std::string_view head = "{\"sealed\":\"", tail = "\"}";
constexpr std::int64_t entries_a_step = 64;

bool tells_an_identifier(std::string_view detail, const store::FieldSealer& fields) {
  if (DetailKey::is_sealed(detail)) return false;
  const auto parsed = base::parse_json(detail);
  const auto* members = parsed ? parsed->if_object() : nullptr;
  return members != nullptr && withheld(*members, fields) != *members;
}

}  // namespace

DetailKey::DetailKey(const crypto::Sealer& sealer) : sealer_(sealer.derive("audit detail")) {}

bool DetailKey::is_sealed(std::string_view detail) {
  return detail.starts_with(head) && detail.ends_with(tail);
}

std::string DetailKey::seal(std::string_view detail, std::int64_t seq, base::Random& random) const {
  const std::string row = std::to_string(seq);
  const auto sealed = sealer_.seal(base::bytes_of(detail), {"audit_entry", "detail", row}, random);
  return std::string(head) + base::encode_base64url(sealed) + std::string(tail);
}

void DetailKey::open(StoredEntry& entry, std::string& kept) const {
  auto text = opened(entry.detail, entry.seq);
  if (!text) return;
  kept = std::move(*text);
  entry.detail = kept;
}

bool DetailKey::opens(std::string_view detail, std::int64_t seq) const {
  return opened(detail, seq).has_value();
}

std::optional<std::string> DetailKey::opened(std::string_view detail, std::int64_t seq) const {
  if (!is_sealed(detail)) return std::nullopt;
  const auto text = detail.substr(head.size(), detail.size() - head.size() - tail.size());
  const auto sealed = base::decode_base64url(text);
  if (!sealed) return std::nullopt;
  const std::string row = std::to_string(seq);
  try {
    return std::string(sealer_.open(*sealed, {"audit_entry", "detail", row}).reveal_text());
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::unverified) throw;
    return std::nullopt;
  }
}

std::optional<DetailKey> detail_key(const store::Database& db) {
  if (db.fields() == nullptr) return std::nullopt;
  return DetailKey(db.fields()->sealer());
}

std::optional<std::int64_t> seal_details_after(store::Database& db, std::int64_t seq, std::int64_t through,
                                               base::Random& random) {
  const auto key = detail_key(db);
  if (!key) return std::nullopt;
  std::optional<std::int64_t> last;
  std::vector<std::pair<std::int64_t, std::string>> open;
  {
    const auto rows =
        db.query("SELECT seq, detail FROM audit_entry WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
                 {seq, through, entries_a_step});
    while (rows->next()) {
      last = rows->integer(0);
      if (tells_an_identifier(rows->text(1), *db.fields())) open.emplace_back(*last, rows->string(1));
    }
  }
  for (const auto& [entry, detail] : open)
    db.execute("UPDATE audit_entry SET detail = $2 WHERE seq = $1",
               {entry, key->seal(detail, entry, random)});
  return last;
}

}  // namespace authctl::audit
