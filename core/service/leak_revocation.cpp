// The other half of core/service/triage.h: ending what still works. A few to a change, so that nobody else
// waits long; stopped halfway, the next run goes on with what is left.
#include <algorithm>

#include "core/base/shell_word.h"
#include "core/service/clients.h"
#include "core/service/sessions.h"
#include "core/service/tokens.h"
#include "core/service/triage.h"
#include "core/store/factor_repository.h"
#include "core/store/one_time_repository.h"

namespace authctl::service {
namespace {

constexpr std::size_t in_one_change = 100;

bool end_token(Change& c, LeakFinding& finding) {
  if (finding.token->jti.empty()) {
    finding.hint = "authctl token revoke --kid " + base::shell_word(finding.token->kid);
    return false;
  }
  revoke_token(c, *finding.token);
  return true;
}

bool end_one_time(Change& c, const LeakFinding& finding) {
  store::OneTimeRepository secrets(c.db());
  const bool ended = finding.kind == LeakKind::mfa_token ? secrets.use_challenge(finding.digest, c.now())
                                                         : secrets.use_reset(finding.digest, c.now());
  if (ended)
    c.record({"token.revoke",
              {"user", finding.user_id, finding.user.value_or("")},
              audit::Outcome::success,
              {{"kind", word_of(finding.kind)}}});
  return true;  // used or over meanwhile, it works no more either
}

bool end_code(Change& c, const LeakFinding& finding) {
  if (store::use_backup_code(c.db(), finding.user_id, finding.mac, c.now()))
    c.record({"backup-code.revoke",
              {"user", finding.user_id, finding.user.value_or("")},
              audit::Outcome::success,
              {}});
  return true;
}

bool end_leaked_session(Change& c, const LeakFinding& finding) {
  if (const auto session = store::SessionRepository(c.db()).find(finding.session_id))
    end_session(c, *session, "session.revoke", "leaked");
  return true;
}

bool end_secret(Change& c, LeakFinding& finding) {
  end_client_secret(c, finding.digest);
  finding.hint = "authctl client rotate-secret " + finding.client_id;
  return true;
}

bool end_leak(Change& c, LeakFinding& finding) {
  switch (finding.kind) {
    case LeakKind::jwt:
      return end_token(c, finding);
    case LeakKind::refresh_token:
      return end_leaked_session(c, finding);
    case LeakKind::client_secret:
      return end_secret(c, finding);
    case LeakKind::backup_code:
      return end_code(c, finding);
    case LeakKind::mfa_token:
    case LeakKind::reset_token:
      return end_one_time(c, finding);
    default:
      return false;
  }
}

}  // namespace

void revoke_leaks(Realm& realm, const Cause& cause, TriageReport& report) {
  auto& findings = report.findings;
  // Those that live stand in front.
  const auto end = std::ranges::find_if_not(findings, &LeakFinding::lives);
  for (auto next = findings.begin(); next != end;) {
    const auto last = next + std::min<std::ptrdiff_t>(in_one_change, end - next);
    std::vector<bool> ended;
    run_change(realm, cause, [&](Change& c) {
      ended.clear();
      std::transform(next, last, std::back_inserter(ended),
                     [&](auto& finding) { return end_leak(c, finding); });
    });
    for (std::size_t i = 0; next != last; ++next, ++i) {
      if (!ended[i]) continue;
      next->works = false;
      next->to_come = false;
      next->revoked = true;
      next->reason = "revoked";
    }
  }
}

}  // namespace authctl::service
