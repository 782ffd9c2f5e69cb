// The other half of core/credential/leak_scan.h: what each kind of secret looks like behind the few
// characters that gave it away.
#include <algorithm>

#include "core/base/encoding.h"
#include "core/credential/client_secret.h"
#include "core/credential/leak_scan.h"

namespace authctl::credential {
namespace {

constexpr std::size_t kibi = 1024;
constexpr std::size_t longest_header = 8 * kibi, longest_claims = 48 * kibi, longest_signature = 4 * kibi;
constexpr std::size_t shortest_signature = 22;     // 128 bits
constexpr std::size_t longest_fernet = 64 * kibi;  // characters
constexpr std::size_t shortest_fernet = 98;        // one block of ciphertext, without padding
constexpr std::size_t longest_pem = 64 * kibi;
constexpr std::size_t longest_object_lead = 8 * kibi, longest_object = 24 * kibi;  // of the dump
constexpr std::size_t most_ends = 64;
constexpr std::size_t key_size = 43;   // of a Fernet key, without its `=`
constexpr std::size_t code_size = 19;  // of a backup code, with its dashes

// A JSON object begins with a brace and goes on with a name; noise that happens to begin so ends soon after.
bool begins_header(std::string_view text) {
  std::uint8_t bytes[9];
  if (text.size() < 12 || !base::decode_base64url(text.substr(0, 12), bytes)) return false;
  return bytes[0] == '{' && std::ranges::all_of(bytes, [](std::uint8_t c) {
           return (c >= 0x20 && c < 0x7f) || (c >= 9 && c <= 13);
         });
}

struct Prefix {
  std::string_view text;
  std::size_t size;  // of what follows
  LeakKind kind;
};
constexpr Prefix prefixes[] = {
    {client_secret_prefix, client_secret_size - client_secret_prefix.size(), LeakKind::client_secret},
    {"authctl_rt_", 43, LeakKind::refresh_token},
    {"authctl_mfa_", 43, LeakKind::mfa_token},
    {"authctl_reset_", 43, LeakKind::reset_token}};

bool is_label_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '+';
}
bool is_pem_digit(char c) { return is_base64(c) && c != '-' && c != '_'; }
bool is_between_pem_digits(char c) {
  return std::string_view(" \t\r\"',=\\\0", 9).find(c) != std::string_view::npos;
}

// Where the dashes behind the digits begin; npos: there are none, or they are of something else. An old
// encrypted key has headers with dashes of their own.
std::size_t end_of_pem(std::string_view text, std::size_t body) {
  constexpr std::string_view end = "-----END", headers = "Proc-Type:";
  text = text.substr(0, body + longest_pem);
  const bool encrypted = text.substr(body, headers.size()) == headers;
  const auto dash = encrypted ? text.find(end, body) : text.find('-', body);
  return dash != text.npos && text.substr(dash, end.size()) == end ? dash : text.npos;
}

bool is_code_character(char c) {
  const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return (low >= 'a' && low <= 'z' && low != 'l' && low != 'o') || (c >= '2' && c <= '9');
}

bool is_word_character(char c) { return is_base64url(c); }

}  // namespace

std::size_t LeakScan::examine_jwt(std::size_t depth, std::size_t at) {
  auto& layer = layers_[depth];
  const auto text = layer.text.text();
  if (!begins_header(text.substr(at, 12))) return 0;
  const auto dot = [&](std::size_t where) { return where < text.size() && text[where] == '.'; };
  const auto header = run_of(layer, Part::header, at);
  if (!dot(header) || header - at > longest_header) return 0;
  const auto claims = run_of(layer, Part::claims, header + 1);
  if (!dot(claims) || claims == header + 1 || claims - header > longest_claims) return 0;
  const auto end = std::min(run_of(layer, Part::signature, claims + 1), claims + 1 + longest_signature);
  if (end < claims + 1 + shortest_signature) return 0;
  ends_.clear();
  layer.text.joints(claims + shortest_signature, end, most_ends, ends_);
  for (auto& joint : ends_) joint -= at;
  return offer_part(depth, LeakKind::jwt, at, end - at);
}

std::size_t LeakScan::examine_fernet(std::size_t depth, std::size_t at) {
  auto& layer = layers_[depth];
  const auto end = std::min(run_of(layer, Part::header, at), at + longest_fernet);
  if (end - at < shortest_fernet) return 0;
  ends_.clear();
  layer.text.joints(at + shortest_fernet - 1, end, most_ends, ends_);
  for (auto& joint : ends_) joint -= at;
  return offer_part(depth, LeakKind::fernet_token, at, end - at, end - at == longest_fernet);
}

std::size_t LeakScan::examine_prefix(std::size_t depth, std::size_t at) {
  const auto text = layers_[depth].text.text().substr(at);
  for (const auto& prefix : prefixes) {
    if (!text.starts_with(prefix.text)) continue;
    const auto size = prefix.text.size() + prefix.size;
    if (run_end(text, prefix.text.size(), prefix.size, is_base64url) < size) return 0;
    if (prefix.kind == LeakKind::client_secret && !is_client_secret(text.substr(0, size))) return 0;
    ends_.clear();
    return offer_part(depth, prefix.kind, at, size);
  }
  return 0;
}

