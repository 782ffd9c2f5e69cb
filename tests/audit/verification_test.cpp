#include "core/audit/verification.h"

#include "core/audit/block_index.h"
#include "core/audit/query.h"

#include <cstdlib>
#include <random>

#include "core/audit/proof.h"
#include "core/base/error.h"
#include "core/service/change.h"
#include "tests/support/realms.h"

using namespace authctl;
using audit::LogVerdict;

namespace {

constexpr std::int64_t rows_written = 40;

void write_entries(test::TestRealm& test, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    auto cause = test.cause();
    cause.reason = i % 3 == 0 ? "" : "ticket " + std::to_string(i);
    cause.ip = i % 4 == 0 ? "" : "203.0.113." + std::to_string(i);
    test.clock().advance(std::chrono::minutes(1));
    service::change(test.realm(), cause, [&](service::Change& change) {
      change.record({.action = i % 2 == 0 ? "user.create" : "role.grant",
                     .target = {"user", "id-" + std::to_string(i), "name-" + std::to_string(i)},
                     .outcome = i % 5 == 0 ? audit::Outcome::denied : audit::Outcome::success,
                     .detail = {{"n", i}}});
    });
  }
}

audit::Verification verify(test::TestRealm& test, std::optional<std::string> checkpoint = std::nullopt) {
  audit::VerifyRequest request;
  request.sealer = &test.realm().sealer();
  request.checkpoint = std::move(checkpoint);
  return audit::verify_log(test.db(), request);
}

audit::Verification verify_with_public_key(test::TestRealm& test, const audit::VerifierKey& key) {
  audit::VerifyRequest request;
  request.public_key = key;
  return audit::verify_log(test.db(), request);
}

std::int64_t prune(test::TestRealm& test, base::Timestamp before) {
  return service::change(test.realm(), test.cause(), [&](service::Change& change) {
    const auto pruned = test.realm().log().prune(change.db(), before, change.now());
    if (pruned > 0) change.record({.action = "audit.prune", .detail = {{"entries", pruned}}});
    return pruned;
  });
}

// What an attacker can do who writes the table but lacks the key.
void hash_anew(store::Database& db, std::int64_t seq) {
  audit::Hash leaf;
  {
    const auto rows =
        db.query("SELECT " + std::string(audit::entry_columns) + " FROM audit_entry WHERE seq = $1", {seq});
    REQUIRE(rows->next());
    std::string record;
    audit::write_record(audit::read_entry(*rows), record);
    leaf = audit::hash_leaf(base::bytes_of(record));
  }
  db.execute("UPDATE audit_entry SET leaf = $1 WHERE seq = $2", {base::ByteView(leaf), seq});
}

audit::Frontier tree_of_rows(store::Database& db) {
  audit::Frontier frontier;
  const auto rows = db.query("SELECT leaf FROM audit_entry ORDER BY seq");
  while (rows->next()) {
    audit::Hash leaf;
    std::copy_n(rows->blob(0).begin(), leaf.size(), leaf.begin());
    frontier.append(leaf);
  }
  return frontier;
}

// The head over the rows as they are now, signed by `signer`.
void sign_anew(store::Database& db, const crypto::Ed25519Signer& signer) {
  const auto frontier = tree_of_rows(db);
  const auto key = audit::read_verifier_key(db);
  const std::string note = audit::format_note({key->name, frontier.size(), frontier.root()}, signer);
  db.execute("UPDATE audit_head SET size = $1, frontier = $2, note = $3",
             {static_cast<std::int64_t>(frontier.size()), frontier.bytes(), note});
}

// The log as it was, to go back to after each tampering.
class Pristine {
 public:
  explicit Pristine(store::Database& db) : db_(db) {
    for (const auto* table : {"audit_entry", "audit_head", "store_meta"}) {
      db_.run_script("CREATE TEMPORARY TABLE pristine_" + std::string(table) + " AS SELECT * FROM " + table);
    }
  }
  void restore() {
    db_.begin();
    for (const auto* table : {"audit_entry", "audit_head", "store_meta"}) {
      const std::string name(table);
      db_.run_script("DELETE FROM " + name + "; INSERT INTO " + name + " SELECT * FROM pristine_" + name);
    }
    db_.commit();
  }

 private:
  store::Database& db_;
};

struct Tampering {
  std::string what;
  LogVerdict expected;
  std::optional<std::int64_t> seq;  // where it must be found
};

std::string any_column(std::mt19937& random) {
  static const std::vector<std::string> columns{
      "actor", "action", "target_kind", "target_id", "target_name", "outcome", "ip", "reason", "detail"};
  return columns[random() % columns.size()];
}

