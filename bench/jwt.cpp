// Whole tokens verified and signed, as a ratio to the bare signature operation of OpenSSL (and libsodium) in
// the same run: rounds are interleaved, each ratio is taken within its round, and the median with its range
// is printed. usage: bench_jwt [ROUNDS] [SECONDS a measurement]
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <new>

#include "core/crypto/digest.h"
#include "core/crypto/openssl.h"
#include "core/token/jwt.h"

namespace {

std::size_t allocations = 0;  // by operator new, that is: ours, not OpenSSL's

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace authctl;
using crypto::Algorithm;
using crypto::needed;
namespace json = base::json;

constexpr std::int64_t now_seconds = 1767225600;
double seconds_each = 0.2;

struct Spread {
  double median, least, most;
};
Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

// Of this thread, so that what else the machine does is not counted.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Operations a second of processor time; `work` says whether its answer was right.
double rate(const std::function<bool()>& work) {
  const double start = processor_seconds();
  double elapsed = 0;
  std::size_t done = 0;
  for (std::size_t batch = 1; elapsed < seconds_each; batch = std::min<std::size_t>(batch * 2, 256)) {
    for (std::size_t i = 0; i < batch; ++i) {
      if (work()) continue;
      std::fputs("a wrong answer\n", stderr);
      std::exit(1);
    }
    done += batch;
    elapsed = processor_seconds() - start;
  }
  return static_cast<double>(done) / elapsed;
}

json::object claims_of_an_access_token() {
  return {{"iss", "https://auth.example.test"},
          {"sub", "0192f6b0-7c5e-7a31-8d57-0f4b7a1c2d3e"},
          {"aud", "api://orders"},
          {"exp", now_seconds + 900},
          {"iat", now_seconds},
          {"jti", "3f0c9e7ad5"},
          {"type", "access"},
          {"scope", "orders:read orders:write"}};
}

// The bare operation, made as speed.md's limit is: keyed contexts that are used again.
class Raw {
 public:
  Raw(const token::Jwk& key, std::string_view message, base::Bytes signature)
      : algorithm_(key.algorithm()), message_(message), signature_(std::move(signature)) {
    if (algorithm_ == Algorithm::hs256) {
      key_hmac(key);
      return;
    }
    pkey_ = algorithm_ == Algorithm::eddsa ? raw_ed25519(key) : crypto::make_pkey(key.material);
    if (algorithm_ == Algorithm::eddsa) return;
    verify_ = context([](EVP_PKEY_CTX* c) { return EVP_PKEY_verify_init(c); });
    sign_ = context([](EVP_PKEY_CTX* c) { return EVP_PKEY_sign_init(c); });
    if (algorithm_ == Algorithm::es256) {  // OpenSSL's own form of the same key's signature
      std::size_t size = 80;
      der_.resize(size);
      const auto digest = digest_of();
      needed(EVP_PKEY_sign(sign_.get(), der_.data(), &size, digest.data(), digest.size()), "ES256");
      der_.resize(size);
    }
  }
  bool verify() {
    if (algorithm_ == Algorithm::hs256) return mac() && CRYPTO_memcmp(out_, signature_.data(), 32) == 0;
    if (algorithm_ == Algorithm::eddsa) {
      return EVP_DigestVerifyInit_ex(digest_.get(), nullptr, nullptr, nullptr, nullptr, pkey_.get(),
                                     nullptr) == 1 &&
             EVP_DigestVerify(digest_.get(), signature_.data(), signature_.size(), data(), message_.size()) ==
                 1;
    }
    const auto digest = digest_of();
    const auto& signature = algorithm_ == Algorithm::es256 ? der_ : signature_;
    return EVP_PKEY_verify(verify_.get(), signature.data(), signature.size(), digest.data(), digest.size()) ==
           1;
  }
  bool sign() {
    if (algorithm_ == Algorithm::hs256) return mac();
    std::size_t size = sizeof out_;
    if (algorithm_ == Algorithm::eddsa) {
      return EVP_DigestSignInit_ex(digest_.get(), nullptr, nullptr, nullptr, nullptr, pkey_.get(), nullptr) ==
                 1 &&
             EVP_DigestSign(digest_.get(), out_, &size, data(), message_.size()) == 1;
    }
    const auto digest = digest_of();
    return EVP_PKEY_sign(sign_.get(), out_, &size, digest.data(), digest.size()) == 1;
  }

