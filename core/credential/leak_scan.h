// Finds what looks like a secret of ours in a stream of any bytes: JWTs, Fernet tokens and keys, the
// product's own secrets with their prefixes, private keys as PEM and as JWK, backup codes; plain, folded,
// escaped (leak_text.h) and within base64: what there says text, ASCII or UTF-16, is decoded and looked
// through like the dump, and base64 in it too. Whether one is a secret, and where exactly it ends, the judge
// says. Invariants: memory does not grow with the input; the same bytes give the same leaks however they are
// cut into blocks; a secret of up to 64 KiB is seen whole.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/credential/leak_search.h"
#include "core/credential/leak_text.h"

namespace authctl::credential {

enum class LeakKind {
  jwt,
  fernet_token,
  fernet_key,
  client_secret,
  refresh_token,
  mfa_token,
  reset_token,
  backup_code,
  private_key,
  private_jwk
};

enum class LeakForm { plain, folded, escaped, base64 };

struct LeakPlace {
  std::uint64_t offset = 0;  // of its first byte, from 0
  std::uint64_t line = 1;
  LeakForm form = LeakForm::plain;
};

struct Leak {
  LeakKind kind;
  // As long as it may be. Fernet tokens and keys come without padding, keys as one PEM block or JSON object.
  std::string_view text;
  // Where it may end, where that is not certain: line ends within the text that may be no folds.
  std::span<const std::size_t> ends;
  bool cut = false;  // it is longer than what is held of it
  LeakPlace place;
  std::size_t plain = 0;                         // so much of it stands in the dump just so
  LeakPlace place_of(std::size_t length) const;  // when so much of it is the secret
};

class LeakScan {
 public:
  // In how many characters of the text no other secret begins; 0: it is none.
  using Judge = std::function<std::size_t(const Leak&)>;
  explicit LeakScan(Judge judge) : judge_(std::move(judge)) {}

  void feed(std::string_view bytes);
  void finish();
  std::uint64_t bytes() const { return base_ + dump_.size(); }

 private:
  static constexpr std::size_t depths = 3;  // the dump, base64 in it, base64 in that
  // Base64 of the layer above that is decoded in this one.
  struct Piece {
    std::size_t raw, outer;  // where it begins: in `raw` of this layer, in the text of the one above
  };
  // One text that is looked through: the dump, or what base64 in it says.
  struct Layer {
    std::string_view raw;
    LeakText text;
    std::size_t from = 0, limit = 0;       // secrets that begin before or behind are for another time
    std::string decoded;                   // what `raw` is below the dump: pieces with a mark between them
    std::vector<Piece> pieces;             // in order
    std::array<std::size_t, 4> done_to{};  // base64 in this layer, for each remainder of its beginning
    // Runs of base64url that were measured last, by what they were measured for: a long one is not measured
    // again for each sign that stands in it.
    struct Run {
      std::size_t begin = 0, end = 0;
    };
    std::array<Run, 3> runs{};
    std::array<Run, 4>
        texts{};  // the groups that say text, the same way, for each remainder of their beginning
    std::size_t object_block = std::string::npos;  // of raw: what object_ was made of
  };
  enum class Part { header, claims, signature };
  static std::size_t run_of(Layer& layer, Part part, std::size_t at);

  void scan_dump(bool last);
  std::size_t scan_layer(std::size_t depth);
  bool is_due(std::size_t depth, std::size_t at) const;
  std::size_t outer_of(const Layer& layer, std::size_t at) const;
  // Each gives where the secret ends in the text of its layer; 0: there is none.
  std::size_t examine(std::size_t depth, const LeakHit& hit);
  std::size_t examine_jwt(std::size_t depth, std::size_t at);
  std::size_t examine_fernet(std::size_t depth, std::size_t at);
  std::size_t examine_prefix(std::size_t depth, std::size_t at);
  void examine_pem(std::size_t depth, std::size_t at);
  void examine_jwk(std::size_t depth, std::size_t at);
  std::size_t around_object(std::size_t depth, std::size_t raw);
  void examine_keys(std::size_t depth);
  void examine_codes(std::size_t depth);
  void unwrap(std::size_t depth, std::size_t from, std::size_t to);
  void add_piece(std::size_t depth, std::size_t begin, std::size_t end);
  void scan_decoded(std::size_t depth);
  bool at_border(const LeakText& text, std::size_t at) const;
  // A part of the layer's text, up to `size` characters; where it ends the judge says.
  std::size_t offer_part(std::size_t depth, LeakKind kind, std::size_t at, std::size_t size,
                         bool cut = false);
  // Something that is written anew, which stands from `at` to `end`.
  void offer_whole(std::size_t depth, LeakKind kind, std::string_view text, std::size_t at, std::size_t end);
  LeakPlace place_of(std::size_t depth, std::size_t at, std::size_t end) const;

  Judge judge_;
  std::string dump_;             // what has not been looked through, and a little before it
  std::uint64_t base_ = 0;       // offset of its first byte
  std::uint64_t base_line_ = 1;  // and the line
  std::size_t looked_at_ = 0;    // of it, so many bytes
  std::array<Layer, depths> layers_;
  LeakText object_;               // around a JWK, with its quotes
  std::size_t object_depth_ = 0;  // of the layer that it was made of
  std::string pem_, digits_;
  mutable std::vector<std::size_t> ends_;
};

}  // namespace authctl::credential
