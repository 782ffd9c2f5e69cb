#include "core/service/audit_trail.h"

#include <sstream>

#include "core/audit/proof.h"
#include "core/base/error.h"
#include "tests/support/realms.h"

using namespace authctl;
using base::Error;

namespace {

void write(test::TestRealm& test, const std::string& name) {
  test.clock().advance(std::chrono::minutes(1));
  auto cause = test.cause();
  cause.ip = "203.0.113.9";
  service::change(test.realm(), cause, [&](service::Change& change) {
    change.record({.action = "user.create", .target = {"user", "id-" + name, name}});
  });
}

std::vector<base::json::object> all(const service::NextObject& next) {
  std::vector<base::json::object> rows;
  while (auto row = next()) rows.push_back(std::move(*row));
  return rows;
}

}  // namespace

TEST_CASE("who looks behind the mask is in the log, and does not see that entry") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write(test, "ann@example.com");
  service::AuditRequest request;
  CHECK(all(service::query_audit(test.realm(), test.cause(), request)).front().at("ip") == "203.0.***.***");
  CHECK(test::logged_actions(test.db()) == std::vector<std::string>{"user.create"});
  request.reveal = true;
  const auto rows = all(service::query_audit(test.realm(), test.cause(), request));
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().at("ip") == "203.0.113.9");
  CHECK(rows.front().at("target").at("name") == "ann@example.com");
  CHECK(test::logged_actions(test.db()) == std::vector<std::string>{"user.create", "audit.reveal"});
  CHECK_THROWS_AS(service::query_audit(test.realm(), test.dry_run(), request), Error);
}

TEST_CASE("a query without a limit gives every entry") {
  test::TestRealm test(GENERATE(test::each_engine()));
  for (int i = 0; i < 140; ++i) write(test, "user" + std::to_string(i));
  service::AuditRequest request;
  CHECK(all(service::query_audit(test.realm(), test.cause(), request)).size() == 140);
  request.action = "user.*";
  CHECK(all(service::query_audit(test.realm(), test.cause(), request)).size() == 140);
  request.limit = 3;
  CHECK(all(service::query_audit(test.realm(), test.cause(), request)).size() == 3);
}

TEST_CASE("times of a query are points or durations, and nothing else") {
  const auto now = test::new_year;
  CHECK(service::parse_audit_time("24h", now) == now - std::chrono::hours(24));
  CHECK(service::parse_audit_time("60", now) == now - std::chrono::seconds(60));
  CHECK(service::parse_audit_time("2025-12-31T00:00:00Z", now) == now - std::chrono::hours(24));
  CHECK(service::parse_audit_time("99999999999", now) == base::Timestamp{});
  CHECK_THROWS_AS(service::parse_audit_time("yesterday", now), Error);
  test::TestRealm test;
  service::AuditRequest request;
  request.outcome = "fine";
  CHECK_THROWS_AS(service::query_audit(test.realm(), test.cause(), request), Error);
}

TEST_CASE("a follower sees each new entry once") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write(test, "before");
  service::AuditFollower follower(test.realm(), test.cause(), false);
  std::vector<std::string> seen;
  const auto poll = [&] {
    follower.poll([&](const base::json::object& entry) {
      seen.push_back(std::string(entry.at("target").at("name").as_string()));
    });
  };
  poll();
  CHECK(seen.empty());
  write(test, "one");
  write(test, "two");
  poll();
  poll();
  write(test, "three");
  poll();
  CHECK(seen == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("an export holds every entry once, oldest first, in each format") {
  test::TestRealm test(GENERATE(test::each_engine()));
  for (const char* name : {"one", "two\r\nthree", "four"}) write(test, name);
  std::ostringstream jsonl, csv, cef, later;
  service::export_audit(test.realm(), test.cause(), {service::AuditFormat::jsonl, "", false}, jsonl);
  std::istringstream lines(jsonl.str());
  std::int64_t seq = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto entry = base::parse_json(line);
    REQUIRE(entry);
    CHECK(entry->at("seq") == ++seq);
  }
  CHECK(seq == 3);
  service::export_audit(test.realm(), test.cause(), {service::AuditFormat::csv, "", false}, csv);
  CHECK(csv.str().starts_with("seq,time,actor,"));
  service::export_audit(test.realm(), test.cause(), {service::AuditFormat::cef, "", false}, cef);
  CHECK(std::ranges::count(cef.str(), '\n') == 3);
  service::export_audit(test.realm(), test.cause(), {service::AuditFormat::jsonl, "30s", true}, later);
  CHECK(std::ranges::count(later.str(), '\n') == 1);
  CHECK(test::logged_actions(test.db()).back() == "audit.reveal");
}

