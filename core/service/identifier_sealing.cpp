#include "core/service/identifier_sealing.h"

#include "core/audit/query.h"
#include "core/audit/sealed_chain.h"
#include "core/audit/sealed_detail.h"
#include "core/service/change.h"
#include "core/service/sealed_values.h"
#include "core/store/data_key_repository.h"
#include "core/store/identifier_rows.h"
#include "core/store/paced_writing.h"

namespace authctl::service {
namespace {

using store::IdentifierState;

// In store_meta: the last entry of the log from before the sealing; whatever follows is written sealed.
constexpr std::string_view last_clear_entry = "audit_last_clear";

IdentifierReport seal_every_row(Realm& realm, const SealingProgress& progress) {
  IdentifierReport report;
  store::IdentifierRows rows(realm.db());
  const auto total = rows.total();
  if (realm.db().engine() == store::Engine::sqlite) realm.db().run_script("PRAGMA secure_delete=ON");
  store::PacedWriting writing(realm.db());
  writing.run(
      [&] {
        if (progress) progress(rows.seen(), total);
        realm.check_keys(store::key_epoch(realm.db()));
      },
      [&] { return rows.step(); });
  writing.sync();
  report.users = rows.users();
  report.roles = rows.roles();
  report.grants = rows.grants();
  return report;
}

// Entries of before, which tell what is sealed now.
void seal_log(Realm& realm, const SealingProgress& progress) {
  std::int64_t last = 0;
  const auto stored = store::find_meta(realm.db(), last_clear_entry);
  const std::int64_t total = stored ? store::parse_key_epoch(*stored) : 0;
  store::PacedWriting writing(realm.db());
  writing.run(
      [&] {
        if (progress) progress(last, total);
        realm.check_keys(store::key_epoch(realm.db()));
      },
      [&] {
        const auto reached = audit::seal_details_after(realm.db(), last, total, realm.random());
        last = reached.value_or(last);
        return reached.has_value();
      });
  writing.sync();
}

audit::Event event(base::json::object detail) {
  return {std::string(audit::sealing_action), {"store", "", ""}, audit::Outcome::success, std::move(detail)};
}

// Gives whether there is anything to do.
bool begin(Realm& realm, const Cause& cause) {
  return change(realm, cause, [&](Change& change) {
    const auto state = store::key_state(change.db()).identifiers;
    if (state == IdentifierState::clear) {
      store::set_identifier_state(change.db(), IdentifierState::converting);
      store::move_key_epoch(change.db());
      store::set_meta(change.db(), last_clear_entry,
                      base::bytes_of(std::to_string(audit::newest_seq(change.db()))));
      change.record(event({{"state", store::word_of(IdentifierState::converting)}}));
    }
    return state != IdentifierState::sealed;
  });
}

// From here on nothing in the clear is looked for.
void finish(Realm& realm, const Cause& cause, const IdentifierReport& report) {
  // No row of the log is sealed any more, and what is pruned meanwhile stays in the chain.
  const auto chain = audit::chain_of_sealed_rows(realm.db());
  change(realm, cause, [&](Change& change) {
    if (store::key_state(change.db()).identifiers != IdentifierState::converting) return;
    store::set_identifier_state(change.db(), IdentifierState::sealed);
    store::move_key_epoch(change.db());
    base::json::object detail{{"state", store::word_of(IdentifierState::sealed)},
                              {"users", report.users},
                              {"roles", report.roles},
                              {"grants", report.grants}};
    audit::put_chain(detail, chain);
    change.record(event(std::move(detail)));
  });
  realm.renew_keys();
  // What stood in the clear is gone from the pages (secure_delete) and, where nobody reads just now, from the
  // write-ahead log.
  if (realm.db().engine() == store::Engine::sqlite)
    realm.db().query("PRAGMA wal_checkpoint(TRUNCATE)")->next();
}

}  // namespace

IdentifierReport encrypt_identifiers(Realm& realm, const Cause& cause, const SealingProgress& progress) {
  if (!begin(realm, cause)) return {};
  if (cause.dry_run) {
    const auto counts = store::count_clear_rows(realm.db());
    return {true, counts.users, counts.roles, counts.grants};
  }
  realm.renew_keys();
  let_servers_follow();
  auto report = seal_every_row(realm, progress);
  seal_log(realm, progress);
  report.changed = true;
  finish(realm, cause, report);
  return report;
}

std::int64_t reseal_identifiers(Realm& realm, const SealingProgress& progress) {
  if (realm.db().fields() == nullptr) return 0;
  const auto report = seal_every_row(realm, progress);
  return report.users + report.roles + report.grants;
}

base::json::object identifiers_json(const IdentifierReport& report) {
  return {{"changed", report.changed},
          {"users", report.users},
          {"roles", report.roles},
          {"grants", report.grants}};
}

}  // namespace authctl::service
