// Secrets of many kinds and states, spelled in many ways, planted among noise of many kinds: all are found,
// and of none is it said that it works where it does not. AUTHCTL_TRIAGE_SECRETS and AUTHCTL_TRIAGE_MIB: how
// many, in how much (scripts/nightly: 1,000 in 1,024); AUTHCTL_SEED: others.
#include <map>
#include <random>

#include "core/credential/client_secret.h"
#include "core/service/backup_codes.h"
#include "core/service/clients.h"
#include "core/service/triage.h"
#include "core/token/fernet.h"
#include "tests/service/session_world.h"
#include "tests/support/folding.h"

namespace authctl::service {
namespace {
using test::text;

std::size_t figure(const char* name, std::size_t usual) {
  const char* given = std::getenv(name);
  return given ? std::stoul(given) : usual;
}

class Dice {
 public:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(generator_() % n); }
  std::string bytes(std::size_t count) {
    std::string out(count, '\0');
    for (auto& byte : out) byte = static_cast<char>(generator_());
    return out;
  }
  template <class List>
  auto one_of(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::mt19937_64 generator_{figure("AUTHCTL_SEED", 20260101)};
};

std::string base64(std::string_view text) { return base::encode_base64(base::bytes_of(text)); }

std::string percent(std::string_view text, bool letters) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const auto byte = static_cast<unsigned char>(c);
    if (plain && !letters) {
      out += c;
    } else {
      (out += '%') += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string wide(std::string_view text) {
  std::string out;
  for (const char c : text) (out += c) += '\0';
  return out;
}

std::string in_json(std::string_view text) { return base::json::serialize(base::json::string(text)); }

std::string spelled(const std::string& secret, Dice& dice) {
  static constexpr std::string_view folds[] = {"\n",  "\r\n",  "\n> ", "\r\n> > ", "\\\n",
                                               "=\n", "=\r\n", "\n\t", "\"\n  \""};
  switch (dice.below(12)) {
    case 0:
      return test::folded(secret, 40 + dice.below(50), dice.one_of(folds));
    case 1:
      return percent(secret, dice.below(2) == 0);
    case 2:
      return in_json("{\"a\":" + in_json(secret) + "}");
    case 3:
      return base64(dice.bytes(dice.below(3)) + " " + secret + "\n");
    case 4:
      return test::folded(base64("token: " + secret + "\r\n"), 76, "\r\n");
    case 5:
      return in_json("see\n" + test::folded(secret, 64, "\n"));
    case 6:
      return "\n" + wide(secret + "\r\n");
    case 7:
      return base64(dice.bytes(dice.below(3)) + " " + base64("a: " + secret + "\n") + " b");
    case 8:
      return "\n-enc " + base64(wide("x" + std::string(dice.below(3), ' ') + "'" + secret + "'")) + "\n";
    case 9: {
      const auto encoded = base64(std::string(dice.below(3), '"') + secret + "\nmore");
      return "?a=" + encoded.substr(0, encoded.find('=')) + "&b";
    }
    default:
      return secret;
  }
}

std::string noise(Dice& dice) {
  switch (dice.below(6)) {
    case 0:
      return dice.bytes(1 + dice.below(30000));
    case 1:
      return test::folded(base64(dice.bytes(1 + dice.below(30000))), 76, "\n");
    case 2:
      return base64(dice.bytes(1 + dice.below(60000)));
    case 3: {
      std::string log;
      for (int i = 0; i < 200; ++i)
        log += "Jan 01 00:00:" + std::to_string(i % 60) +
               " host app[7]: GET /?id=" + std::to_string(dice.below(999999)) +
               "&q=a%20b%3D HTTP/1.1 \"-\" C:\\new\\users eyJ gAAAA authctl_cs_ -----BEGIN kty\n";
      return log;
    }
    case 4:  // nearly secrets
      return "eyJhbGciOiJFUzI1NiJ9." + base64(dice.bytes(300)) + " gAAAAAB" + base64(dice.bytes(90)) +
             " authctl_cs_" + base64(dice.bytes(36)) + "\n-----BEGIN PRIVATE KEY-----\n{\"kty\":\"EC\"}\n";
    default:
      return std::string(dice.below(5000), '\0');
  }
}

// Noise without end, and in it each secret once.
class Corpus final : public base::ByteSource {
 public:
  Corpus(std::vector<std::string> secrets, std::size_t size) : secrets_(std::move(secrets)), size_(size) {}
  std::size_t read(std::span<char> out) override {
    if (at_ == pending_.size()) fill();
    const auto count = pending_.copy(out.data(), out.size(), at_);
    at_ += count;
    return count;
  }

 private:
  void fill() {
    static constexpr std::string_view between[] = {"", "", "\n", " ", "\"", ";", "\r\n", "=", "\\"};
    pending_.clear();
    at_ = 0;
    while (pending_.size() < 100'000 && (made_ < size_ || next_ < secrets_.size())) {
      pending_ += noise(dice_);
      // Evenly over the whole, or what is left at its end.
      if (next_ < secrets_.size() && (made_ + pending_.size()) * secrets_.size() >= next_ * size_) {
        pending_ += dice_.one_of(between);
        pending_ += spelled(secrets_[next_++], dice_);
        pending_ += dice_.one_of(between);
      }
      if (made_ + pending_.size() >= size_ && next_ == secrets_.size()) break;
    }
    made_ += pending_.size();
  }

  std::vector<std::string> secrets_;
  std::size_t size_, made_ = 0, next_ = 0, at_ = 0;
  std::string pending_;
  Dice dice_;
};

class CorpusWorld : public test::SessionWorld {
 public:
  CorpusWorld() { generate("", store::KeyUse::fernet); }
  struct Planted {
    std::string text;
    bool works;
  };
  std::map<std::string, Planted> planted;  // by the digest of the secret

  void make(std::size_t i) {
    const bool alive = i % 2 == 0;
    switch (i / 2 % 7) {
      case 0:
        return token(alive, i / 14);
      case 1: {
        auto ring = std::move(fernet_keys(realm()).ring);
        token::FernetRing foreign;
        foreign.add(token::make_fernet_key(random()), "foreign");
        base::Bytes iv(token::fernet_iv_size);
        random().fill(iv);
        std::string made;
        // A foreign one ends where its padding says so: without, nobody could tell it from noise behind it.
        (alive ? ring : foreign).encrypt(base::Bytes(alive ? i % 200 : i % 32), 1767225600, iv, made);
        return plant(made, alive);
      }
      case 2: {
        const auto session = sign_in();
        if (!alive) revoke_sessions(realm(), cause(), {session.session_id, ""});
        return plant(text(session.refresh), alive);
      }
      case 3:
        return client_secret(alive, i);
      case 4: {  // nobody can tell that of another store's
        const auto kid = generate("", store::KeyUse::fernet).row.kid;
        const auto key = text(export_keys(realm(), cause(), {kid, KeyFormat::fernet, true}).text);
        const auto digits = key.substr(0, key.find('='));
        return plant(digits, true, digits + "=");
      }
      case 5: {  // nor this
        const auto user = "u" + std::to_string(i);
        add_user(user);
        const auto code = text(generate_backup_codes(realm(), cause(), user, 1).codes[0]);
        return plant(code, true, " " + code + "\n");  // what touches it would make another word of it
      }
      default: {
        auto pem = crypto::format_private_pem(crypto::generate_key(crypto::Algorithm::eddsa, 0, random()));
        if (alive) import_keys(realm(), cause(), pem, store::KeyUse::jwt);
        return plant(text(pem), alive);
      }
    }
  }

 private:
  void plant(const std::string& secret, bool alive, const std::string& spelled = "") {
    planted[base::encode_hex(crypto::sha256(base::bytes_of(secret)))] = {spelled.empty() ? secret : spelled,
                                                                         alive};
  }
  void token(bool alive, std::size_t i) {
    auto made = issue();
    if (!alive && i % 3 == 0) revoke_token(realm(), cause(), made);
    if (!alive && i % 3 == 1) made[made.size() - 5] = made[made.size() - 5] == 'A' ? 'B' : 'A';
    if (!alive && i % 3 == 2) made = elsewhere_.issue();
    plant(made, alive);
  }
  void client_secret(bool alive, std::size_t i) {
    auto secret = credential::make_client_secret(random());
    if (alive)
      secret =
          std::move(*create_client(realm(), cause(),
                                   {"c" + std::to_string(i),
                                    {.grants = {"client_credentials"}, .redirect_uris = {}, .scopes = {}}},
                                   [](const base::Secret&) {})
                         .secret);
    plant(text(secret), alive);
  }
  test::KeyWorld elsewhere_{store::Engine::sqlite, 7};
};

}  // namespace

TEST_CASE("every secret that is planted in noise is found, and none is said to work that does not") {
  CorpusWorld world;
  const auto count = figure("AUTHCTL_TRIAGE_SECRETS", 240);
  for (std::size_t i = 0; world.planted.size() < count; ++i) world.make(i);
  std::vector<std::string> secrets;
  for (const auto& [digest, secret] : world.planted) secrets.push_back(secret.text);
  Corpus corpus(secrets, figure("AUTHCTL_TRIAGE_MIB", 6) << 20);
  const auto report = triage(world.realm(), corpus, {.idle = world.rules.idle});
  std::map<std::string, std::optional<bool>> found;
  for (const auto& finding : report.findings) found[base::encode_hex(finding.digest)] = finding.works;
  std::size_t alive = 0;
  for (const auto& [digest, secret] : world.planted) {
    INFO(secret.text);
    alive += secret.works;
    const auto one = found.find(digest);
    REQUIRE(one != found.end());
    CHECK(one->second == secret.works);
  }
  CHECK(report.living() == alive);
}

}  // namespace authctl::service
