#include "core/credential/leak_scan.h"

#include <algorithm>

#include "core/base/encoding.h"

namespace authctl::credential {
namespace {

constexpr std::size_t kibi = 1024;
constexpr std::size_t block = 1024 * kibi;         // of the dump, looked through at once
constexpr std::size_t margin = 128 * kibi;         // characters that have to follow the beginning of a secret
constexpr std::size_t raw_margin = 512 * kibi;     // how much of the dump those may be at most
constexpr std::size_t context = 16 * kibi;         // of the dump, kept before what comes next
constexpr std::size_t longest_base64 = 96 * kibi;  // characters that are decoded at once
constexpr std::size_t sure_base64 = 64 * kibi;     // secrets that begin in this part of it are whole
constexpr std::size_t longest_object_lead = 8 * kibi;
static_assert(longest_base64 < margin && sure_base64 % 4 == 0 && context >= longest_object_lead);

// Both alphabets; padding is not needed, and bits that are left over are dropped. Of the first three
// characters some may be none: `\t` in front of base64 may be a tab, or a backslash and its first digit.
void decode_loosely(std::string_view text, std::string& out) {
  if (text.size() % 4 == 1) text.remove_suffix(1);
  std::string digits(text);
  for (char& c : digits) c = c == '+' ? '-' : c == '/' ? '_' : c;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, digits.size()); ++i)
    if (!is_base64(digits[i])) digits[i] = 'A';
  const std::size_t missing = (4 - digits.size() % 4) % 4;
  digits.append(missing, 'A');
  out.resize(digits.size());
  const auto room = std::span(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  const auto count = base::decode_base64url(digits, room).value_or(0);
  out.resize(count > missing ? count - missing : 0);
}

// What a token goes on with, also where it is folded or escaped.
bool goes_on(char c) {
  return is_base64url(c) || std::string_view(".\\%=&\r\n >").find(c) != std::string_view::npos;
}

// Enough of what is decoded to tell it from noise.
bool is_likely(LeakSign sign, std::string_view decoded) {
  constexpr std::size_t looked_at = 12;
  if (sign == LeakSign::jwt)
    return decoded.size() >= looked_at && std::ranges::all_of(decoded.substr(0, looked_at), goes_on);
  if (sign == LeakSign::jwk)
    return decoded.size() > 3 && std::string_view("\"'\\%&").find(decoded[3]) != std::string_view::npos;
  return true;
}

}  // namespace

void LeakScan::feed(std::string_view bytes) {
  constexpr std::size_t full = block + raw_margin + context;
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, full - std::min(full, dump_.size()));
    dump_ += part;
    bytes.remove_prefix(part.size());
    if (dump_.size() >= full) scan_dump(false);
  }
}

void LeakScan::finish() { scan_dump(true); }

void LeakScan::scan_dump(bool last) {
  auto& layer = layers_[0];
  layer.raw = dump_;
  layer.text.undo(dump_);
  const auto size = layer.text.text().size();
  layer.limit = size;
  if (!last)
    layer.limit = std::max(size - std::min(size, margin), layer.text.at_raw(dump_.size() - raw_margin));
  const auto end = scan_layer(0, layer.text.at_raw(looked_at_));
  looked_at_ = last ? dump_.size() : layer.text.place_of(end).raw;
  const auto gone = looked_at_ - std::min(looked_at_, context);
  base_ += gone;
  base_line_ += static_cast<std::uint64_t>(
      std::count(dump_.begin(), dump_.begin() + static_cast<std::ptrdiff_t>(gone), '\n'));
  dump_.erase(0, gone);
  looked_at_ -= gone;
}

// Gives where the next one of this layer may begin.
std::size_t LeakScan::scan_layer(std::size_t depth, std::size_t from) {
  auto& layer = layers_[depth];
  layer.done_to.fill(0);
  layer.runs.fill({});
  layer.object_block = std::string::npos;
  std::size_t at = from;
  for (;;) {
    const auto hit = find_leak_anchor(layer.text.text(), at);
    if (hit.anchor == nullptr || hit.at >= layer.limit) break;
    at = std::max(hit.at + 1, examine(depth, hit));
  }
  examine_keys(depth, from);
  examine_codes(depth, from);
  return std::max({from, at, layer.limit});
}

std::size_t LeakScan::run_of(Layer& layer, Part part, std::size_t at) {
  auto& run = layer.runs[static_cast<std::size_t>(part)];
  if (at < run.begin || at >= run.end)
    run = {at, run_end(layer.text.text(), at, std::string::npos, is_base64url)};
  return run.end;
}

