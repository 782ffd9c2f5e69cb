#include "core/server/recognition.h"

#include "core/service/token_check.h"

namespace authctl::server {
namespace {

token::Expectations expectations_of(const Config& config) {
  token::Expectations wanted;
  wanted.issuer = config.issuer;
  wanted.audiences = config.audiences;
  wanted.type = "access";
  wanted.typ = "at+jwt";
  return wanted;
}

std::string text_claim(const base::json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

// Names of users and roles hold neither commas nor line ends.
std::string lines_of(const Caller& caller) {
  std::string lines = "X-Auth-User: " + caller.user_name + "\r\nX-Auth-Roles: ";
  for (const auto& role : caller.roles) {
    if (&role != &caller.roles.front()) lines += ',';
    lines += role;
  }
  return lines + "\r\n";
}

// When an assignment ends the answer is another one.
base::Timestamp end_of(const service::Standing& standing, base::Timestamp expires_at, base::Timestamp now) {
  auto end = expires_at;
  for (const auto& assignment : standing.subject.assignments)
    if (assignment.expires_at && *assignment.expires_at > now) end = std::min(end, *assignment.expires_at);
  return end;
}

void fill(Recognition& found, const service::TokenSubject& subject, const base::json::object& claims,
          std::shared_ptr<const service::Standing> standing, base::Timestamp now) {
  Caller caller{standing->user_id, standing->user_name,        text_claim(claims, "sid"),
                subject.jti,       roles_held(*standing, now), {}};
  caller.lines = lines_of(caller);
  found.caller = std::make_shared<const Caller>(std::move(caller));
  found.until = end_of(*standing, subject.expires_at, now);
  found.standing = std::move(standing);
}

}  // namespace

Recognition recognize(std::string_view token, Work& work) {
  auto& knowledge = work.site.knowledge;
  Recognition found;
  found.key_epoch = knowledge.key_epoch();
  token::Verifier verifier(service::trusted_keys(work.realm, work.now), expectations_of(work.config));
  const auto verdict = verifier.verify(token, work.now);
  const auto subject = service::subject_of(verdict);
  if (!verdict.ok() || !subject) return {};
  found.user_epoch = knowledge.user_epoch(subject->sub);  // before the store is read
  if (service::store_refusal(work.realm, *subject, work.now)) return {};
  auto read = service::standing_of(work.realm.db(), subject->sub, work.now);
  if (!read) return {};
  auto standing = std::make_shared<const service::Standing>(std::move(*read));
  knowledge.keep(standing, found.user_epoch);
  if (!standing->subject.active) return {};
  fill(found, *subject, *verdict.claims, std::move(standing), work.now);
  return found;
}

bool is_allowed(const service::Standing& standing, std::string_view permission, std::string_view resource,
                base::Timestamp now) {
  service::Question question{service::Permission(permission), {}};
  if (!resource.empty()) question.resource = service::Resource(resource);
  return service::decide(standing, question, now).allowed;
}

namespace {
constexpr unsigned questions_a_tick = 20;  // about keys that are not known here
constexpr std::size_t decided_slots = 1024;
constexpr std::size_t seen_slots = 4096;  // a power of two; each token has two places

std::size_t place_of(const crypto::KeyedHash::Digest& digest) {
  std::size_t at = 0;
  std::copy_n(digest.begin(), sizeof at, reinterpret_cast<std::uint8_t*>(&at));
  return at;
}
}  // namespace

Recognizer::Recognizer(const Knowledge& knowledge, Metrics& metrics, base::Random& random)
    : knowledge_(knowledge), hash_(random), seen_(seen_slots), decided_(decided_slots), metrics_(metrics) {}

Recognizer::Seen* Recognizer::find(const crypto::KeyedHash::Digest& digest) {
  const auto at = place_of(digest) & (seen_slots - 1);
  for (auto* seen : {&seen_[at], &seen_[at ^ 1]})
    if (seen->caller && seen->digest == digest) return seen;
  return nullptr;
}

Recognizer::Seen& Recognizer::place_for(const crypto::KeyedHash::Digest& digest) {
  const auto at = place_of(digest) & (seen_slots - 1);
  auto &first = seen_[at], &second = seen_[at ^ 1];
  if (!first.caller || first.digest == digest) return first;
  if (!second.caller || second.digest == digest) return second;
  return (digest.back() & 1) != 0 ? first : second;
}

Recognizer::Answer Recognizer::recognize(std::string_view token, const Config& config, base::Timestamp now,
                                         std::chrono::steady_clock::time_point tick, Recognition& found) {
  if (!knowledge_.is_fresh(tick)) return ++metrics_.tokens_asked, Answer::ask_store;
  const auto digest = hash_(token);
  if (auto* seen = find(digest)) {
    const bool holds = seen->key_epoch == knowledge_.key_epoch() && seen->config == config.generation &&
                       seen->user_epoch == knowledge_.user_epoch(seen->caller->user_id) && now < seen->until;
    if (holds && !knowledge_.is_revoked(seen->caller->jti)) {
      ++metrics_.tokens_seen_before;
      found = *seen;
      return Answer::known;
    }
    *seen = Seen{};
  }
  const auto answer = judge(token, config, now, tick, found);
  if (answer == Answer::known) {
    ++metrics_.tokens_first_sight;
    auto& place = place_for(digest);
    static_cast<Recognition&>(place) = found;
    place.digest = digest;
    place.config = config.generation;
  } else {
    ++(answer == Answer::refused ? metrics_.tokens_refused : metrics_.tokens_asked);
  }
  return answer;
}

// The answer changes with the standing, or when an assignment ends.
bool Recognizer::allows(const Recognition& found, std::string_view permission, std::string_view resource,
                        base::Timestamp now) {
  question_.assign(found.standing->user_id)
      .append(1, '\0')
      .append(permission)
      .append(1, '\0')
      .append(resource);
  const auto digest = hash_(question_);
  auto& decided = decided_[place_of(digest) & (decided_slots - 1)];
  if (decided.standing == found.standing && decided.digest == digest && now < decided.until)
    return decided.allowed;
  const bool allowed = is_allowed(*found.standing, permission, resource, now);
  decided = {digest, found.standing, end_of(*found.standing, base::Timestamp::max(), now), allowed};
  return allowed;
}

void Recognizer::keep(std::string_view token, const Config& config, Recognition recognition) {
  if (!recognition.caller) return;
  const auto digest = hash_(token);
  auto& place = place_for(digest);
  static_cast<Recognition&>(place) = std::move(recognition);
  place.digest = digest;
  place.config = config.generation;
}

token::Verifier& Recognizer::verifier(const Config& config) {
  const auto epoch = knowledge_.key_epoch();
  if (!verifier_ || epoch != key_epoch_ || config.generation != config_) {
    keys_ = knowledge_.keys();
    verifier_.emplace(keys_->keys, expectations_of(config));
    key_epoch_ = epoch;
    config_ = config.generation;
  }
  return *verifier_;
}

// A key may be so new that the feed has not seen it. Strangers cannot send many such questions to the store.
bool Recognizer::may_ask_about_key(std::chrono::steady_clock::time_point tick) {
  if (tick != asked_about_key_) questions_ = 0;
  asked_about_key_ = tick;
  return ++questions_ <= questions_a_tick;
}

Recognizer::Answer Recognizer::judge(std::string_view token, const Config& config, base::Timestamp now,
                                     std::chrono::steady_clock::time_point tick, Recognition& found) {
  const auto verdict = verifier(config).verify(token, now);
  if (verdict.reason == token::Reason::unknown_key && may_ask_about_key(tick)) return Answer::ask_store;
  if (!verdict.ok()) return Answer::refused;
  found.key_epoch = key_epoch_;
  return judge_subject(verdict, now, found);
}

// Of a token only the second is known in which it was issued; what happened within that second the store has
// to say.
Recognizer::Answer Recognizer::judge_subject(const token::Verdict& verdict, base::Timestamp now,
                                             Recognition& found) {
  constexpr std::chrono::seconds second{1};
  const auto subject = service::subject_of(verdict);
  if (!subject || knowledge_.is_revoked(subject->jti)) return Answer::refused;
  const auto first = subject->issued_at, last = first + second;
  for (const auto& cutoff : keys_->cutoffs)
    if (cutoff.kid == subject->kid && cutoff.from < last && cutoff.until >= first) return Answer::ask_store;
  auto kept = knowledge_.standing(subject->sub);
  if (!kept) return Answer::ask_store;
  const auto valid_from = kept->standing->tokens_valid_from;
  if (valid_from > first && valid_from < last) return Answer::ask_store;
  if (!kept->standing->subject.active || valid_from > first) return Answer::refused;
  found.user_epoch = kept->epoch;
  fill(found, *subject, *verdict.claims, std::move(kept->standing), now);
  if (keys_->changes_at) found.until = std::min(found.until, *keys_->changes_at);
  return Answer::known;
}

}  // namespace authctl::server
