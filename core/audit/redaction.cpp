#include "core/audit/redaction.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "core/base/text.h"

namespace authctl::audit {
namespace {

using base::json::object;
using base::json::value;

constexpr std::size_t shown_of_token_id = 8;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;  // letters of other scripts
}
bool is_local(char c) {
  return is_alnum(c) || std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}
bool is_domain(char c) { return is_alnum(c) || c == '.' || c == '-' || c == '[' || c == ']' || c == ':'; }
bool is_address(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':';
}

std::size_t length_of_first(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) ++length;
  return length;
}

std::string mask_emails(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::size_t first = at, last = at + 1;
    while (first > done && is_local(text[first - 1])) --first;
    while (last < text.size() && is_domain(text[last])) ++last;
    if (first == at || last == at + 1) continue;
    out.append(text, done, first - done);
    out.append(text, first, length_of_first(text.substr(first, at - first)));
    out += "***";
    out.append(text, at, last - at);
    done = last;
    at = last - 1;
  }
  return out.append(text, done);
}

bool parses(int family, std::string_view text) {
  if (text.size() > 45) return false;
  std::array<char, 16> parsed;
  return ::inet_pton(family, std::string(text).c_str(), parsed.data()) == 1;
}

// The first half of the network part: who owns it can be told, who sat there cannot.
std::string mask_address(std::string_view text) {
  if (parses(AF_INET, text))
    return std::string(text.substr(0, text.find('.', text.find('.') + 1))) + ".***.***";
  if (parses(AF_INET6, text)) {
    const auto first = text.find(':');
    const auto second = text.find(':', first + 1);
    return std::string(text.substr(0, second)) + ":***";
  }
  return {};
}

std::string mask_word(std::string_view word) {
  std::string masked = mask_address(word);
  if (!masked.empty()) return masked;
  // 192.0.2.1:8080, and an address at the end of a sentence.
  if (const auto colon = word.rfind(':'); colon != std::string_view::npos && colon > 0) {
    masked = mask_address(word.substr(0, colon));
    if (!masked.empty()) return masked + std::string(word.substr(colon));
  }
  if (word.ends_with('.')) {
    masked = mask_address(word.substr(0, word.size() - 1));
    if (!masked.empty()) return masked + '.';
  }
  return std::string(word);
}

std::string mask_addresses(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, is_address) - text.begin();
    const auto length = static_cast<std::size_t>(end);
    if (length >= 2)
      out += mask_word(text.substr(0, length));
    else
      out.append(text.substr(0, std::max<std::size_t>(length, 1)));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string cut_token_id(std::string_view id) {
  return id.size() <= shown_of_token_id ? std::string(id)
                                        : std::string(id.substr(0, shown_of_token_id)) + "\u2026";
}

value shown(std::string_view name, const value& held, Privacy privacy) {
  if (const auto* text = held.if_string()) {
    if (name == "jti") return value(cut_token_id(*text));
    return privacy == Privacy::revealed ? held : value(redact_text(*text));
  }
  if (const auto* items = held.if_array()) {
    base::json::array result;
    for (const auto& item : *items) result.push_back(shown(name, item, privacy));
    return result;
  }
  if (const auto* members = held.if_object()) {
    object result;
    for (const auto& member : *members) result[member.key()] = shown(member.key(), member.value(), privacy);
    return result;
  }
  return held;
}

value text_or_null(const std::optional<std::string_view>& text, Privacy privacy) {
  if (!text) return nullptr;
  return value(privacy == Privacy::revealed ? std::string(*text) : redact_text(*text));
}

value target_json(const StoredEntry& entry, Privacy privacy) {
  if (!entry.target_kind) return nullptr;
  value id = text_or_null(entry.target_id, privacy), name = text_or_null(entry.target_name, privacy);
  if (*entry.target_kind == "token") {
    if (entry.target_id) id = cut_token_id(*entry.target_id);
    if (entry.target_name) name = cut_token_id(*entry.target_name);
  }
  return object{{"kind", *entry.target_kind}, {"id", std::move(id)}, {"name", std::move(name)}};
}

}  // namespace

std::string redact_text(std::string_view text) { return mask_addresses(mask_emails(text)); }

base::json::object entry_json(const StoredEntry& entry, Privacy privacy) {
  auto detail = base::parse_json(entry.detail);
  const bool readable =
      detail && detail->is_object();  // else it was altered: verify says so, a query shows it
  return {{"seq", entry.seq},
          {"time", base::to_rfc3339(base::from_unix_millis(entry.time))},
          {"actor", text_or_null(entry.actor, privacy)},
          {"action", entry.action},
          {"target", target_json(entry, privacy)},
          {"outcome", entry.outcome},
          {"ip", text_or_null(entry.ip, privacy)},
          {"reason", text_or_null(entry.reason, privacy)},
          {"detail", readable ? shown("", *detail, privacy)
                              : value(object{{"unreadable", redact_text(base::printable(entry.detail))}})}};
}

}  // namespace authctl::audit
