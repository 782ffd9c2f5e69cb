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
constexpr std::size_t decoded_block = 256 * kibi;  // of decoded base64, looked through at once
constexpr char between_pieces = '\x1a';            // no character of any secret, nor a blank

// Bytes that are no ASCII may stand beside a secret, in the same JSON object.
constexpr std::size_t longest_gap = 16 * base64_group;

// The base64 around the groups from `at` to `end` that all say text: what a few groups at most part from
// them, and the group beside that, which may say half of a text. `floor`: not before that.
std::size_t wrapped_begin(std::string_view text, std::size_t at, std::size_t floor) {
  std::size_t begin = at;
  for (; at >= floor + base64_group && begin - at < longest_gap && is_group(text, at - base64_group);) {
    at -= base64_group;
    if (is_text_group(text, at)) begin = at;
  }
  return begin >= floor + base64_group ? begin - base64_group : begin;
}
std::size_t wrapped_end(std::string_view text, std::size_t end) {
  for (std::size_t at = end; at - end < longest_gap && is_group(text, at);) {
    at += base64_group;
    if (is_text_group(text, at - base64_group)) end = at;
  }
  return run_end(text, end, base64_group, is_base64);
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
  layer.from = layer.text.at_raw(looked_at_);
  layer.limit = size;
  if (!last)
    layer.limit = std::max(size - std::min(size, margin), layer.text.at_raw(dump_.size() - raw_margin));
  const auto end = scan_layer(0);
  looked_at_ = last ? dump_.size() : layer.text.place_of(end).raw;
  const auto gone = looked_at_ - std::min(looked_at_, context);
  base_ += gone;
  base_line_ += static_cast<std::uint64_t>(
      std::count(dump_.begin(), dump_.begin() + static_cast<std::ptrdiff_t>(gone), '\n'));
  dump_.erase(0, gone);
  looked_at_ -= gone;
}

// Gives where the next one of this layer may begin.
std::size_t LeakScan::scan_layer(std::size_t depth) {
  auto& layer = layers_[depth];
  const auto text = layer.text.text();
  layer.done_to.fill(0);
  layer.runs.fill({});
  layer.texts.fill({});
  layer.object_block = std::string::npos;
  std::size_t at = layer.from, free = at;
  for (;;) {
    const auto hit = find_leak_anchor(text, at);
    if (hit.anchor == nullptr || hit.at >= layer.limit) break;
    at = hit.at + 1;
    const auto end = is_due(depth, hit.at) ? examine(depth, hit) : 0;
    if (end < at) continue;
    unwrap(depth, free, hit.at);
    at = free = end;
  }
  unwrap(depth, free, layer.limit);
  if (depth + 1 < depths) scan_decoded(depth + 1);
  examine_keys(depth);
  examine_codes(depth);
  return std::max(at, layer.limit);
}

// Whether what begins there begins in that part of the dump which is looked through now.
bool LeakScan::is_due(std::size_t depth, std::size_t at) const {
  const auto& layer = layers_[depth];
  if (depth > 0) return is_due(depth - 1, outer_of(layer, at));
  return at >= layer.from && at < layer.limit;
}

// The character of the layer above that the byte begins in.
std::size_t LeakScan::outer_of(const Layer& layer, std::size_t at) const {
  const auto raw = layer.text.place_of(at).raw;
  const auto after = std::ranges::upper_bound(layer.pieces, raw, {}, &Piece::raw);
  const auto& piece = after[-1];
  return piece.outer + (raw - piece.raw) / 3 * 4 + (raw - piece.raw) % 3;
}

std::size_t LeakScan::run_of(Layer& layer, Part part, std::size_t at) {
  auto& run = layer.runs[static_cast<std::size_t>(part)];
  if (at < run.begin || at >= run.end)
    run = {at, run_end(layer.text.text(), at, std::string::npos, is_base64url)};
  return run.end;
}

std::size_t LeakScan::examine(std::size_t depth, const LeakHit& hit) {
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

// Base64 of text that begins between the two, for the next layer.
void LeakScan::unwrap(std::size_t depth, std::size_t from, std::size_t to) {
  constexpr std::size_t size = shortest_wrapped * base64_group;
  if (depth + 1 == depths || from >= to) return;
  auto& layer = layers_[depth];
  const auto text = layer.text.text();
  to += base64_group;  // the first of its groups that is whole may be a few characters behind what begins
  std::size_t at = from - std::min(from, base64_group);
  while ((at = find_wrapped(text, at, to)) != text.npos) {
    auto& done = layer.done_to[at % base64_group];
    auto& run = layer.texts[at % base64_group];
    if (at < run.begin || at >= run.end) {
      run = {at, at + size};
      while (is_text_group(text, run.end)) run.end += base64_group;
    }
    if (at >= done) {
      const auto begin = wrapped_begin(text, at, done);
      done = wrapped_end(text, run.end);
      add_piece(depth + 1, begin, done);
    }
    // What begins elsewhere within the groups may have its own first groups among the last of these.
    at = std::max(at + 1, run.end - size + 1);
  }
}

// Both alphabets; padding is not needed, and bits that are left over are dropped. Of the first group some may
// be no digits: `\t` in front of base64 may be a tab, or a backslash and its first digit.
void LeakScan::add_piece(std::size_t depth, std::size_t begin, std::size_t end) {
  auto& layer = layers_[depth];
  auto& out = layer.decoded;
  if ((end - begin) % base64_group == 1) --end;
  digits_ = layers_[depth - 1].text.text().substr(begin, end - begin);
  for (char& c : digits_) c = c == '+' ? '-' : c == '/' ? '_' : c;
  for (std::size_t i = 0; i < base64_group; ++i)
    if (!is_base64url(digits_[i])) digits_[i] = 'A';
  const auto missing = (base64_group - digits_.size() % base64_group) % base64_group;
  digits_.append(missing, 'A');
  const auto old = out.size();
  out.resize(old + digits_.size());
  const auto room = std::span(reinterpret_cast<std::uint8_t*>(out.data()) + old, digits_.size());
  const auto count = base::decode_base64url(digits_, room).value_or(missing);
  out.resize(old + count - missing);
  out += between_pieces;
  layer.pieces.push_back({old, begin});
  if (out.size() >= decoded_block) scan_decoded(depth);
}

void LeakScan::scan_decoded(std::size_t depth) {
  auto& layer = layers_[depth];
  if (layer.pieces.empty()) return;
  layer.raw = layer.decoded;
  layer.text.undo(layer.decoded);
  layer.limit = layer.text.text().size();
  scan_layer(depth);
  layer.decoded.clear();
  layer.pieces.clear();
}

LeakPlace LeakScan::place_of(std::size_t depth, std::size_t at, std::size_t end) const {
  const auto& layer = layers_[depth];
  const auto place = layer.text.place_of(at);
  if (depth > 0) {
    const auto outer = outer_of(layer, at);
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
