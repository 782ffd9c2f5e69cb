#include "tests/support/realms.h"

#include "core/audit/log_key.h"

namespace authctl::test {

TestRealm::TestRealm(store::Engine engine)
    : store_(engine),
      clock_(base::from_unix_seconds(1'767'225'600)),
      key_(crypto::make_sealing_key(random_)) {
  realm_ = over(store_.release());
  store::Transaction transaction(db());
  audit::create_log(db(), realm_->sealer(), random_);
  transaction.commit();
}

service::Cause TestRealm::cause() const {
  service::Cause cause;
  cause.actor = "os:tester";
  return cause;
}

std::unique_ptr<service::Realm> TestRealm::another() { return over(store_.connect()); }

std::unique_ptr<service::Realm> TestRealm::over(std::unique_ptr<store::Database> db) {
  return std::make_unique<service::Realm>(std::move(db), crypto::Sealer(key_.clone()), clock_, random_);
}

std::vector<std::string> logged_actions(store::Database& db) {
  std::vector<std::string> actions;
  const auto rows = db.query("SELECT action FROM audit_entry ORDER BY seq");
  while (rows->next()) actions.push_back(rows->string(0));
  return actions;
}

}  // namespace authctl::test