void edit(store::Database& db, std::mt19937& random, std::int64_t seq) {
  switch (random() % 4) {
    case 0:
      db.execute("UPDATE audit_entry SET time = time + 1 WHERE seq = $1", {seq});
      break;
    case 1:
      db.execute("UPDATE audit_entry SET actor = 'os:mallory' WHERE seq = $1", {seq});
      break;
    default: {
      const std::string column = any_column(random);
      db.execute("UPDATE audit_entry SET " + column + " = coalesce(" + column + ", '') || ' ' WHERE seq = $1",
                 {seq});
    }
  }
}

// A row between two others, and room made for it, as if the log had always been one entry longer.
Tampering insert_before(store::Database& db, std::int64_t seq) {
  for (auto i = rows_written; i >= seq; --i)
    db.execute("UPDATE audit_entry SET seq = $1 WHERE seq = $2", {i + 1, i});
  const auto model = seq > 1 ? seq - 1 : seq + 1;
  db.execute(
      "INSERT INTO audit_entry SELECT $1, time, actor, action, target_kind, target_id, target_name, outcome, "
      "ip, reason, detail, leaf, mac FROM audit_entry WHERE seq = $2",
      {seq, model});
  hash_anew(db, seq);
  return {"insert", LogVerdict::altered, seq > 1 ? seq : 2};  // in the first place stands what stood there
}

Tampering tamper(store::Database& db, std::mt19937& random) {
  const auto seq = static_cast<std::int64_t>(random() % rows_written) + 1;
  switch (random() % 14) {
    case 13:
      return insert_before(db, seq);
    case 0:
    case 1:
      edit(db, random, seq);
      return {"edit", LogVerdict::altered, seq};
    case 2:
      edit(db, random, seq);
      hash_anew(db, seq);
      return {"edit and hash anew", LogVerdict::altered, seq};
    case 3: {
      edit(db, random, seq);
      hash_anew(db, seq);
      const auto tree = tree_of_rows(db);
      db.execute("UPDATE audit_head SET frontier = $1", {tree.bytes()});
      return {"rehash without the key", LogVerdict::altered, std::nullopt};
    }
    case 4:
      db.execute("DELETE FROM audit_entry WHERE seq = $1", {seq});
      return {"delete", seq == rows_written ? LogVerdict::truncated : LogVerdict::altered, seq};
    case 5: {
      const auto other = seq % rows_written + 1;
      db.execute("UPDATE audit_entry SET seq = 1000 WHERE seq = $1", {seq});
      db.execute("UPDATE audit_entry SET seq = $1 WHERE seq = $2", {seq, other});
      db.execute("UPDATE audit_entry SET seq = $1 WHERE seq = 1000", {other});
      return {"swap", LogVerdict::altered, std::min(seq, other)};
    }
    case 6: {
      db.execute(
          "INSERT INTO audit_entry SELECT $1, time, actor, action, target_kind, target_id, target_name, "
          "outcome, "
          "ip, reason, detail, leaf, mac FROM audit_entry WHERE seq = $2",
          {rows_written + 1, seq});
      hash_anew(db, rows_written + 1);
      return {"append by hand", LogVerdict::altered, rows_written + 1};
    }
    case 7:
      db.execute("DELETE FROM audit_entry WHERE seq >= $1", {seq});
      return {"tail cut", LogVerdict::truncated, seq};
    case 8:
      db.execute("DELETE FROM audit_entry");
      return {"whole cut", LogVerdict::truncated, 1};
    case 9: {
      const char* sql[] = {"UPDATE audit_head SET size = size - 1",
                           "UPDATE audit_head SET note = note || ' '",
                           "DELETE FROM audit_head",
                           "UPDATE audit_head SET latest = latest + 1",
                           "UPDATE audit_head SET latest = 0",
                           "UPDATE audit_head SET note = replace(note, 'A', 'B')"};
      db.execute(sql[random() % 6]);
      return {"head", LogVerdict::altered, std::nullopt};
    }
    case 10: {
      edit(db, random, seq);
      hash_anew(db, seq);
      base::SystemRandom system;
      const crypto::Ed25519Signer own(crypto::Ed25519Signer::make_seed(system));
      sign_anew(db, own);
      db.execute("UPDATE store_meta SET value = $1 WHERE name = 'audit_public_key'",
                 {base::ByteView(own.public_key())});
      return {"signed with another key", LogVerdict::altered, std::nullopt};
    }
    case 11: {
      base::SystemRandom system;
      const base::Bytes zero(random() % 2 == 0 ? 32 : 31, 0);
      db.execute(random() % 2 == 0 ? "UPDATE audit_entry SET leaf = $1 WHERE seq = $2"
                                   : "UPDATE audit_entry SET mac = $1 WHERE seq = $2",
                 {zero, seq});
      return {"leaf or mac", LogVerdict::altered, seq};
    }
    default:
      db.execute("DELETE FROM store_meta WHERE name = 'audit_key'");
      return {"key lost", LogVerdict::unverifiable, std::nullopt};
  }
}

