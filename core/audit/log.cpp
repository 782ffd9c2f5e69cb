#include "core/audit/log.h"

#include <algorithm>

#include "core/audit/block_index.h"
#include "core/audit/withheld.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/data_key_repository.h"
#include "core/store/row_batch.h"

namespace authctl::audit {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::object;
using base::json::value;

const store::RowInsert& insert_entry() {
  static const store::RowInsert insert(
      "INSERT INTO audit_entry (" + std::string(entry_columns) + ", leaf, mac)", 13);
  return insert;
}

// Where a number is taken already, somebody wrote into the table beside the log.
template <class Write>
void write_new(Write write) {
  try {
    write();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict) throw;
    throw Error(ErrorCode::unverified, "the audit log holds an entry that it never wrote",
                "authctl audit verify");
  }
}

bool is_clean(std::string_view text) {
  return base::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

bool is_clean(const object& members);

bool is_clean(const value& held) {
  if (const auto* text = held.if_string()) return is_clean(std::string_view(*text));
  if (const auto* members = held.if_object()) return is_clean(*members);
  const auto* array = held.if_array();
  return array == nullptr || std::ranges::all_of(*array, [](const value& item) { return is_clean(item); });
}

bool is_clean(const object& members) {
  return std::ranges::all_of(members, [](const auto& member) {
    return is_clean(std::string_view(member.key())) && is_clean(member.value());
  });
}

value cleaned(const value& held) {
  if (const auto* text = held.if_string()) return value(entry_text(*text, max_detail_size));
  if (const auto* array = held.if_array()) {
    base::json::array items;
    for (const auto& item : *array) items.push_back(cleaned(item));
    return items;
  }
  if (const auto* members = held.if_object()) {
    object result;
    for (const auto& member : *members)
      result[entry_text(member.key(), max_name_length)] = cleaned(member.value());
    return result;
  }
  return held;
}

std::string detail_text(const object& detail, const std::string& sudo_user) {
  std::string text;
  if (sudo_user.empty() && is_clean(detail)) {
    text = detail.empty() ? "{}" : base::canonical_json(detail);
  } else {
    value with = cleaned(detail);
    if (!sudo_user.empty()) with.as_object()["sudo_user"] = entry_text(sudo_user, max_name_length);
    text = base::canonical_json(with);
  }
  if (text.size() > max_detail_size)
    throw Error(ErrorCode::internal, "the detail of an audit entry is too long");
  return text;
}

std::optional<std::string_view> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

// The texts that all entries of one change share.
struct SharedText {
  std::string actor, ip, reason;
  explicit SharedText(const Author& author)
      : actor(entry_text(author.actor, max_name_length)),
        ip(entry_text(author.ip, max_name_length)),
        reason(entry_text(author.reason, max_reason_length)) {
    if (actor.empty()) throw Error(ErrorCode::internal, "an audit entry needs an actor");
    if (base::count_code_points(author.reason) > max_reason_length) {
      throw Error(ErrorCode::invalid,
                  "the reason is longer than " + std::to_string(max_reason_length) + " characters",
                  "say the rest in a ticket, and name that");
    }
  }
};

}  // namespace

std::string entry_text(std::string_view text, std::size_t max) {
  if (text.size() <= max && is_clean(text)) return std::string(text);
  std::string clean;
  std::size_t count = 0;
  while (!text.empty()) {
    if (count++ == max) return clean + "\u2026";
    std::size_t length = 1;
    while (length < 4 && length < text.size() && !base::is_utf8(text.substr(0, length))) ++length;
    if (!base::is_utf8(text.substr(0, length))) length = 1;
    const auto point = text.substr(0, length);
    if (point == std::string_view("\0", 1))
      clean += "\\x00";
    else
      clean += base::is_utf8(point) ? std::string(point) : base::printable(point);
    text.remove_prefix(length);
  }
  return clean;
}