// RFC 7468, read with more patience than it asks for. A key with headers, an old encrypted one, is handed on
// as it stands.
void LeakScan::examine_pem(std::size_t depth, std::size_t at) {
  constexpr std::string_view begin = "BEGIN ", private_key = "PRIVATE KEY";
  const auto text = layers_[depth].text.text();
  const auto label_at = at + begin.size();
  const auto label_end = run_end(text, label_at - 1, 40, is_label_character);
  if (label_end <= label_at) return;
  std::string label(text.substr(label_at, label_end - label_at));
  std::ranges::replace(label, '+', ' ');
  if (!label.ends_with(private_key)) return;
  const auto body = run_end(text, label_end, 5, [](char c) { return c == '-'; });
  const auto end = end_of_pem(text, body);
  if (body == label_end || end == text.npos) return;
  pem_.clear();
  bool headers = false;
  std::size_t in_line = 0;
  for (const char c : text.substr(body, end - body)) {
    headers = headers || c == ':';
    if (!is_pem_digit(c)) {
      if (!headers && !is_between_pem_digits(c)) return;
      continue;  // with headers it is not read anyway
    }
    if (in_line++ == 64) pem_ += '\n', in_line = 1;
    pem_ += c;
  }
  const auto digits = pem_.size() - static_cast<std::size_t>(std::ranges::count(pem_, '\n'));
  pem_.append((4 - digits % 4) % 4, '=');
  pem_ = "-----BEGIN " + label + "-----\n" + (headers ? "Proc-Type: 4,ENCRYPTED\n\n" : "") + pem_ +
         "\n-----END " + label + "-----\n";
  offer_whole(depth, LeakKind::private_key, pem_, at, end);
}

// The object around the member: no member of a JWK is an object itself.
void LeakScan::examine_jwk(std::size_t depth, std::size_t at) {
  auto& layer = layers_[depth];
  const auto text = layer.text.text();
  if (at + 3 >= text.size() || (text[at + 3] != '"' && text[at + 3] != '\'')) return;
  const auto raw = layer.text.place_of(at).raw;
  const auto from = around_object(depth, raw);
  const auto around = object_.text();
  const auto member = object_.at_raw(raw - from);
  if (around.substr(member, 3) != "kty") return;
  const auto first = member - std::min(member, longest_object_lead);
  const auto open = around.substr(first, member - first).rfind('{');
  const auto close = around.substr(member, longest_object).find('}');
  if (open == around.npos || close == around.npos) return;
  const auto object = around.substr(first + open, member + close + 1 - (first + open));
  if (object.find("\"d\"") == object.npos && object.find("\"k\"") == object.npos) return;
  const auto begins = layer.text.at_raw(from + object_.place_of(first + open).raw);
  const auto ends = layer.text.at_raw(from + object_.place_of(member + close).raw) + 1;
  offer_whole(depth, LeakKind::private_jwk, object, begins, std::max(ends, at + 3));
}

// Brings what is around this place into object_, where it is not there yet; gives where in the dump that
// begins.
std::size_t LeakScan::around_object(std::size_t depth, std::size_t raw) {
  auto& layer = layers_[depth];
  const auto block = raw / longest_object;
  const auto from = block * longest_object - std::min(block * longest_object, longest_object_lead);
  if (layer.object_block != block || object_depth_ != depth) {
    object_.undo(layer.raw.substr(from, longest_object_lead + 2 * longest_object), LeakText::Quotes::keep);
    layer.object_block = block;
    object_depth_ = depth;
  }
  return from;
}

void LeakScan::examine_keys(std::size_t depth) {
  for (const std::size_t end : layers_[depth].text.keys()) {
    if (!is_due(depth, end - key_size)) continue;
    ends_.clear();
    offer_part(depth, LeakKind::fernet_key, end - key_size, key_size);
  }
}

bool LeakScan::at_border(const LeakText& text, std::size_t at) const {
  const auto all = text.text();
  if (at == 0 || at >= all.size() || !is_word_character(all[at - 1]) || !is_word_character(all[at]))
    return true;
  ends_.clear();
  text.joints(at - 1, at + 1, 1, ends_);
  return !ends_.empty();
}

void LeakScan::examine_codes(std::size_t depth) {
  const auto& layer = layers_[depth];
  const auto text = layer.text.text();
  // What stands beside base64 may look as if it were more of it.
  const auto ends_at = [&](std::size_t at) { return depth > 0 || at_border(layer.text, at); };
  for (auto dash = find_dashes(text, layer.from + 4); dash != text.npos && dash - 4 < layer.limit;
       dash = find_dashes(text, dash + 1)) {
    const auto at = dash - 4;
    const auto code = text.substr(at, code_size);
    bool fits = code.size() == code_size;
    for (std::size_t i = 0; fits && i < code_size; ++i) fits = i % 5 == 4 || is_code_character(code[i]);
    if (!fits || !ends_at(at) || !ends_at(at + code_size) || !is_due(depth, at)) continue;
    ends_.clear();
    offer_part(depth, LeakKind::backup_code, at, code_size);
  }
}

}  // namespace authctl::credential
