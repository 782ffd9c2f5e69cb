#include "core/service/fernet_rotation.h"

#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/service/keyring.h"
#include "core/service/keyring_rotation.h"
#include "tests/support/catch.h"
#include "tests/support/realms.h"

using namespace authctl;
using namespace authctl::service;

namespace {

std::string make_active(test::TestRealm& test) {
  KeyDraft draft;
  draft.use = store::KeyUse::fernet;
  return generate_key(test.realm(), test.cause(), draft).key.row.kid;
}

void rotate_key_now(test::TestRealm& test, Rotation kind) {
  test.clock().advance(std::chrono::hours(1));
  RotationRequest request;
  request.use = store::KeyUse::fernet;
  request.kind = kind;
  request.began = test.clock().now();
  rotate_key(test.realm(), test.cause(), request);
}

std::string some_tokens(test::TestRealm& test, int count, std::size_t size) {
  auto keys = fernet_keys(test.realm());
  std::string text, token;
  for (int i = 0; i < count; ++i) {
    keys.ring.encrypt(base::Bytes(size, 'x'), 1, base::Bytes(16, 1), token);
    text += token + "\n";
  }
  return text;
}

base::ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  FAIL("nothing was thrown");
  return base::ErrorCode::internal;
}

}  // namespace

TEST_CASE("A19: a Fernet key cannot be retired or deleted while a re-encryption that needs it is open") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto old = make_active(test);
  const auto input = some_tokens(test, 300, 2000);
  rotate_key_now(test, Rotation::plain);
  base::write_private_file(test.store().place().folder().file("in"), input, base::IfExists::refuse);
  ReencryptionRequest request;
  request.output = test.store().place().folder().file("out");
  StreamHooks hooks;
  hooks.interrupted = [] { return true; };
  const auto run = [&] {
    base::FileSource source(test.store().place().folder().file("in"));
    return rotate_fernet(test.realm(), test.cause(), fernet_keys(test.realm()), source, request, hooks);
  };
  CHECK(code_of(run) == base::ErrorCode::interrupted);
  CHECK(code_of([&] { retire_key(test.realm(), test.cause(), old, {}); }) == base::ErrorCode::precondition);
  CHECK(code_of([&] { delete_key(test.realm(), test.cause(), old, false); }) ==
        base::ErrorCode::precondition);
  CHECK_THROWS_WITH(refuse_while_rotating(test.db(), old, test.clock().now()),
                    Catch::Contains("re-encryption"));
  hooks.interrupted = nullptr;
  request.resume = true;
  CHECK(run().rotated == 300);
  refuse_while_rotating(test.db(), old, test.clock().now());
  retire_key(test.realm(), test.cause(), old, {});
  CHECK(delete_key(test.realm(), test.cause(), old, true).key.row.kid == old);
}

TEST_CASE("a re-encryption that fails before it began leaves no job behind") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto kid = make_active(test);
  ReencryptionRequest request;
  request.output = test.store().place().folder().file("out");
  base::write_private_file(request.output, "there", base::IfExists::refuse);
  std::istringstream in("");
  base::StreamSource source(in);
  CHECK(code_of([&] {
          rotate_fernet(test.realm(), test.cause(), fernet_keys(test.realm()), source, request, {});
        }) == base::ErrorCode::conflict);
  refuse_while_rotating(test.db(), kid, test.clock().now());
}

TEST_CASE("A19: a second run at the same output leaves the job of the first as it is") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto old = make_active(test);
  const auto input = some_tokens(test, 300, 2000);
  rotate_key_now(test, Rotation::plain);
  ReencryptionRequest request;
  request.output = test.store().place().folder().file("out");
  const auto run = [&](StreamHooks hooks) {
    std::istringstream in(input);
    base::StreamSource source(in);
    return rotate_fernet(test.realm(), test.cause(), fernet_keys(test.realm()), source, request, hooks);
  };
  int refused = 0;
  StreamHooks hooks;
  hooks.progress = [&](std::uint64_t, std::uint64_t) {
    if (refused++ != 0) return;
    CHECK(code_of([&] { run({}); }) == base::ErrorCode::conflict);
    CHECK(code_of([&] { refuse_while_rotating(test.db(), old, test.clock().now()); }) ==
          base::ErrorCode::precondition);
  };
  CHECK(run(hooks).rotated == 300);
  CHECK(refused > 0);
  refuse_while_rotating(test.db(), old, test.clock().now());
}

