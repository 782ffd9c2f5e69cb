#include "core/service/incident_report.h"

#include <filesystem>
#include <fstream>

#include "core/base/file.h"
#include "core/service/accounts.h"
#include "core/service/audit_trail.h"
#include "core/service/containment.h"
#include "tests/service/session_world.h"

namespace authctl::service {
namespace {

using audit::LogVerdict;
using base::ErrorCode;
using test::code_of;
using test::SessionWorld;
namespace fs = std::filesystem;

// A log with some of everything, an address in it, and a contained user.
class Evidence : public SessionWorld {
 public:
  explicit Evidence(store::Engine engine = store::Engine::sqlite) : SessionWorld(engine) {
    create_user(realm(), cause(), {"eve", "eve@example.com", {}, false, false, {}, {}}, PasswordPolicy{});
    sign_in();
    ContainRequest request;
    request.user = "ann";
    auto plan = plan_containment(realm(), request);
    contain(realm(), cause(), request, plan, {});
  }
  std::string folder() const { return folder_.file("evidence"); }
  std::string file(const std::string& name) const { return folder() + "/" + name; }
  IncidentReport report(const std::string& since = "24h", bool reveal = false) {
    return report_incident(realm(), cause(), {since, folder(), reveal});
  }
  audit::Verification verify() { return audit::verify_bundle(folder(), verifier()); }
  audit::VerifierKey verifier() { return audit::open_log_key(db(), realm().sealer()).verifier(); }
  std::string read(const std::string& name) const { return base::read_file(file(name), 1 << 22); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary | std::ios::trunc) << text;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder())) all.push_back(entry.path().filename());
    return all;
  }

 private:
  test::Folder folder_;
};

TEST_CASE("a bundle of evidence is accepted with the public key alone, and holds every entry since then") {
  Evidence world(GENERATE(test::each_engine()));
  const auto made = world.report();
  CHECK(made.first_seq == 1);
  CHECK(made.last_seq == test::number(world.db(), "SELECT MAX(seq) FROM audit_entry") - 1);
  const auto checked = world.verify();
  CHECK(checked.problem.value_or("") == "");
  CHECK(checked.verdict == LogVerdict::intact);
  CHECK(checked.entries == made.last_seq);
  CHECK(made.incidents.size() == 1);
  CHECK(base::mode_of(world.folder()) == 0700);
  for (const auto& name : world.names()) CHECK(base::mode_of(world.file(name)) == 0600);
  CHECK(test::logged_actions(world.db()).back() == "incident.report");
}

TEST_CASE(
    "a report begins where it is told to, also where nothing has happened since, and behind what was "
    "pruned") {
  Evidence world(GENERATE(test::each_engine()));
  const auto before = test::number(world.db(), "SELECT MAX(seq) FROM audit_entry");
  world.clock().advance(std::chrono::hours{2});
  SECTION("later than some") {
    world.add_user("bob");
    enable_user(world.realm(), world.cause(), "ann");
    const auto made = world.report("1h");
    CHECK(made.first_seq == before + 1);
    CHECK(world.verify().entries == 1);
  }
  SECTION("later than all") {
    const auto made = world.report("1h");
    CHECK(made.first_seq == before + 1);
    CHECK(made.pruned == 0);
  }
  SECTION("behind a prune") {
    enable_user(world.realm(), world.cause(), "ann");
    prune_audit(world.realm(), world.cause(), world.clock().now() - std::chrono::hours{1});
    const auto made = world.report("24h");
    CHECK(made.first_seq > before);
    CHECK(made.pruned == made.first_seq - 1);
    CHECK(world.read("summary.txt").find("pruned before that") != std::string::npos);
  }
  CHECK(world.verify().verdict == LogVerdict::intact);
}

TEST_CASE("one byte changed anywhere in a bundle is refused, and the file is named") {
  Evidence world;
  world.report();
  for (const auto& name : world.names()) {
    const auto good = world.read(name);
    for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 60) {
      auto bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      world.write(name, bad);
      const auto checked = world.verify();
      INFO(name << " byte " << at << ": " << checked.problem.value_or("accepted"));
      REQUIRE(checked.verdict != LogVerdict::intact);
      REQUIRE(checked.problem->find(name == "evidence.json" ? "e" : name) != std::string::npos);
    }
    world.write(name, good.substr(0, good.size() - 1));
    REQUIRE(world.verify().verdict != LogVerdict::intact);
    world.write(name, good);
  }
  CHECK(world.verify().verdict == LogVerdict::intact);
}

