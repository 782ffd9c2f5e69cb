#include "core/token/jwt.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/token/compact.h"

namespace authctl::token {
namespace {

namespace json = base::json;

constexpr std::size_t pool_bytes = 32 * 1024;  // holds the claims of all but the strangest tokens
constexpr std::size_t max_memo_bytes = 1024;
constexpr std::size_t max_memos = 8;

// A media type as RFC 7515 section 4.1.9 compares it: any case, `application/` left out where nothing else
// is.
std::string_view without_application(std::string_view type) {
  constexpr std::string_view prefix = "application/";
  const bool has_prefix = type.size() > prefix.size() &&
                          base::fold_ascii(type.substr(0, prefix.size())) == prefix &&
                          type.find('/', prefix.size()) == std::string_view::npos;
  return has_prefix ? type.substr(prefix.size()) : type;
}

bool same_media_type(std::string_view a, std::string_view b) {
  return base::fold_ascii(without_application(a)) == base::fold_ascii(without_application(b));
}

bool audience_fits(const json::value* aud, const std::vector<std::string>& wanted) {
  if (aud == nullptr) return false;
  const auto is_wanted = [&](const json::value& one) {
    return std::find(wanted.begin(), wanted.end(), std::string_view(one.get_string())) != wanted.end();
  };
  if (aud->is_string()) return is_wanted(*aud);
  const auto& many = aud->get_array();
  return std::any_of(many.begin(), many.end(), is_wanted);
}

bool claim_fits(const json::object& claims, const RequiredClaim& required) {
  const auto* value = claims.if_contains(required.name);
  if (value == nullptr || value->is_null()) return false;
  if (!required.value) return true;
  if (value->is_string()) return std::string_view(value->get_string()) == *required.value;
  return !value->is_structured() && json::serialize(*value) == *required.value;
}

// What a header comes to: the same for every token that begins with it.
struct HeaderFinding {
  HeaderFields fields;
  std::optional<Reason> reason;
  std::size_t key = 0;
  bool typ_fits = true;
};

// A header that was seen on a token with a right signature, with all that its fields point into.
struct Memo {
  std::string segment;
  json::value object;
  HeaderFinding finding;
};

}  // namespace

struct Verifier::State {
  State(std::shared_ptr<const KeySet> trusted, Expectations expected)
      : keys(std::move(trusted)), expectations(std::move(expected)), contexts(keys->entries().size()) {}

  // The bytes of a segment in the buffer, from `offset` on; what is longer than the token never is.
  std::optional<base::ByteView> decode(std::string_view segment, std::size_t offset) {
    const auto size = base::decode_base64url(segment, std::span(decoded).subspan(offset));
    if (!size) return std::nullopt;
    return base::ByteView(decoded).subspan(offset, *size);
  }

  const json::object* parse(std::string_view segment, std::optional<json::value>& value) {
    const auto bytes = decode(segment, 0);
    if (!bytes) return nullptr;
    value = base::parse_json(base::text_of(*bytes), {.max_bytes = bytes->size()}, &arena);
    return value ? value->if_object() : nullptr;
  }

  const Memo* remembered(std::string_view segment) const {
    const auto found =
        std::find_if(memos.begin(), memos.end(), [&](const auto& m) { return m->segment == segment; });
    return found == memos.end() ? nullptr : found->get();
  }

  void remember(std::string_view segment, const json::object& object) {
    if (segment.size() > max_memo_bytes) return;
    if (memos.size() < max_memos) memos.emplace_back();
    auto& memo = memos[oldest++ % max_memos];
    memo = std::make_unique<Memo>(Memo{std::string(segment), json::value(object, json::storage_ptr()), {}});
    memo->finding = judge(*read_header(memo->object.get_object()));
  }

  std::optional<std::size_t> key_for(const HeaderFields& fields) const {
    const auto& entries = keys->entries();
    if (fields.has_kid && !fields.kid.empty()) {
      if (const auto found = keys->find(fields.kid)) return found;
    }
    if (expectations.kid_required || entries.size() != 1) return std::nullopt;
    if (fields.has_kid && !entries[0].key.kid.empty()) return std::nullopt;
    return 0;
  }

  HeaderFinding judge(const HeaderFields& fields) const {
    HeaderFinding finding{fields, {}, 0, true};
    finding.typ_fits = expectations.typ.empty() || same_media_type(fields.typ, expectations.typ);
    const auto algorithm = crypto::algorithm_named(fields.alg);
    const auto& allowed = expectations.algorithms;
    if (!algorithm || std::find(allowed.begin(), allowed.end(), *algorithm) == allowed.end()) {
      finding.reason = Reason::unsupported_algorithm;
    } else if (const auto key = key_for(fields); !key) {
      finding.reason = Reason::unknown_key;
    } else if (keys->entries()[*key].key.algorithm() != *algorithm) {
      finding.reason = Reason::unsupported_algorithm;
    } else {
      finding.key = *key;
    }
    return finding;
  }

  // A header that is not remembered: nothing where it is none.
  std::optional<HeaderFinding> read_and_judge(std::string_view segment) {
    const auto* object = parse(segment, header);
    const auto fields = object ? read_header(*object) : std::nullopt;
    if (!fields) return std::nullopt;
    return judge(*fields);
  }