// AUTHCTL_TAMPERINGS sets how many there are; a server's log, which is slower, has a fifth of them.
int tamperings(store::Engine engine) {
  const char* figure = std::getenv("AUTHCTL_TAMPERINGS");
  const int count = figure ? std::atoi(figure) : 1000;
  return engine == store::Engine::sqlite ? count : (count + 4) / 5;
}

}  // namespace

TEST_CASE("each of 1,000 tamperings is found, with the right verdict and place") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write_entries(test, rows_written);
  REQUIRE(verify(test).verdict == LogVerdict::intact);
  Pristine pristine(test.db());
  std::mt19937 random(20260101);
  for (int i = 0; i < tamperings(test.db().engine()); ++i) {
    const Tampering done = tamper(test.db(), random);
    const auto found = verify(test);
    INFO(i << ": " << done.what << ": " << found.problem.value_or("nothing"));
    REQUIRE(audit::word_of(found.verdict) == audit::word_of(done.expected));
    CHECK(found.problem);
    if (done.seq) CHECK(found.first_bad_seq == done.seq);
    pristine.restore();
  }
  CHECK(verify(test).verdict == LogVerdict::intact);
}

TEST_CASE("an empty log is intact, and so is one of any size") {
  test::TestRealm test(GENERATE(test::each_engine()));
  CHECK(verify(test).verdict == LogVerdict::intact);
  for (int i = 1; i <= 9; ++i) {
    write_entries(test, 1);
    const auto found = verify(test);
    CHECK(found.verdict == LogVerdict::intact);
    CHECK(found.entries == i);
    CHECK(found.size == i);
    CHECK_FALSE(found.first_bad_seq);
  }
}

TEST_CASE("the public key alone verifies signature and tree") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write_entries(test, 5);
  const auto key = *audit::read_verifier_key(test.db());
  CHECK(verify_with_public_key(test, key).verdict == LogVerdict::intact);
  CHECK(verify_with_public_key(test, {"authctl/other", key.key}).verdict == LogVerdict::unverifiable);
  auto wrong = key;
  wrong.key[3] ^= 1;
  CHECK(verify_with_public_key(test, wrong).verdict == LogVerdict::altered);
  test.db().execute("UPDATE audit_entry SET actor = 'os:mallory' WHERE seq = 3");
  CHECK(verify_with_public_key(test, key).first_bad_seq == 3);
  hash_anew(test.db(), 3);
  CHECK(verify_with_public_key(test, key).verdict == LogVerdict::altered);
}

TEST_CASE(
    "a kept checkpoint tells an older copy of the store, and a history written anew by the key's holder") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write_entries(test, 6);
  Pristine older(test.db());
  const std::string early = audit::read_head(test.db()).note;
  write_entries(test, 3);
  const std::string late = audit::read_head(test.db()).note;
  CHECK(verify(test, early).verdict == LogVerdict::intact);
  CHECK(verify(test, late).verdict == LogVerdict::intact);

  older.restore();
  CHECK(verify(test).verdict == LogVerdict::intact);
  CHECK(verify(test, early).verdict == LogVerdict::intact);
  const auto cut = verify(test, late);
  CHECK(cut.verdict == LogVerdict::truncated);
  CHECK(cut.first_bad_seq == 7);

  // Whoever holds every key can write another history; the checkpoint still tells.
  write_entries(test, 4);
  const auto rewritten = verify(test, late);
  CHECK(rewritten.verdict == LogVerdict::altered);
  CHECK_THROWS_AS(verify(test, "no note"), base::Error);
  std::string foreign = late;
  foreign[foreign.size() - 8] = foreign[foreign.size() - 8] == 'A' ? 'B' : 'A';
  CHECK(verify(test, foreign).verdict == LogVerdict::unverifiable);
}