TEST_CASE("a proof can be checked with its record, path and checkpoint alone") {
  test::TestRealm test(GENERATE(test::each_engine()));
  for (int i = 0; i < 6; ++i) write(test, "user-" + std::to_string(i));
  const auto key = audit::parse_verifier_key(service::audit_checkpoint(test.realm()).public_key);
  REQUIRE(key);
  const auto proof = service::prove_audit_entry(test.realm(), test.cause(), 4);
  const auto leaf = audit::hash_leaf(base::bytes_of(proof.at("record").as_string()));
  audit::Proof path;
  for (const auto& text : proof.at("path").as_array()) {
    const auto bytes = base::decode_base64(text.as_string());
    std::copy(bytes->begin(), bytes->end(), path.emplace_back().begin());
  }
  const std::string checkpoint(proof.at("checkpoint").as_string());
  const auto note = audit::parse_note(checkpoint);
  REQUIRE(note);
  CHECK(audit::verify_note(*note, *key));
  CHECK(audit::verify_inclusion(3, note->checkpoint.size, leaf, path, note->checkpoint.root));
  // It shows an address, so it is an entry.
  CHECK(test::logged_actions(test.db()).back() == "audit.reveal");
}

TEST_CASE("a prune is an entry itself, and what it says adds up") {
  test::TestRealm test(GENERATE(test::each_engine()));
  for (int i = 0; i < 5; ++i) write(test, "user-" + std::to_string(i));
  const auto before = test.clock().now();
  const auto dry = service::prune_audit(test.realm(), test.dry_run(), before);
  const auto done = service::prune_audit(test.realm(), test.cause(), before);
  CHECK(base::json::serialize(dry) == base::json::serialize(done));
  CHECK(done.at("pruned") == 4);
  CHECK(done.at("size") == 6);
  CHECK(test::logged_actions(test.db()) == std::vector<std::string>{"user.create", "audit.prune"});
  const auto again = service::prune_audit(test.realm(), test.cause(), before);
  CHECK(again.at("pruned") == 0);
  CHECK(test::logged_actions(test.db()).size() == 2);
  audit::VerifyRequest request;
  request.sealer = &test.realm().sealer();
  const auto json = service::verification_json(audit::verify_log(test.db(), request));
  CHECK(json.at("verdict") == "intact");
  CHECK(json.at("pruned") == 4);
}

TEST_CASE("a store that fails at any call leaves the log as it was") {
  test::TestRealm test;
  write(test, "one");
  test::fail_at_every_call(test, [&] {
    service::change(test.realm(), test.cause(), [](service::Change& change) {
      change.record({.action = "user.create", .target = {"user", "id", "name"}});
      change.record({.action = "role.grant", .target = {"role", "id", "name"}});
    });
  });
  test.clock().advance(std::chrono::minutes(1));
  test::fail_at_every_call(test,
                           [&] { service::prune_audit(test.realm(), test.cause(), test.clock().now()); });
  audit::VerifyRequest request;
  request.sealer = &test.realm().sealer();
  CHECK(audit::verify_log(test.db(), request).verdict == audit::LogVerdict::intact);
}