TEST_CASE("A19: a key that no data is under stays too while a re-encryption reads with it") {
  test::TestRealm test(GENERATE(test::each_engine()));
  make_active(test);
  const auto pending = make_active(test);  // the second one waits
  std::istringstream in(some_tokens(test, 1, 10));
  base::StreamSource source(in);
  StreamHooks hooks;
  int looked = 0;
  hooks.progress = [&](std::uint64_t, std::uint64_t) {
    ++looked;
    CHECK_THROWS_WITH(delete_key(test.realm(), test.cause(), pending, false),
                      Catch::Contains("re-encryption"));
  };
  rotate_fernet(test.realm(), test.cause(), fernet_keys(test.realm()), source, {}, hooks);
  CHECK(looked > 0);
  CHECK(delete_key(test.realm(), test.cause(), pending, false).key.row.kid == pending);
}

TEST_CASE("B73: a re-encryption ends when the key that it brings the data under is revoked") {
  test::TestRealm test(GENERATE(test::each_engine()));
  make_active(test);
  // 800: more than is read between two journals; three: the file would be in its place at once.
  const auto input = some_tokens(test, GENERATE(800, 3), 10'000);
  rotate_key_now(test, Rotation::plain);
  ReencryptionRequest request;
  if (GENERATE(true, false)) request.output = test.store().place().folder().file("out");
  const auto run = [&](const StreamHooks& hooks) {
    auto keys = fernet_keys(test.realm());
    if (!hooks.progress) rotate_key_now(test, Rotation::emergency);
    std::istringstream in(input);
    base::StreamSource source(in);
    return code_of([&] { rotate_fernet(test.realm(), test.cause(), keys, source, request, hooks); });
  };
  CHECK(run({}) == base::ErrorCode::precondition);  // before it began: nothing is left of it
  CHECK(base::mode_of(request.output + ".partial") == -1);
  bool revoked = false;
  StreamHooks hooks;
  hooks.progress = [&](std::uint64_t, std::uint64_t) {
    if (!std::exchange(revoked, true)) rotate_key_now(test, Rotation::emergency);
  };
  CHECK(run(hooks) == base::ErrorCode::precondition);
  CHECK(base::mode_of(request.output) == -1);
}

TEST_CASE(
    "B73: a revoked Fernet key opens for a re-encryption that names it and gives a reason, and for nothing "
    "else") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto old = make_active(test);
  auto token = some_tokens(test, 1, 10);
  token.pop_back();
  rotate_key_now(test, Rotation::emergency);
  base::Bytes buffer;
  auto keys = fernet_keys(test.realm());
  CHECK(keys.ring.open(token, {}, buffer).reason == token::FernetReason::revoked_key);
  CHECK(code_of([&] { fernet_keys(test.realm(), old, ""); }) == base::ErrorCode::usage);
  CHECK(code_of([&] { fernet_keys(test.realm(), "nobody", "x"); }) == base::ErrorCode::not_found);
  auto opening = fernet_keys(test.realm(), old, "moving out");
  CHECK(opening.opened_revoked == old);
  CHECK(opening.ring.open(token, {}, buffer).ok());
  CHECK(opening.ring.kid(0) != old);
}

TEST_CASE("a key file is read a key a line, the first encrypts, and a bad line is named") {
  base::SystemRandom random;
  const auto first = token::format_fernet_key(token::make_fernet_key(random));
  const auto second = token::format_fernet_key(token::make_fernet_key(random));
  const std::string lines = std::string(first.reveal_text()) + "\r\n" + std::string(second.reveal_text());
  CHECK(fernet_keys_in(base::Secret(lines)).ring.size() == 2);
  CHECK_THROWS_WITH(fernet_keys_in(base::Secret(lines + "\nshort")), Catch::Contains("line 3"));
  CHECK_THROWS_AS(fernet_keys_in(base::Secret(std::string_view(""))), base::Error);
}
