#include "core/service/change.h"

#include "core/audit/log.h"
#include "core/service/alerts.h"
#include "core/service/commit_queue.h"

namespace authctl::service {

base::Timestamp Change::move_past_log() {
  return now_ = base::later_of(now_, realm_.log().latest() + base::tick);
}

void run_change(Realm& realm, const Cause& cause, const std::function<void(Change&)>& work) {
  if (!realm.alert_sink() || cause.dry_run) return realm.commits().run(realm, cause, work);
  std::vector<std::string> alerts;
  realm.commits().run(realm, cause, [&](Change& change) {
    work(change);
    alerts = alerts_of(change);
  });
  if (!alerts.empty()) realm.alert_sink()(std::move(alerts));
}

}  // namespace authctl::service