TEST_CASE("a pruned log still verifies, and so do its checkpoints and proofs from the cut on") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const int cut = GENERATE(1, 4, 7, 13, 20);
  const auto begin = test.clock().now();
  std::vector<std::string> checkpoints{audit::read_head(test.db()).note};
  for (int i = 0; i < 20; ++i) {
    write_entries(test, 1);
    checkpoints.push_back(audit::read_head(test.db()).note);
  }
  CHECK(prune(test, begin) == 0);
  CHECK(prune(test, begin + std::chrono::minutes(cut) + std::chrono::seconds(1)) == cut);
  write_entries(test, 3);
  const auto found = verify(test);
  INFO(found.problem.value_or(""));
  CHECK(found.verdict == LogVerdict::intact);
  CHECK(found.pruned == cut);
  CHECK(found.entries == 20 - cut + 1 + 3);
  for (int size = 0; size <= 20; ++size) {
    const auto held = verify(test, checkpoints[static_cast<std::size_t>(size)]);
    CHECK(held.verdict == (size < cut ? LogVerdict::unverifiable : LogVerdict::intact));
  }
  const auto head = audit::read_head(test.db());
  for (std::int64_t seq = cut + 1; seq <= 24; ++seq) {
    const auto proof = audit::prove_entry(test.db(), seq);
    CHECK(audit::verify_inclusion(static_cast<std::uint64_t>(seq) - 1, 24, proof.leaf, proof.path,
                                  head.frontier.root()));
  }
  CHECK_THROWS_AS(audit::prove_entry(test.db(), cut), base::Error);
  CHECK_THROWS_AS(audit::prove_entry(test.db(), 25), base::Error);
  for (int size = cut; size <= 20; ++size) {
    const auto note = audit::parse_note(checkpoints[static_cast<std::size_t>(size)]);
    const auto proof = audit::prove_consistency(test.db(), static_cast<std::uint64_t>(size));
    CHECK(audit::verify_consistency(static_cast<std::uint64_t>(size), 24, note->checkpoint.root,
                                    head.frontier.root(), proof));
  }
  // A second prune goes on where the first ended.
  CHECK(prune(test, test.clock().now()) == 24 - cut - 1);
  CHECK(verify(test).verdict == LogVerdict::intact);
}

TEST_CASE("a signed head is no leave to prune") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write_entries(test, 6);
  const auto early = audit::read_head(test.db());
  write_entries(test, 3);
  test.db().execute("INSERT INTO audit_stub (size, frontier, note, created_at) VALUES (6, $1, $2, 0)",
                    {early.frontier.bytes(), early.note});
  test.db().execute("DELETE FROM audit_entry WHERE seq <= 6");
  CHECK(verify(test).verdict == LogVerdict::altered);
}

TEST_CASE("what was altered is not pruned away") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write_entries(test, 6);
  const std::string harm =
      GENERATE("UPDATE audit_entry SET actor = 'x' WHERE seq = 2", "DELETE FROM audit_entry WHERE seq = 2",
               "DELETE FROM audit_entry WHERE seq = 6");
  test.db().execute(harm);
  CHECK_THROWS_AS(prune(test, test.clock().now() + std::chrono::hours(1)), base::Error);
  CHECK(test::number(test.db(), "SELECT count(*) FROM audit_stub") == 0);
}

TEST_CASE("an index that does not fit its entries is found, and where") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write_entries(test, 200);
  const auto verdict = [&] {
    audit::VerifyRequest request;
    request.sealer = &test.realm().sealer();
    return audit::verify_log(test.db(), request);
  };
  REQUIRE(verdict().verdict == LogVerdict::intact);
  const std::pair<const char*, std::optional<std::int64_t>> harms[] = {
      {"UPDATE audit_index SET entries = entries - 1 WHERE facet = 1 AND block = 1", 65},
      {"UPDATE audit_index SET entries = 0 WHERE facet = 2 AND block = 0", 1},
      {"DELETE FROM audit_index WHERE facet = 1 AND block = 2", 129},
      {"UPDATE audit_index SET value = 'os:nobody' WHERE facet = 1 AND block = 0", 1},
      {"INSERT INTO audit_index (facet, value, block, entries) VALUES (5, '192.0.2.9', 0, 4)", std::nullopt},
      {"INSERT INTO audit_index (facet, value, block, entries) VALUES (1, 'os:tester', 9, 1)", std::nullopt},
      {"UPDATE audit_block SET max_time = min_time - 1 WHERE block = 1", 65},
      {"DELETE FROM audit_block WHERE block = 0", 1},
      {"INSERT INTO audit_block (block, min_time, max_time) VALUES (77, 0, 1)", std::nullopt},
  };
  for (const auto& [harm, seq] : harms) {
    INFO(harm);
    store::Transaction undone(test.db());
    REQUIRE(test.db().execute(harm) > 0);
    // Inside the transaction: verify_log() takes a snapshot of its own, so it is asked by its parts.
    audit::IndexCheck check(test.db());
    std::optional<std::string> problem;
    std::int64_t found_at = 0;
    const auto entries = audit::entries_after(test.db(), 0, 1000);
    while (const auto* entry = entries->next()) {
      problem = check.add(*entry);
      found_at = entry->seq;
      if (problem) break;
    }
    if (seq) {
      REQUIRE(problem);
      CHECK(audit::first_of(audit::block_of(found_at)) == *seq);
    } else {
      CHECK_FALSE(problem);
      CHECK(check.finish());
    }
  }
  test.db().execute("UPDATE audit_index SET entries = 1 WHERE facet = 1 AND block = 1");
  const auto result = verdict();
  CHECK(result.verdict == LogVerdict::altered);
  CHECK(result.first_bad_seq == 65);
  CHECK(result.problem.value_or("").find("index") != std::string::npos);
}
