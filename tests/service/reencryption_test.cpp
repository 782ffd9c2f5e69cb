#include "core/service/reencryption.h"

#include <random>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/staged_file.h"
#include "tests/support/catch.h"
#include "tests/support/stores.h"

using namespace authctl;
using namespace authctl::service;
using token::RecordForm;

namespace {

// The active key, one that retires, and one that is quarantined.
struct Keys {
  base::Secret active = filled(1), retiring = filled(2), revoked = filled(3), foreign = filled(4);
  static base::Secret filled(std::uint8_t byte) { return base::Secret(base::Bytes(32, byte)); }
  token::FernetRing ring() const {
    token::FernetRing ring;
    ring.add(active, "active");
    ring.add(retiring, "retiring");
    ring.add(revoked, "revoked", token::FernetKeyRole::quarantined);
    return ring;
  }
};

std::string token_of(const base::Secret& key, const std::string& payload, std::uint64_t time = 77) {
  token::FernetRing ring;
  ring.add(key, "");
  std::string token;
  ring.encrypt(base::bytes_of(payload), time, base::Bytes(16, 5), token);
  return token;
}

// The payload and time of a token under the active key; "(no)" for any other text.
std::string opened(const Keys& keys, std::string_view token) {
  token::FernetRing ring;
  ring.add(keys.active, "");
  base::Bytes buffer;
  const auto verdict = ring.open(token, {}, buffer);
  return verdict.ok() ? std::string(base::text_of(verdict.payload)) + "@" + std::to_string(verdict.time)
                      : "(no)";
}

struct Result {
  std::string output;
  RecordTally tally;
};
Result run(const Keys& keys, const std::string& input, token::RecordLayout layout = {}, unsigned jobs = 1) {
  std::istringstream in(input);
  base::StreamSource source(in);
  base::SystemRandom random;
  Result result;
  ReencryptionRequest request;
  request.layout = layout;
  request.jobs = jobs;
  StreamHooks hooks;
  hooks.write = [&](std::string_view bytes) { result.output += bytes; };
  result.tally = reencrypt(source, keys.ring(), random, request, hooks);
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE(
    "A19: each token comes under the active key, keeps its time, and what cannot be opened stays as it is") {
  const Keys keys;
  const std::string current = token_of(keys.active, "a", 5), foreign = token_of(keys.foreign, "x"),
                    quarantined = token_of(keys.revoked, "q");
  const std::string input = current + "\n" + token_of(keys.retiring, "b", 6) + "\r\n\nrubbish\n" + foreign +
                            "\n" + quarantined + "\n" + token_of(keys.retiring, "last", 7);
  const unsigned jobs = GENERATE(1u, 3u);
  const auto result = run(keys, input, {}, jobs);
  const auto lines = lines_of(result.output);
  REQUIRE(lines.size() == 7);
  CHECK(lines[0] == current);
  CHECK(lines[1].back() == '\r');
  CHECK(opened(keys, lines[1].substr(0, lines[1].size() - 1)) == "b@6");
  CHECK(lines[2].empty());
  CHECK(lines[3] == "rubbish");
  CHECK(lines[4] == foreign);
  CHECK(lines[5] == quarantined);
  CHECK(opened(keys, lines[6]) == "last@7");
  CHECK(result.output.back() != '\n');
  CHECK(result.tally.rotated == 2);
  CHECK(result.tally.current == 1);
  CHECK(result.tally.empty == 1);
  REQUIRE(result.tally.failures.size() == 3);
  CHECK(result.tally.failures[0].line == 4);
  CHECK(result.tally.failures[0].reason == "malformed");
  CHECK(result.tally.failures[1].line == 5);
  CHECK(result.tally.failures[1].reason == "invalid");
  CHECK(result.tally.failures[2].line == 6);
  CHECK(result.tally.failures[2].reason == "revoked_key");
}

TEST_CASE("in JSON lines and CSV everything but the token stays byte for byte") {
  const Keys keys;
  const std::string old = token_of(keys.retiring, "p");
  const std::string before = "{ \"a\" : 1.50, \"t\":\"", after = "\", \"z\":\"\\u00e9\" }\n";
  auto json = run(keys, before + old + after + "{\"t\":null}\n{}\n", {RecordForm::json_lines, "t"});
  CHECK(json.output.starts_with(before));
  CHECK(opened(keys, json.output.substr(before.size(), old.size())) == "p@77");
  CHECK(json.output.substr(before.size() + old.size()) == after + "{\"t\":null}\n{}\n");
  CHECK(json.tally.rotated == 1);
  CHECK(json.tally.empty == 1);
  CHECK(json.tally.failures.at(0).line == 3);

  const std::string header = "id,t\r\n", head = "1,\"", tail = "\"\r\n",
                    rest = "2,rubbish\r\n\"3\n\",\r\n4\r\n";
  auto csv = run(keys, header + head + old + tail + rest, {RecordForm::csv, "t"});
  CHECK(csv.output.starts_with(header + head));
  CHECK(opened(keys, csv.output.substr(header.size() + head.size(), old.size())) == "p@77");
  CHECK(csv.output.ends_with(tail + rest));
  REQUIRE(csv.tally.failures.size() == 2);
  CHECK(csv.tally.failures[0].line == 3);
  CHECK(csv.tally.failures[1].line == 6);  // the record before it has two lines
  CHECK(csv.tally.empty == 1);
}

TEST_CASE("several threads hand records on in the order they came") {
  const Keys keys;
  std::string input;
  std::mt19937 generator(5);
  const int count = 4000;
  for (int i = 0; i < count; ++i) {
    input += token_of(i % 3 == 0 ? keys.active : keys.retiring,
                      std::to_string(i) + std::string(generator() % 900, 'x')) +
             "\n";
  }
  const auto result = run(keys, input, {}, 4);
  const auto lines = lines_of(result.output);
  REQUIRE(lines.size() == count);
  for (int i = 0; i < count; ++i)
    REQUIRE(opened(keys, lines[static_cast<std::size_t>(i)]).starts_with(std::to_string(i)));
  CHECK(result.tally.records() == count);
}

TEST_CASE("an interrupted re-encryption into a file goes on where it stopped, with each record once") {
  const Keys keys;
  test::Folder folder;
  std::string input = "id,t\n";
  const int count = 3000;
  for (int i = 0; i < count; ++i) {
    input +=
        std::to_string(i) + "," + token_of(keys.retiring, std::to_string(i) + std::string(4000, 'x')) + "\n";
  }
  base::write_private_file(folder.file("in"), input, base::IfExists::refuse);
  base::SystemRandom random;
  ReencryptionRequest request;
  request.layout = {RecordForm::csv, "t"};
  request.jobs = GENERATE(1u, 2u);
  request.output = folder.file("out");
  int runs = 0;
  for (bool whole = false; !whole;) {
    ++runs;
    REQUIRE(runs < 20);
    int batches = 0;
    StreamHooks hooks;
    hooks.interrupted = [&] { return ++batches > 40; };
    base::FileSource source(folder.file("in"));
    try {
      const auto tally = reencrypt(source, keys.ring(), random, request, hooks);
      CHECK(tally.rotated == count);
      whole = true;
    } catch (const base::Error& error) {
      REQUIRE(error.code() == base::ErrorCode::interrupted);
      CHECK(base::mode_of(request.output) == -1);
    }
    request.resume = true;
  }
  CHECK(runs > 1);
  const auto lines = lines_of(base::read_file(request.output, 64u << 20));
  REQUIRE(lines.size() == count + 1);
  for (int i = 0; i < count; ++i) {
    const auto& line = lines[static_cast<std::size_t>(i + 1)];
    REQUIRE(opened(keys, line.substr(line.find(',') + 1)).starts_with(line.substr(0, line.find(',')) + "x"));
  }
}

TEST_CASE("an interrupted re-encryption is not taken up with another input, another key or another field") {
  const Keys keys;
  test::Folder folder;
  std::string input;
  for (int i = 0; i < 200; ++i) input += token_of(keys.retiring, std::string(5000, 'x')) + "\n";
  base::write_private_file(folder.file("in"), input, base::IfExists::refuse);
  base::SystemRandom random;
  ReencryptionRequest request;
  request.output = folder.file("out");
  StreamHooks hooks;
  hooks.interrupted = [] { return true; };
  const auto attempt = [&](const std::string& from, const token::FernetRing& ring) {
    base::FileSource source(folder.file(from));
    return reencrypt(source, ring, random, request, hooks);
  };
  CHECK_THROWS_AS(attempt("in", keys.ring()), base::Error);
  hooks.interrupted = nullptr;
  CHECK_THROWS_AS(attempt("in", keys.ring()), base::Error);  // without --resume
  request.resume = true;
  base::write_private_file(folder.file("other"), "x" + input, base::IfExists::refuse);
  CHECK_THROWS_AS(attempt("other", keys.ring()), base::Error);
  token::FernetRing changed;
  changed.add(keys.foreign, "another");
  CHECK_THROWS_AS(attempt("in", changed), base::Error);
  token::FernetRing fewer;
  fewer.add(keys.active, keys.ring().kid(0));
  CHECK_THROWS_WITH(attempt("in", fewer), Catch::Contains("and this one would not"));
  fewer.add(keys.retiring, keys.ring().kid(1), token::FernetKeyRole::quarantined);
  CHECK_THROWS_WITH(attempt("in", fewer), Catch::Contains("and this one would not"));
  request.layout = {RecordForm::json_lines, "t"};
  CHECK_THROWS_AS(attempt("in", keys.ring()), base::Error);
  request.layout = {};
  CHECK(attempt("in", keys.ring()).rotated == 200);
}

namespace {
// A re-encryption of a stream or a file into a file, and what it left when it was killed at one of its steps.
struct Killed {
  Keys keys;
  test::Folder folder;
  base::SystemRandom random;
  ReencryptionRequest request;
  const std::string out = folder.file("out"), journal = out + ".journal", partial = out + ".partial";
  Killed() { request.output = out; }

  RecordTally run(base::ByteSource& source) { return reencrypt(source, keys.ring(), random, request, {}); }
  RecordTally run(const std::string& text) {
    std::istringstream in(text);
    base::StreamSource source(in);
    return run(source);
  }
  // Everything is written and in its place, but the journal that says so is still there.
  void die_behind_the_last_step(const std::string& text) {
    REQUIRE_NOTHROW(base::write_private_file(out, "in the way", base::IfExists::refuse));
    request.replace = true;
    std::istringstream in(text);
    base::StreamSource source(in);
    StreamHooks hooks;
    hooks.interrupted = [&] {  // the place is taken by what cannot be replaced
      std::filesystem::remove(out);
      std::filesystem::create_directory(out);
      return false;
    };
    try {
      reencrypt(source, keys.ring(), random, request, hooks);
      FAIL("a folder was replaced");
    } catch (const base::Error& error) {
      CHECK(error.code() == base::ErrorCode::io);
      CHECK_THAT(error.hint(), Catch::Contains("--resume"));
    }
    std::filesystem::remove(out);
    request.replace = false;
    request.resume = true;
  }
  void move_to_its_place() { std::filesystem::rename(partial, out); }
};
}  // namespace

TEST_CASE("a run that died when all was written is ended by the next one, for the same input only") {
  Killed killed;
  const auto token = token_of(killed.keys.retiring, "p") + "\n";
  killed.die_behind_the_last_step(token + token);
  const bool in_place = GENERATE(false, true);
  if (in_place) killed.move_to_its_place();
  for (const auto& other : {token, token + token + token, token + "x" + token, std::string()}) {
    INFO(other);
    CHECK_THROWS_WITH(killed.run(other), Catch::Contains("not the one of the interrupted run"));
    CHECK(base::mode_of(killed.journal) >= 0);
  }
  CHECK(killed.run(token + token).rotated == 2);
  CHECK(lines_of(base::read_file(killed.out, 4096)).size() == 2);
  CHECK(base::mode_of(killed.journal) == -1);
}

TEST_CASE("a journal without the file that it speaks of is no reason to leave anything out") {
  Killed killed;
  const auto token = token_of(killed.keys.retiring, "p") + "\n";
  killed.die_behind_the_last_step(token);
  if (GENERATE(false, true)) {  // the file was in its place and was taken away
    killed.move_to_its_place();
    std::filesystem::remove(killed.out);
  } else {
    std::filesystem::remove(killed.partial);
  }
  CHECK(killed.run(token + token).rotated == 2);
  CHECK(lines_of(base::read_file(killed.out, 4096)).size() == 2);
}

TEST_CASE(
    "a file that was re-encrypted in its own place and died behind the last step is gone through again") {
  Killed killed;
  const auto token = token_of(killed.keys.retiring, "p") + "\n";
  killed.die_behind_the_last_step(token);
  killed.move_to_its_place();
  killed.request.replace = true;
  base::FileSource source(killed.out);
  CHECK(killed.run(source).current == 1);
}

TEST_CASE("B73: records under each key are counted, those under a quarantined key too") {
  const Keys keys;
  std::istringstream in(token_of(keys.active, "a") + "\n" + token_of(keys.revoked, "b") + "\n" +
                        token_of(keys.revoked, "c") + "\n" + token_of(keys.foreign, "d") + "\n\n");
  base::StreamSource source(in);
  const auto tally = count_by_key(source, keys.ring(), {}, 2, {});
  CHECK(tally.by_key == std::vector<std::uint64_t>{1, 0, 2});
  CHECK(tally.failed == 1);
  CHECK(tally.empty == 1);
}