std::size_t LeakScan::examine(std::size_t depth, const LeakHit& hit) {
  if (hit.anchor->wrapped) return examine_base64(depth, hit), 0;
  switch (hit.anchor->sign) {
    case LeakSign::jwt:
      return examine_jwt(depth, hit.at);
    case LeakSign::fernet:
      return examine_fernet(depth, hit.at);
    case LeakSign::prefix:
      return examine_prefix(depth, hit.at);
    case LeakSign::pem:
      return examine_pem(depth, hit.at), 0;
    case LeakSign::jwk:
      return examine_jwk(depth, hit.at), 0;
  }
  return 0;
}

void LeakScan::examine_base64(std::size_t depth, const LeakHit& hit) {
  if (depth + 1 == depths || hit.at < hit.anchor->group) return;
  auto& outer = layers_[depth];
  auto& inner = layers_[depth + 1];
  const auto text = outer.text.text();
  std::size_t begin = hit.at - hit.anchor->group;
  auto& done = outer.done_to[begin % 4];
  if (hit.at < done) return;
  const auto is_digit = [&](std::size_t at) { return is_base64(text[at]); };
  const auto run_to = [&](std::size_t most) {
    return run_end(text, hit.at, begin + most - hit.at, is_base64);
  };
  constexpr std::size_t glance = 32;
  decode_loosely(text.substr(begin, run_to(glance) - begin), inner.decoded);
  if (!is_likely(hit.anchor->sign,
                 std::string_view(inner.decoded).substr(std::min(hit.anchor->byte, inner.decoded.size()))))
    return;
  std::size_t lead = 0;  // an object begins before its first member
  const bool from_its_begin = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                          text.begin() + static_cast<std::ptrdiff_t>(hit.at), is_base64);
  while (hit.anchor->sign == LeakSign::jwk && from_its_begin && lead < longest_object_lead &&
         begin >= lead + 4 && is_digit(begin - lead - 4) && is_digit(begin - lead - 3) &&
         is_digit(begin - lead - 2) && is_digit(begin - lead - 1))
    lead += 4;
  const auto end = run_to(longest_base64);
  const bool whole = end - begin < longest_base64;
  done = whole ? end : begin + sure_base64;
  open_base64(depth, begin - lead, end);
  const auto limit = std::min(done, outer.limit) - inner.outer_at;
  inner.limit = limit + inner.outer_at == end ? inner.text.text().size() : inner.text.at_raw(limit / 4 * 3);
  scan_layer(depth + 1, inner.text.at_raw(lead / 4 * 3 + hit.anchor->byte));
}

// The next layer is what stands there.
void LeakScan::open_base64(std::size_t depth, std::size_t begin, std::size_t end) {
  auto& inner = layers_[depth + 1];
  decode_loosely(layers_[depth].text.text().substr(begin, end - begin), inner.decoded);
  inner.raw = inner.decoded;
  inner.outer_at = begin;
  inner.text.undo(inner.decoded);
}

LeakPlace LeakScan::place_of(std::size_t depth, std::size_t at, std::size_t end) const {
  const auto& layer = layers_[depth];
  const auto place = layer.text.place_of(at);
  if (depth > 0) {
    const auto outer = layer.outer_at + place.raw / 3 * 4 + place.raw % 3;
    auto found = place_of(depth - 1, outer, outer + 1);
    found.form = LeakForm::base64;
    return found;
  }
  const auto spelling = layer.text.spelling(at, end);
  return {base_ + place.raw, base_line_ + place.line,
          spelling == LeakText::Spelling::plain    ? LeakForm::plain
          : spelling == LeakText::Spelling::folded ? LeakForm::folded
                                                   : LeakForm::escaped};
}

std::size_t LeakScan::offer_part(std::size_t depth, LeakKind kind, std::size_t at, std::size_t size,
                                 bool cut) {
  const auto text = layers_[depth].text.text().substr(at, size);
  const auto plain = layers_[depth].text.plain_until(at) - at;
  const auto length = judge_({kind, text, ends_, cut, place_of(depth, at, at + size), plain});
  return length == 0 ? 0 : at + length;
}

void LeakScan::offer_whole(std::size_t depth, LeakKind kind, std::string_view text, std::size_t at,
                           std::size_t end) {
  ends_.clear();
  judge_({kind, text, ends_, false, place_of(depth, at, end), 0});
}

LeakPlace Leak::place_of(std::size_t length) const {
  auto known = place;
  if (length <= plain && known.form != LeakForm::base64) known.form = LeakForm::plain;
  return known;
}

}  // namespace authctl::credential