 private:
  const unsigned char* data() const { return reinterpret_cast<const unsigned char*>(message_.data()); }
  crypto::Digest digest_of() const { return crypto::sha256(base::bytes_of(message_)); }
  static crypto::KeyHandle raw_ed25519(const token::Jwk& key) {
    const auto seed = key.material.d.reveal();
    return crypto::KeyHandle(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  }
  void key_hmac(const token::Jwk& key) {
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    mac_.reset(EVP_MAC_CTX_new(crypto::hmac_method()));
    const auto secret = key.material.k.reveal();
    needed(EVP_MAC_init(mac_.get(), secret.data(), secret.size(), params), "HMAC");
  }
  bool mac() {
    std::size_t size = 0;
    return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
           EVP_MAC_update(mac_.get(), data(), message_.size()) == 1 &&
           EVP_MAC_final(mac_.get(), out_, &size, sizeof out_) == 1;
  }
  crypto::KeyContext context(int (*start)(EVP_PKEY_CTX*)) {
    crypto::KeyContext made(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey_.get(), nullptr));
    needed(start(made.get()), "a context");
    if (algorithm_ == Algorithm::rs256)
      needed(EVP_PKEY_CTX_set_rsa_padding(made.get(), RSA_PKCS1_PADDING), "padding");
    needed(EVP_PKEY_CTX_set_signature_md(made.get(), crypto::sha256_method()), "SHA256");
    return made;
  }

  Algorithm algorithm_;
  std::string_view message_;
  base::Bytes signature_, der_;
  crypto::KeyHandle pkey_;
  crypto::KeyContext verify_, sign_;
  crypto::MacContext mac_;
  crypto::DigestContext digest_{EVP_MD_CTX_new()};  // meets this one key only
  unsigned char out_[1024];
};

struct Row {
  Algorithm algorithm;
  const char* verify_goal;
  const char* sign_goal;
};
constexpr Row rows[] = {{Algorithm::hs256, "0.32", "-"},
                        {Algorithm::rs256, "0.91", "0.98"},
                        {Algorithm::es256, "0.96", "0.9"},
                        {Algorithm::eddsa, "1.6", "1.6"}};

void print_row(const char* operation, std::string_view algorithm, const std::vector<double>& raw,
               const std::vector<double>& whole, const char* goal, double per_token) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < raw.size(); ++i) ratios.push_back(whole[i] / raw[i]);
  const auto ratio = spread_of(ratios);
  std::printf("| %s | %.*s | %.0f | %.0f | **%.3f** (%.3f..%.3f) | %s | %.1f |\n", operation,
              static_cast<int>(algorithm.size()), algorithm.data(), spread_of(raw).median,
              spread_of(whole).median, ratio.median, ratio.least, ratio.most, goal, per_token);
}

void measure(const Row& row, int rounds) {
  base::SystemRandom random;
  const auto key = token::generate_jwk(row.algorithm, 0, random);
  const auto claims = claims_of_an_access_token();
  token::Signer signer(key);
  const auto text = signer.sign("at+jwt", claims);
  const auto dot = text.rfind('.');
  Raw raw(key, std::string_view(text).substr(0, dot), *base::decode_base64url(text.substr(dot + 1)));
  auto keys = std::make_shared<token::KeySet>();
  keys->add(key.clone());
  token::Expectations expectations;
  expectations.issuer = "https://auth.example.test";
  expectations.audiences = {"api://orders"};
  expectations.type = "access", expectations.typ = "at+jwt";
  token::Verifier verifier(keys, expectations);
  const auto now = base::from_unix_seconds(now_seconds);
  const auto verify = [&] { return verifier.verify(text, now).ok(); };
  const auto sign = [&] { return signer.sign("at+jwt", claims).size() > dot; };

  const auto allocated = [](const auto& work) {
    work(), work();
    const auto before = allocations;
    for (int i = 0; i < 100; ++i) work();
    return static_cast<double>(allocations - before) / 100;
  };
  const double per_verify = allocated(verify), per_sign = allocated(sign);
  std::vector<double> raw_verify, whole_verify, raw_sign, whole_sign;
  for (int round = 0; round < rounds; ++round) {
    raw_verify.push_back(rate([&] { return raw.verify(); }));
    whole_verify.push_back(rate(verify));
    raw_sign.push_back(rate([&] { return raw.sign(); }));
    whole_sign.push_back(rate(sign));
  }
  print_row("verify", key.alg(), raw_verify, whole_verify, row.verify_goal, per_verify);
  print_row("sign", key.alg(), raw_sign, whole_sign, row.sign_goal, per_sign);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 7;
  if (argc > 2) seconds_each = std::atof(argv[2]);
  std::puts(
      "| operation | algorithm | OpenSSL alone, ops/s | authctl, tokens/s | ratio, median (range) | goal | "
      "allocations |");
  std::puts("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
  for (const auto& row : rows) measure(row, rounds);
}