TEST_CASE("an entry that is left out, doubled, moved or made up is refused, and its number is said") {
  Evidence world;
  world.report();
  std::vector<std::string> lines;
  {
    std::ifstream in(world.file("entries.jsonl"));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
  }
  const auto with = [&](const std::vector<std::string>& changed) {
    std::string text;
    for (const auto& line : changed) text += line + "\n";
    world.write("entries.jsonl", text);
    return world.verify();
  };
  auto changed = lines;
  changed.erase(changed.begin() + 2);
  CHECK(with(changed).first_bad_seq == 3);
  changed = lines;
  changed.insert(changed.begin() + 2, lines[1]);
  CHECK(with(changed).first_bad_seq == 3);
  changed = lines;
  std::swap(changed[0], changed[1]);
  CHECK(with(changed).first_bad_seq == 1);
  changed = lines;
  changed.pop_back();
  CHECK(with(changed).first_bad_seq == static_cast<std::int64_t>(lines.size()));
  changed = lines;
  changed.push_back(lines.back());
  CHECK(with(changed).verdict == LogVerdict::altered);
  CHECK(with(lines).verdict == LogVerdict::intact);
}

TEST_CASE("a file that is missing, or that is none of the bundle, is refused by name") {
  Evidence world;
  world.report();
  for (const auto& name : world.names()) {
    const auto good = world.read(name);
    fs::remove(world.file(name));
    const auto checked = world.verify();
    CHECK(checked.verdict == LogVerdict::altered);
    CHECK(checked.problem->find(name) != std::string::npos);
    fs::create_symlink("/dev/null", world.file(name));
    CHECK(world.verify().verdict == LogVerdict::altered);
    fs::remove(world.file(name));
    world.write(name, good);
  }
  world.write("more.txt", "");
  CHECK(world.verify().problem->find("more.txt") != std::string::npos);
}

TEST_CASE("another log's key accepts no bundle") {
  Evidence world;
  world.report();
  auto key = world.verifier();
  key.key[3] ^= 1;
  CHECK(audit::verify_bundle(world.folder(), key).verdict == LogVerdict::altered);
  key.name += "x";
  CHECK(audit::verify_bundle(world.folder(), key).verdict == LogVerdict::unverifiable);
}

TEST_CASE("addresses are masked in every file of a bundle unless they are revealed, which is an entry") {
  Evidence world(GENERATE(test::each_engine()));
  auto cause = world.cause();
  cause.reason = "told by mallory@example.com at 198.51.100.9";
  report_incident(world.realm(), cause, {"24h", world.folder(), false});
  std::string all;
  for (const auto& name : world.names()) all += world.read(name);
  for (const char* address : {"eve@example.com", "192.0.2.1", "mallory@", "198.51.100.9"})
    CHECK(all.find(address) == all.npos);
  CHECK(world.verify().verdict == LogVerdict::intact);
  fs::remove_all(world.folder());
  world.report("24h", true);
  CHECK(world.read("entries.jsonl").find("eve@example.com") != std::string::npos);
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM audit_entry WHERE action = 'audit.reveal'") == 1);
  CHECK(world.verify().verdict == LogVerdict::intact);
}

TEST_CASE("nothing is written over, nothing is left of a report that failed, and a dry run leaves nothing") {
  Evidence world;
  const auto before = test::dump(world.db());
  const auto parent = fs::path(world.folder()).parent_path();
  const auto things = [&] { return std::distance(fs::directory_iterator(parent), fs::directory_iterator{}); };
  report_incident(world.realm(), world.dry_run(), {"24h", world.folder(), false});
  CHECK(things() == 0);
  CHECK(test::dump(world.db()) == before);
  CHECK(code_of([&] { world.report("yesterday"); }) == ErrorCode::invalid);
  CHECK(things() == 0);
  for (std::int64_t n = 1; n < 30; n += 4) {
    world.failing().fail_at(n);
    try {
      world.report();
      fs::remove_all(world.folder());
    } catch (const base::Error&) {
    }
    world.failing().fail_at(0);
    CHECK(things() == 0);
  }
  world.report();
  CHECK(code_of([&] { world.report(); }) == ErrorCode::conflict);
}

}  // namespace
}  // namespace authctl::service
