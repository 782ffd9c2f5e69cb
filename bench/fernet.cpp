// Fernet against the cipher alone: the same AES-128-CBC and HMAC-SHA256 calls of OpenSSL, with a random IV,
// without encoding or checks, in the same run (goal P4: encrypt 0.9, decrypt 0.8 of it). Rounds are
// interleaved; medians.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>

#include "core/base/base64_simd.h"
#include "core/service/reencryption.h"
#include "core/token/fernet.h"

using namespace authctl;

namespace {

using Watch = std::chrono::steady_clock;
constexpr int rounds = 7;
constexpr int stream_rounds = 9;
constexpr int stream_tokens = 800'000;  // a second's work: starting threads counts for nothing

// Of this thread's own time, so that what else the machine does counts as little as it can.
double now_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double per_second(const std::function<void()>& work) {
  long batch = 1, count = 0;
  const double start = now_seconds();
  double seconds = 0;
  do {
    const double begun = now_seconds();
    for (long i = 0; i < batch; ++i) work();
    count += batch;
    const double ended = now_seconds();
    if (ended - begun < 0.002) batch *= 2;
    seconds = ended - start;
  } while (seconds < 0.1);
  return static_cast<double>(count) / seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// What any Fernet has to do, with everything made ready beforehand.
class CipherAlone {
 public:
  explicit CipherAlone(std::size_t size) : plain_(size, 'x'), raw_(size + 128), out_(size + 64) {
    std::uint8_t key[32];
    RAND_bytes(key, sizeof key);
    auto* cipher = EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
    EVP_EncryptInit_ex2(encryption_, cipher, key, nullptr, nullptr);
    EVP_DecryptInit_ex2(decryption_, cipher, key, nullptr, nullptr);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                     OSSL_PARAM_construct_end()};
    EVP_MAC_init(mac_, key + 16, 16, parameters);
  }
  void encrypt() {
    std::uint8_t iv[16];
    RAND_bytes(iv, 16);
    std::memcpy(raw_.data() + 9, iv, 16);
    int first = 0, last = 0;
    EVP_EncryptInit_ex2(encryption_, nullptr, nullptr, iv, nullptr);
    EVP_EncryptUpdate(encryption_, raw_.data() + 25, &first, plain_.data(), static_cast<int>(plain_.size()));
    EVP_EncryptFinal_ex(encryption_, raw_.data() + 25 + first, &last);
    size_ = static_cast<std::size_t>(25 + first + last);
    sign(raw_.data() + size_);
  }
  void decrypt() {
    std::uint8_t mac[32];
    sign(mac);
    if (CRYPTO_memcmp(mac, raw_.data() + size_, sizeof mac) != 0) std::abort();
    int first = 0, last = 0;
    EVP_DecryptInit_ex2(decryption_, nullptr, nullptr, raw_.data() + 9, nullptr);
    EVP_DecryptUpdate(decryption_, out_.data(), &first, raw_.data() + 25, static_cast<int>(size_ - 25));
    EVP_DecryptFinal_ex(decryption_, out_.data() + first, &last);
  }

 private:
  void sign(std::uint8_t* out) {
    std::size_t length = 0;
    EVP_MAC_init(mac_, nullptr, 0, nullptr);
    EVP_MAC_update(mac_, raw_.data(), size_);
    EVP_MAC_final(mac_, out, &length, 32);
  }
  EVP_CIPHER_CTX* encryption_ = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX* decryption_ = EVP_CIPHER_CTX_new();
  EVP_MAC_CTX* mac_ = EVP_MAC_CTX_new(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  base::Bytes plain_, raw_, out_;
  std::size_t size_ = 0;
};

void measure(std::size_t size) {
  CipherAlone alone(size);
  base::SystemRandom random;
  token::FernetRing ring;
  ring.add(token::make_fernet_key(random), "bench");
  const base::Bytes plain(size, 'x');
  base::Bytes buffer;
  std::string token;
  const auto encrypt = [&] {
    std::array<std::uint8_t, 16> iv;
    random.fill(iv);
    ring.encrypt(plain, 1, iv, token);
  };
  const auto decrypt = [&] {
    if (!ring.open(token, {}, buffer).ok()) std::abort();
  };
  std::map<std::string, std::vector<double>> ratios;
  std::vector<double> limits[2];
  for (int round = 0; round < rounds; ++round) {
    for (const auto engine : {base::Base64Engine::automatic, base::Base64Engine::plain}) {
      base::use_base64_engine(engine);
      const std::string name = engine == base::Base64Engine::plain ? "plain" : "vector";
      const double limit_encrypt = per_second([&] { alone.encrypt(); });
      ratios["encrypt " + name].push_back(per_second(encrypt) / limit_encrypt);
      const double limit_decrypt = per_second([&] { alone.decrypt(); });
      ratios["decrypt " + name].push_back(per_second(decrypt) / limit_decrypt);
      limits[0].push_back(limit_encrypt);
      limits[1].push_back(limit_decrypt);
    }
  }
  base::use_base64_engine(base::Base64Engine::automatic);
  std::printf("%8zu  cipher alone: encrypt %.0f/s decrypt %.0f/s\n", size, median(limits[0]),
              median(limits[1]));
  for (const auto& [name, values] : ratios) {
    std::printf("          %-15s %.3f (%.3f..%.3f) of it\n", name.c_str(), median(values),
                *std::min_element(values.begin(), values.end()),
                *std::max_element(values.begin(), values.end()));
  }
}

class MemorySource final : public base::ByteSource {
 public:
  explicit MemorySource(std::string_view text) : rest_(text) {}
  std::size_t read(std::span<char> out) override {
    const std::size_t count = std::min(out.size(), rest_.size());
    std::memcpy(out.data(), rest_.data(), count);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
};

void measure_stream() {
  base::SystemRandom random;
  token::FernetRing old_ring, ring;
  const auto old_key = token::make_fernet_key(random);
  old_ring.add(old_key, "old");
  ring.add(token::make_fernet_key(random), "new");
  ring.add(old_key, "old");
  std::string input, token;
  for (int i = 0; i < stream_tokens; ++i) {
    std::array<std::uint8_t, 16> iv;
    random.fill(iv);
    old_ring.encrypt(base::Bytes(200, 'x'), 1, iv, token);
    input += token + "\n";
  }
  std::vector<double> speeds[2], ratios;
  for (int round = 0; round < stream_rounds; ++round) {
    for (const unsigned jobs : {1u, 2u}) {
      service::ReencryptionRequest request;
      request.jobs = jobs;
      service::StreamHooks hooks;
      hooks.write = [](std::string_view) {};
      MemorySource source(input);
      const auto start = Watch::now();
      if (service::reencrypt(source, ring, random, request, hooks).rotated != stream_tokens) std::abort();
      speeds[jobs - 1].push_back(stream_tokens / std::chrono::duration<double>(Watch::now() - start).count());
    }
    ratios.push_back(speeds[1].back() / speeds[0].back());
  }
  std::printf("stream of 200 B tokens: one thread %.0f/s, two %.0f/s, %.2f times (%.2f..%.2f)\n",
              median(speeds[0]), median(speeds[1]), median(ratios),
              *std::min_element(ratios.begin(), ratios.end()),
              *std::max_element(ratios.begin(), ratios.end()));
}

// The reference that most people use, in the same minute.
void measure_python() {
  std::printf("python cryptography:\n");
  std::fflush(stdout);
  const char* program =
      "/usr/bin/python3 -c \"\nimport os,time\nfrom cryptography.fernet import "
      "Fernet\nf=Fernet(Fernet.generate_key())\n"
      "def run(w):\n t=time.perf_counter();n=0\n while time.perf_counter()-t<0.5:\n  w();n+=1\n return "
      "n/(time.perf_counter()-t)\n"
      "for s in (100,1024,1<<20):\n m=os.urandom(s);k=f.encrypt(m)\n"
      " print('%8d  encrypt %.0f/s decrypt "
      "%.0f/s'%(s,run(lambda:f.encrypt(m)),run(lambda:f.decrypt(k))))\n\"";
  if (std::system(program) != 0) std::printf("  not installed\n");
}

}  // namespace

// bench_fernet [stream]: the stream alone.
int main(int argc, char** argv) {
  const bool stream_alone = argc > 1 && std::string_view(argv[1]) == "stream";
  if (!stream_alone)
    for (const std::size_t size : {100u, 1024u, 1u << 20}) measure(size);
  measure_stream();
  if (!stream_alone) measure_python();
}
