#include "core/audit/entry.h"

#include <array>
#include <charconv>

namespace authctl::audit {
namespace {

constexpr std::array<std::string_view, 3> outcome_words{"success", "failure", "denied"};

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_text(std::string& out, const std::optional<std::string_view>& text) {
  if (text)
    base::append_json_string(out, *text);
  else
    out += "null";
}

std::optional<std::string_view> optional_text(const store::Rows& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.text(column);
}

std::optional<std::string> optional_copy(const std::optional<std::string_view>& text) {
  if (!text) return std::nullopt;
  return std::string(*text);
}

}  // namespace

std::string_view word_of(Outcome outcome) { return outcome_words[static_cast<std::size_t>(outcome)]; }

std::optional<Outcome> parse_outcome(std::string_view word) {
  for (std::size_t i = 0; i < outcome_words.size(); ++i) {
    if (outcome_words[i] == word) return static_cast<Outcome>(i);
  }
  return std::nullopt;
}

StoredEntry read_entry(const store::Rows& row) {
  StoredEntry entry;
  entry.seq = row.integer(0);
  entry.time = row.integer(1);
  entry.actor = row.text(2);
  entry.action = row.text(3);
  entry.target_kind = optional_text(row, 4);
  entry.target_id = optional_text(row, 5);
  entry.target_name = optional_text(row, 6);
  entry.outcome = row.text(7);
  entry.ip = optional_text(row, 8);
  entry.reason = optional_text(row, 9);
  entry.detail = row.text(10);
  return entry;
}

void write_record(const StoredEntry& entry, std::string& record) {
  record.clear();
  record += "{\"action\":";
  base::append_json_string(record, entry.action);
  record += ",\"actor\":";
  base::append_json_string(record, entry.actor);
  record += ",\"detail\":";
  base::append_json_string(record, entry.detail);
  record += ",\"ip\":";
  append_text(record, entry.ip);
  record += ",\"outcome\":";
  base::append_json_string(record, entry.outcome);
  record += ",\"reason\":";
  append_text(record, entry.reason);
  record += ",\"seq\":";
  append_integer(record, entry.seq);
  record += ",\"target_id\":";
  append_text(record, entry.target_id);
  record += ",\"target_kind\":";
  append_text(record, entry.target_kind);
  record += ",\"target_name\":";
  append_text(record, entry.target_name);
  record += ",\"time\":";
  append_integer(record, entry.time);
  record += '}';
}

Entry copy_entry(const StoredEntry& row) {
  Entry entry;
  entry.seq = row.seq;
  entry.time = base::from_unix_millis(row.time);
  entry.actor = row.actor;
  entry.action = row.action;
  if (row.target_kind) {
    entry.target = Target{std::string(*row.target_kind), std::string(row.target_id.value_or("")),
                          std::string(row.target_name.value_or(""))};
  }
  entry.outcome = row.outcome;
  entry.ip = optional_copy(row.ip);
  entry.reason = optional_copy(row.reason);
  entry.detail = row.detail;
  return entry;
}

}  // namespace authctl::audit