Head read_head(store::Database& db) {
  const auto rows = db.query(
      "SELECT size, frontier, note, latest, (SELECT value FROM store_meta WHERE name = $1) FROM audit_head "
      "WHERE id = 1",
      {store::key_epoch_name});
  if (rows->next() && rows->integer(0) >= 0) {
    auto frontier = Frontier::parse(static_cast<std::uint64_t>(rows->integer(0)), rows->blob(1));
    if (frontier)
      return {std::move(*frontier), rows->string(2), rows->time(3),
              rows->is_null(4) ? 0 : store::parse_key_epoch(rows->blob(4))};
  }
  throw Error(ErrorCode::unverified, "the head of the audit log is missing or damaged",
              "authctl audit verify");
}

void Log::use_key(store::Database& db, const crypto::Sealer& sealer) {
  if (!key_) key_ = open_log_key(db, sealer);
}

std::int64_t Log::start(store::Database& db) {
  if (db.engine() == store::Engine::postgresql) {
    db.query("SELECT id FROM audit_head WHERE id = 1 FOR UPDATE")->next();  // SQLite has one writer anyway
  }
  Head head = read_head(db);
  frontier_ = std::move(head.frontier);
  has_seen(head.latest);
  started_at_ = frontier_.size();
  return head.key_epoch;
}

void Log::append(store::Database& db, const Author& author, base::Timestamp now,
                 std::span<const Event> events) {
  if (events.empty()) return;
  const SharedText shared(author);
  has_seen(base::later_of(now, latest()));
  store::RowBatch entries(db, insert_entry(), events.size());
  for (const Event& event : events) {
    const bool aimed = !event.target.kind.empty();
    const std::string id = entry_text(event.target.id, max_name_length);
    const std::string name = entry_text(event.target.name, max_name_length);
    const std::string ip = event.ip.empty() ? shared.ip : entry_text(event.ip, max_name_length);
    const std::string detail = detail_text(
        db.fields() != nullptr ? withheld(event.detail, *db.fields()) : event.detail, author.sudo_user);
    StoredEntry entry;
    entry.seq = static_cast<std::int64_t>(frontier_.size()) + 1;
    entry.time = base::to_unix_millis(now);
    entry.actor = shared.actor;
    entry.action = event.action;
    if (aimed) entry.target_kind = event.target.kind;
    if (aimed) entry.target_id = unless_empty(id);
    if (aimed) entry.target_name = unless_empty(name);
    entry.outcome = word_of(event.outcome);
    entry.ip = unless_empty(ip);
    entry.reason = unless_empty(shared.reason);
    entry.detail = detail;
    write_record(entry, record_);
    const Hash leaf = hash_leaf(base::bytes_of(record_));
    const auto mac = crypto::short_mac(key_->mac_key.reveal(), leaf);
    write_new([&] {
      entries.add({entry.seq, entry.time, entry.actor, entry.action, entry.target_kind, entry.target_id,
                   entry.target_name, entry.outcome, entry.ip, entry.reason, entry.detail,
                   base::ByteView(leaf), base::ByteView(mac)});
    });
    frontier_.append(leaf);
    if (entry.seq % block_size != 0) continue;
    write_new([&] { entries.flush(); });
    index_block(db, block_of(entry.seq));
  }
  write_new([&] { entries.flush(); });
}

void Log::finish(store::Database& db) {
  if (frontier_.size() == started_at_) return;
  const std::string note = format_note({key_->origin, frontier_.size(), frontier_.root()}, key_->signer);
  const auto touched =
      db.execute("UPDATE audit_head SET size = $1, frontier = $2, note = $3, latest = $4 WHERE id = 1",
                 {static_cast<std::int64_t>(frontier_.size()), frontier_.bytes(), note, latest()});
  if (touched != 1)
    throw Error(ErrorCode::unverified, "the head of the audit log is missing", "authctl audit verify");
}

}  // namespace authctl::audit
