#include "core/audit/formats.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/clock.h"
#include "core/base/text.h"

namespace authctl::audit {
namespace {

using base::json::object;
using base::json::value;

std::string text_of(const value& held) {
  if (held.is_null()) return {};
  if (const auto* text = held.if_string()) return std::string(*text);
  return base::canonical_json(held);
}

const value& member(const object& entry, std::string_view name) { return entry.at(name); }

std::string target_text(const object& entry, std::string_view name) {
  const auto* target = member(entry, "target").if_object();
  return target == nullptr ? std::string() : text_of(target->at(name));
}

// Signs that begin a formula, the full-width ones of East Asian spreadsheets among them.
bool begins_formula(std::string_view text) {
  constexpr std::array<std::string_view, 8> signs{"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
  constexpr std::array<std::string_view, 8> skipped{" ",      "\t",     "\r",     "\n",
                                                    "\ufeff", "\u00a0", "\u200b", "\u3000"};
  for (bool again = true; again;) {
    again = false;
    for (const auto blank : skipped) {
      if (!text.starts_with(blank)) continue;
      text.remove_prefix(blank.size());
      again = true;
    }
  }
  for (const auto sign : signs) {
    if (text.starts_with(sign)) return true;
  }
  return false;
}

std::string cef_escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (special.find(c) != std::string_view::npos)
      (out += '\\') += c;
    else
      out += c;
  }
  return base::printable(out);
}

std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return length <= text.size() && base::is_utf8(text.substr(0, length)) ? length : 0;
}

// The code point of one well-formed sequence, as JSON writes it: beyond the first plane in two units.
std::string json_escape(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  unsigned point = sequence.size() == 1 ? lead : lead & (0xffu >> (sequence.size() + 1));
  for (const char c : sequence.substr(1)) point = point << 6 | (static_cast<unsigned char>(c) & 0x3fu);
  char text[16];
  if (point < 0x10000) {
    std::snprintf(text, sizeof text, "\\u%04x", point);
  } else {
    std::snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((point - 0x10000) >> 10),
                  0xdc00 + ((point - 0x10000) & 0x3ff));
  }
  return text;
}

int severity_of(std::string_view outcome) { return outcome == "success" ? 3 : outcome == "denied" ? 6 : 5; }

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string cell = begins_formula(text) || text.starts_with('\t') || text.starts_with('\r') ? "\"'" : "\"";
  for (; !text.empty(); text.remove_prefix(1)) {
    const std::size_t end = std::min(text.find_first_of("\"\t\r\n"), text.size());
    cell += base::printable(text.substr(0, end));
    text.remove_prefix(end);
    if (text.empty()) break;
    // Alone it would let what follows write over the line on a terminal.
    const bool overwrites = text[0] == '\r' && !text.starts_with("\r\n");
    if (text[0] == '"') cell += '"';
    cell += overwrites ? base::printable(text.substr(0, 1)) : std::string(1, text[0]);
  }
  return cell + '"';
}

std::string jsonl_line(const object& entry) {
  const std::string json = base::json::serialize(entry);
  std::string line;
  line.reserve(json.size() + 1);
  for (std::string_view rest = json; !rest.empty();) {
    const std::size_t length = sequence_length(rest);
    const auto sequence = rest.substr(0, std::max<std::size_t>(length, 1));
    rest.remove_prefix(sequence.size());
    if (length == 0) {
      line += "\\ufffd";
    } else if (sequence[0] >= ' ' && sequence[0] < 0x7f) {
      line += sequence;
    } else {
      line += base::printable(sequence) == sequence ? std::string(sequence) : json_escape(sequence);
    }
  }
  return line + '\n';
}

std::string csv_title() {
  return "seq,time,actor,action,target_kind,target_id,target_name,outcome,ip,reason,detail\r\n";
}

std::string csv_line(const object& entry) {
  std::string line = text_of(member(entry, "seq"));
  for (const char* name : {"time", "actor", "action"}) line += ',' + csv_cell(text_of(member(entry, name)));
  for (const char* name : {"kind", "id", "name"}) line += ',' + csv_cell(target_text(entry, name));
  for (const char* name : {"outcome", "ip", "reason", "detail"})
    line += ',' + csv_cell(text_of(member(entry, name)));
  return line + "\r\n";
}

std::string cef_line(const object& entry, std::string_view version) {
  const std::string action = text_of(member(entry, "action")), outcome = text_of(member(entry, "outcome"));
  std::string line = "CEF:0|authctl|authctl|" + cef_escaped(version, "\\|") + '|' +
                     cef_escaped(action, "\\|") + '|' + cef_escaped(action, "\\|") + '|' +
                     std::to_string(severity_of(outcome)) + '|';
  const auto time = base::parse_timestamp(text_of(member(entry, "time")));
  struct Field {
    const char* name;
    std::string text;
    const char* label = nullptr;  // of a custom string
  };
  const Field extension[] = {{"rt", std::to_string(time ? base::to_unix_millis(*time) : 0)},
                             {"externalId", text_of(member(entry, "seq"))},
                             {"suser", text_of(member(entry, "actor"))},
                             {"src", text_of(member(entry, "ip"))},
                             {"outcome", outcome},
                             {"reason", text_of(member(entry, "reason"))},
                             {"cs1", target_text(entry, "kind"), "targetKind"},
                             {"cs2", target_text(entry, "id"), "targetId"},
                             {"cs3", target_text(entry, "name"), "targetName"},
                             {"cs4", text_of(member(entry, "detail")), "detail"}};
  for (const Field& field : extension) {
    if (field.text.empty()) continue;
    const std::string name = field.name;
    line += (line.ends_with('|') ? "" : " ") + name + '=' + cef_escaped(field.text, "\\=");
    if (field.label != nullptr) line += ' ' + name + "Label=" + field.label;
  }
  return line + '\n';
}

}  // namespace authctl::audit
