#include "core/service/applied.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/crypto/digest.h"
#include "core/store/data_key_repository.h"

namespace authctl::service {
namespace {

constexpr std::string_view key_name = "manifest_key";
constexpr crypto::Place key_place{"store_meta", "value", key_name};
constexpr std::size_t kept = 12;  // bytes of a hash: 96 bits

std::vector<std::string> texts_of(const base::json::value& value) {
  std::vector<std::string> texts;
  if (const auto* array = value.if_array())
    for (const auto& item : *array)
      if (const auto* text = item.if_string()) texts.emplace_back(*text);
  return texts;
}

std::optional<AppliedEnd> end_of(const base::json::value& value) {
  const auto* pair = value.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_int64() || !(*pair)[1].is_int64())
    return std::nullopt;
  return AppliedEnd{base::Duration{(*pair)[0].as_int64()}, base::from_unix_millis((*pair)[1].as_int64())};
}

}  // namespace

std::string Fingerprints::of(std::string_view text) const {
  const auto mac = crypto::short_mac(key_.reveal(), base::bytes_of(text));
  return base::encode_base64url(base::ByteView(mac).first(kept));
}

std::string Fingerprints::of(const Element& element) const {
  auto text = key_of(element);
  if (element.until) text += " until " + std::to_string(base::to_unix_millis(*element.until));
  return of(text);
}

std::vector<std::string> Fingerprints::of(const ManifestField& field, const FieldValue& value) const {
  if (!field.is_set()) return {value.text ? of("=" + *value.text) : of("null")};
  std::vector<std::string> all;
  for (const auto& element : value.elements) all.push_back(of(element));
  std::ranges::sort(all);
  return all;
}

std::optional<Fingerprints> find_fingerprints(Realm& realm) {
  const auto sealed = store::find_meta(realm.db(), key_name);
  if (!sealed) return std::nullopt;
  return Fingerprints(realm.sealer().open(*sealed, key_place));
}

Fingerprints make_fingerprints(Change& change) {
  auto& realm = change.realm();
  if (auto found = find_fingerprints(realm)) return std::move(*found);
  auto key = base::Secret::zeroed(32);
  realm.random().fill(key.writable());
  store::set_meta(change.db(), key_name, realm.sealer().seal(key.reveal(), key_place, realm.random()));
  return Fingerprints(std::move(key));
}

Applied parse_applied(ThingKind kind, std::string_view text) {
  Applied applied;
  const auto parsed = base::parse_json(text, {.max_bytes = 64 << 20});
  const auto* object = parsed ? parsed->if_object() : nullptr;
  if (object == nullptr) return applied;
  if (const auto* name = object->if_contains("name"); name && name->is_string())
    applied.name = name->as_string().c_str();
  if (const auto* password = object->if_contains("password"); password && password->is_string())
    applied.password = password->as_string().c_str();
  const auto fields = fields_of(kind);
  if (const auto* set = object->if_contains("fields"); set && set->is_object())
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (const auto* value = set->as_object().if_contains(fields[i].name))
        applied.fields[i] = texts_of(*value);
  if (const auto* ends = object->if_contains("ends"); ends && ends->is_object())
    for (const auto& member : ends->as_object())
      if (const auto end = end_of(member.value())) applied.ends.emplace(member.key(), *end);
  return applied;
}

std::string applied_text(ThingKind kind, const Applied& applied) {
  base::json::object fields;
  const auto all = fields_of(kind);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (applied.fields[i])
      fields[all[i].name] = base::json::array(applied.fields[i]->begin(), applied.fields[i]->end());
  base::json::object object{{"name", applied.name}, {"fields", std::move(fields)}};
  if (applied.password) object["password"] = *applied.password;
  if (!applied.ends.empty()) {
    base::json::object ends;
    for (const auto& [name, end] : applied.ends)
      ends[name] = base::json::array{end.lasts.count(), base::to_unix_millis(end.until)};
    object["ends"] = std::move(ends);
  }
  return base::canonical_json(object);
}

}  // namespace authctl::service
