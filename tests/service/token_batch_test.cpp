#include "core/service/token_batch.h"

#include <sstream>

#include "core/service/line_reader.h"
#include "tests/service/key_world.h"

namespace authctl::service {
namespace {
using test::KeyWorld;

struct Batch {
  BatchCount count;
  std::vector<std::string> lines;
};

Batch run(const std::string& input, BatchRequest request) {
  std::istringstream in(input);
  std::ostringstream out;
  Batch batch;
  batch.count = verify_batch(in, out, request);
  std::istringstream text(out.str());
  for (std::string line; std::getline(text, line);) batch.lines.push_back(line);
  return batch;
}

BatchRequest request_for(KeyWorld& world, unsigned jobs) {
  BatchRequest request;
  const BatchMoment moment{trusted_keys(world.realm(), world.clock().now()), world.clock().now()};
  request.moment = [moment] { return moment; };
  request.jobs = jobs;
  return request;
}

std::vector<std::string> lines_of(const std::string& text, std::size_t max_line, std::size_t block_size) {
  std::istringstream in(text);
  LineReader reader(in, max_line, block_size);
  std::vector<std::string> lines;
  LineBlock block;
  while (reader.next(block)) {
    std::size_t begin = 0;
    for (const auto end : block.ends) {
      lines.push_back(block.text.substr(begin, end - begin));
      begin = end;
    }
  }
  return lines;
}

TEST_CASE("lines are told apart by LF alone, wherever a block ends") {
  using Lines = std::vector<std::string>;
  for (std::size_t block = 16; block <= 40; ++block) {
    CHECK(lines_of("", 8, block).empty());
    CHECK(lines_of("\n", 8, block) == Lines{""});
    CHECK(lines_of("a\r\n\nb", 8, block) == Lines{"a\r", "", "b"});
    CHECK(lines_of("one\ntwo\nthree\nfour\nfive\n", 8, block) ==
          Lines{"one", "two", "three", "four", "five"});
    CHECK(lines_of(std::string(100, 'x') + "\ny\n", 8, block) == Lines{std::string(9, 'x'), "y"});
    CHECK(lines_of(std::string(50, '\n'), 8, block).size() == 50);
  }
}

TEST_CASE("a batch answers in the order of its lines, whatever the number of workers") {
  KeyWorld world;
  const auto good = world.issue();
  std::string input;
  std::vector<bool> expected;
  for (int i = 0; i < 3000; ++i) {
    const bool valid = i % 7 != 3;
    input += (valid ? good : "junk" + std::to_string(i)) + "\n";
    expected.push_back(valid);
  }
  for (const unsigned jobs : {1u, 2u, 5u}) {
    const auto batch = run(input, request_for(world, jobs));
    REQUIRE(batch.lines.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (batch.lines[i].starts_with("{\"valid\":true,") != expected[i])
        FAIL("line " << i << ": " << batch.lines[i]);
    }
    CHECK(batch.count.tokens == 3000);
    CHECK(batch.count.invalid ==
          static_cast<std::uint64_t>(std::count(expected.begin(), expected.end(), false)));
  }
}

TEST_CASE("a line of a batch says what the verdict of a single token says") {
  KeyWorld world;
  auto request = request_for(world, 1);
  const auto good = world.issue();
  for (const std::string& token :
       {good, std::string("junk"), good + "A", std::string(), std::string(20000, 'x')}) {
    token::Verifier verifier(request.moment().keys, request.expectations);
    const auto single =
        base::json::serialize(token::verdict_json(verifier.verify(token, request.moment().now)));
    CHECK(run(token + "\n", request).lines == std::vector<std::string>{single});
  }
}

TEST_CASE("the store has the last word on each token of a batch") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto kept = world.issue();
  const auto dead = world.issue();
  revoke_token(world.realm(), world.cause(), dead);
  auto request = request_for(world, 2);
  request.store_refusal = [&](const TokenSubject& subject, base::Timestamp now) {
    return store_refusal(world.realm(), subject, now);
  };
  const auto batch = run(kept + "\n" + dead + "\n" + kept, request);
  REQUIRE(batch.lines.size() == 3);
  CHECK(batch.lines[0].starts_with(R"({"valid":true,"reason":null,)"));
  CHECK(batch.lines[1].starts_with(R"({"valid":false,"reason":"revoked",)"));
  CHECK(batch.lines[2] == batch.lines[0]);
  CHECK(batch.count.invalid == 1);
}

TEST_CASE("a batch that goes on for long follows the clock and the keys") {
  KeyWorld world;
  const auto token = world.issue();
  std::string input;
  for (int i = 0; i < 3000; ++i) input += token + "\n";
  auto request = request_for(world, 2);
  const auto first = request.moment();
  int asked = 0;
  SECTION("a token expires on the way") {
    request.moment = [&] {
      return ++asked == 1 ? first : BatchMoment{first.keys, first.now + std::chrono::hours{24}};
    };
    const auto batch = run(input, request);
    CHECK(batch.lines.front().starts_with(R"({"valid":true,)"));
    CHECK(batch.lines.back().starts_with(R"({"valid":false,"reason":"expired",)"));
  }
  SECTION("its key goes on the way") {
    const auto none = std::make_shared<const token::KeySet>();
    request.moment = [&] { return ++asked == 1 ? first : BatchMoment{none, first.now}; };
    const auto batch = run(input, request);
    CHECK(batch.lines.front().starts_with(R"({"valid":true,)"));
    CHECK(batch.lines.back().starts_with(R"({"valid":false,"reason":"unknown_key",)"));
  }
  CHECK(asked > 2);
}

TEST_CASE("a batch that is interrupted ends with an error") {
  KeyWorld world;
  auto request = request_for(world, 2);
  request.interrupted = [] { return true; };
  CHECK(test::code_of([&] { run("x\n", request); }) == base::ErrorCode::interrupted);
}

}  // namespace
}  // namespace authctl::service