  bool is_revoked(std::size_t key, base::Timestamp now) const {
    const auto& entry = keys->entries()[key];
    return entry.state == KeyState::revoked || (entry.verifies_until && now >= *entry.verifies_until);
  }

  bool signature_is_right(std::size_t key, const CompactToken& token, base::ByteView signature) {
    auto& context = contexts[key];
    if (!context) context.emplace(keys->entries()[key].key.material);
    return context->verify(token.signing_input, signature);
  }

  // RFC 7519 section 4.1 and RFC 8725 sections 3.8 to 3.12, once the signature is known to be right.
  std::optional<Reason> judge_claims(const json::object& object, const ClaimFields& fields, bool typ_fits,
                                     base::Timestamp now) const {
    const auto& e = expectations;
    const auto equals = [](const json::value* value, const std::string& wanted) {
      return value && value->is_string() && std::string_view(value->get_string()) == wanted;
    };
    if (!typ_fits || (!e.type.empty() && !equals(fields.type, e.type))) return Reason::wrong_type;
    if (e.issuer && !equals(fields.iss, *e.issuer)) return Reason::wrong_issuer;
    if (e.audiences && !audience_fits(fields.aud, *e.audiences)) return Reason::wrong_audience;
    const auto fits = [&](const RequiredClaim& required) { return claim_fits(object, required); };
    if (!fields.exp || !std::all_of(e.required.begin(), e.required.end(), fits)) return Reason::missing_claim;
    const auto instant = static_cast<double>(base::to_unix_millis(now));
    const auto leeway = static_cast<double>(e.leeway.count()) * 1000;
    if ((fields.nbf && *fields.nbf > instant + leeway) || (fields.iat && *fields.iat > instant + leeway)) {
      return Reason::not_yet_valid;
    }
    if (instant >= *fields.exp + leeway) return Reason::expired;
    return std::nullopt;
  }

  Verdict verify(std::string_view text, base::Timestamp now);

  std::shared_ptr<const KeySet> keys;
  Expectations expectations;
  std::vector<std::optional<crypto::Verifier>> contexts;  // one a key, made when it is first needed
  std::vector<std::unique_ptr<Memo>> memos;
  std::size_t oldest = 0;
  base::Bytes decoded;
  std::vector<unsigned char> pool = std::vector<unsigned char>(pool_bytes);
  json::monotonic_resource arena{pool.data(), pool.size()};
  std::optional<json::value> header, claims;  // in the arena: declared after it, gone before it
};

Verdict Verifier::State::verify(std::string_view text, base::Timestamp now) {
  header.reset(), claims.reset();
  arena.release();
  Verdict verdict;
  verdict.reason = Reason::malformed;
  const auto token = split_compact(text, expectations.max_bytes);
  if (!token) return verdict;
  if (decoded.size() < text.size()) decoded.resize(text.size());
  const Memo* memo = remembered(token->header);
  const auto finding = memo ? std::optional(memo->finding) : read_and_judge(token->header);
  if (!finding) return verdict;
  verdict.alg = finding->fields.alg, verdict.kid = finding->fields.kid;

  const auto* object = parse(token->payload, claims);
  const auto fields = object ? read_claims(*object) : std::nullopt;
  const auto signature = decode(token->signature, 0);
  if (!fields || !signature) return verdict;
  verdict.header = memo ? &memo->object.get_object() : &header->get_object();

  verdict.reason = finding->reason;
  if (verdict.reason) return verdict;
  if (is_revoked(finding->key, now)) {
    verdict.reason = Reason::revoked_key;
  } else if (!signature_is_right(finding->key, *token, *signature)) {
    verdict.reason = Reason::bad_signature;
  } else {
    if (memo == nullptr) remember(token->header, header->get_object());
    verdict.claims = object;
    if (fields->type && fields->type->is_string()) verdict.type = fields->type->get_string();
    verdict.reason = judge_claims(*object, *fields, finding->typ_fits, now);
  }
  return verdict;
}

Verifier::Verifier(std::shared_ptr<const KeySet> keys, Expectations expectations)
    : state_(std::make_unique<State>(std::move(keys), std::move(expectations))) {}
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;
Verifier::~Verifier() = default;
const Expectations& Verifier::expectations() const { return state_->expectations; }
Verdict Verifier::verify(std::string_view token, base::Timestamp now) { return state_->verify(token, now); }

std::optional<Inspection> inspect_token(std::string_view text, std::size_t max_bytes) {
  const auto token = split_compact(text, max_bytes);
  if (!token || !base::decode_base64url(token->signature)) return std::nullopt;
  const auto read = [](std::string_view segment) -> std::optional<json::value> {
    const auto bytes = base::decode_base64url(segment);
    auto value = bytes ? base::parse_json(base::text_of(*bytes)) : std::nullopt;
    if (!value || !value->is_object()) return std::nullopt;
    return value;
  };
  auto header = read(token->header), claims = read(token->payload);
  if (!header || !claims || !read_header(header->get_object())) return std::nullopt;
  return Inspection{std::move(header->get_object()), std::move(claims->get_object())};
}

}  // namespace authctl::token
