#include "core/service/triage.h"

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/json_or_null.h"

namespace authctl::service {
namespace {

constexpr std::size_t most_places = 3;
constexpr std::size_t read_at_once = std::size_t{256} << 10;

// One finding for each secret.
class Collection {
 public:
  Collection(Realm& realm, const TriageRequest& request)
      : judge_(realm, request.idle),
        living_(request.most_of_each),
        ciphertexts_(request.most_of_each),
        dead_(request.most_of_each) {}

  std::size_t take(const Leak& leak) {
    const auto known = [&](const crypto::Digest& digest) { return by_digest_.contains(digest); };
    auto judgement = judge_.judge(leak, known);
    if (!judgement) return 0;
    const auto digest = judgement->finding.digest;
    const auto place = leak.place_of(judgement->length);
    if (const auto seen = by_digest_.find(digest); seen != by_digest_.end()) {
      auto& finding = findings_[seen->second];
      ++finding.count;
      if (finding.places.size() < most_places) finding.places.push_back(place);
    } else if (auto& room = room_for(judgement->finding); room == 0) {
      ++(judgement->finding.lives() ? untold_living_ : untold_);
    } else {
      --room;
      by_digest_.emplace(digest, findings_.size());
      findings_.push_back(std::move(judgement->finding));
      findings_.back().places.push_back(place);
    }
    return judgement->taken;
  }

  void finish(TriageReport& report) {
    for (auto& finding : findings_) std::ranges::sort(finding.places, {}, &LeakPlace::offset);
    const auto rank = [](const LeakFinding& f) { return f.lives() ? 0 : f.works ? 2 : 1; };
    std::ranges::sort(findings_, [&](const auto& a, const auto& b) {
      return std::pair(rank(a), a.places[0].offset) < std::pair(rank(b), b.places[0].offset);
    });
    report.findings = std::move(findings_);
    report.untold = untold_;
    report.untold_living = untold_living_;
    if (untold_ != 0)
      report.notices.push_back(std::to_string(untold_) + " more that do not work are not listed");
    if (untold_living_ != 0)
      report.notices.push_back(std::to_string(untold_living_) +
                               " more that work are not listed: end these, then run it again");
    if (const auto left_out = judge_.codes_left_out(); left_out != 0)
      report.notices.push_back(std::to_string(left_out) +
                               " texts look like backup codes and were not tried: too many users have some");
  }

 private:
  std::size_t& room_for(const LeakFinding& finding) {
    if (!finding.lives()) return dead_;
    return finding.kind == LeakKind::fernet_token ? ciphertexts_ : living_;
  }

  LeakJudge judge_;
  std::vector<LeakFinding> findings_;
  std::map<crypto::Digest, std::size_t> by_digest_;
  std::size_t living_, ciphertexts_, dead_;  // room left
  std::uint64_t untold_ = 0, untold_living_ = 0;
};

std::string fingerprint_of(const LeakFinding& finding) {
  return base::encode_hex(base::ByteView(finding.digest).first(8));
}

std::string verdict_of(const LeakFinding& finding) {
  if (finding.revoked) return "ended";
  if (finding.lives()) return finding.works == true ? "WORKS" : "WILL WORK";
  return finding.works ? "dead" : "unknown";
}

std::string places_of(const LeakFinding& finding) {
  std::string text;
  for (const auto& place : finding.places)
    text += (text.empty() ? "line " : ", ") + std::to_string(place.line) + " (byte " +
            std::to_string(place.offset) + ")";
  if (finding.count > finding.places.size())
    text += ", and " + std::to_string(finding.count - finding.places.size()) + " more";
  return text;
}

std::string draw(const LeakFinding& finding) {
  constexpr std::size_t column = 11, width = 80;
  const std::string next = "\n" + std::string(column, ' ');
  auto head = verdict_of(finding);
  head.resize(column, ' ');
  std::string text = head + std::string(word_of(finding.kind));
  text += " " + (finding.name.empty() ? fingerprint_of(finding) : finding.name);
  if (!finding.reason.empty() && !finding.revoked) text += ": " + finding.reason;
  std::size_t taken = width;
  const auto say = [&](std::string_view what, const std::optional<std::string>& name) {
    if (!name) return;
    const auto size = what.size() + name->size() + 2;
    const bool here = taken + size <= width;
    text += (here ? ", " : next) + std::string(what) + *name;
    taken = (here ? taken : column) + size;
  };
  say("user ", finding.user);
  say("client ", finding.client);
  if (finding.issued_at) say("since ", base::to_rfc3339(*finding.issued_at));
  if (finding.kid) text += next + "key " + *finding.kid;
  text += next + places_of(finding);
  if (!finding.hint.empty()) text += next + "> " + finding.hint;
  return text + "\n";
}

}  // namespace

std::size_t TriageReport::living() const {
  return static_cast<std::size_t>(std::ranges::count_if(findings, [](const auto& f) { return f.lives(); }));
}

TriageReport triage(Realm& realm, base::ByteSource& source, const TriageRequest& request) {
  Collection collection(realm, request);
  credential::LeakScan scan([&](const Leak& leak) { return collection.take(leak); });
  std::string block(read_at_once, '\0');
  while (const auto count = source.read({block.data(), block.size()})) {
    if (request.interrupted && request.interrupted())
      throw base::Error(base::ErrorCode::interrupted, "interrupted; nothing was changed");
    scan.feed(std::string_view(block).substr(0, count));
    if (request.progress) request.progress(scan.bytes(), source.total());
  }
  scan.finish();
  TriageReport report;
  report.bytes = scan.bytes();
  collection.finish(report);
  return report;
}

base::json::object leak_json(const LeakFinding& finding) {
  base::json::array places;
  for (const auto& place : finding.places)
    places.push_back(
        base::json::object{{"offset", place.offset}, {"line", place.line}, {"form", word_of(place.form)}});
  return {{"kind", word_of(finding.kind)},
          {"works", finding.works ? base::json::value(*finding.works) : base::json::value()},
          {"reason", base::filled_or_null(finding.reason)},
          {"name", base::filled_or_null(finding.name)},
          {"fingerprint", fingerprint_of(finding)},
          {"user", base::filled_or_null(finding.user.value_or(""))},
          {"client", base::filled_or_null(finding.client.value_or(""))},
          {"kid", base::filled_or_null(finding.kid.value_or(""))},
          {"issued_at", base::or_null(finding.issued_at)},
          {"expires_at", base::or_null(finding.expires_at)},
          {"count", finding.count},
          {"places", std::move(places)},
          {"revoked", finding.revoked},
          {"hint", base::filled_or_null(finding.hint)}};
}

std::string draw_triage(const TriageReport& report) {
  std::string text;
  std::size_t unknown = 0;
  for (const auto& finding : report.findings) {
    text += draw(finding);
    if (!finding.works) ++unknown;
  }
  const auto living = report.living() + report.untold_living;
  return text + std::to_string(report.findings.size() + report.untold + report.untold_living) + " found, " +
         std::to_string(living) + " still work" + (living == 1 ? "s" : "") +
         (unknown == 0 ? "" : ", " + std::to_string(unknown) + " unknown") + "\n";
}

}  // namespace authctl::service
