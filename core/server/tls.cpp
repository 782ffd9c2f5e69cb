#include "core/server/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <filesystem>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/crypto/openssl.h"

namespace authctl::server {
namespace {

using base::Error;
using base::ErrorCode;
using crypto::FreeWith;
using crypto::needed;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

constexpr long dev_days = 30;
constexpr long day_seconds = 24L * 60 * 60;

std::unique_ptr<ssl_ctx_st, TlsFree> make_context() {
  crypto::start_openssl();
  std::unique_ptr<ssl_ctx_st, TlsFree> context(needed(SSL_CTX_new(TLS_server_method()), "TLS context"));
  needed(static_cast<int>(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION)), "TLS version");
  // Forward secrecy and AEAD only (RFC 9325 section 4.2).
  needed(SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20"), "TLS ciphers");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

[[noreturn]] void refuse_file(const std::string& file, const std::string& why) {
  crypto::forget_openssl_errors();
  throw Error(ErrorCode::invalid, base::quote(file) + " " + why, "openssl x509 -in FILE -noout -text");
}

void add_extension(X509* certificate, int which, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> extension(
      needed(X509V3_EXT_conf_nid(nullptr, &context, which, value), "extension"));
  needed(X509_add_ext(certificate, extension.get(), -1), "extension");
}

Certificate make_certificate(EVP_PKEY* key, base::Timestamp now) {
  Certificate certificate(needed(X509_new(), "certificate"));
  X509* raw = certificate.get();
  const std::time_t seconds = base::to_unix_seconds(now);
  needed(X509_set_version(raw, X509_VERSION_3), "certificate");
  needed(ASN1_INTEGER_set_int64(X509_get_serialNumber(raw), seconds), "certificate");
  needed(ASN1_TIME_set(X509_getm_notBefore(raw), seconds - day_seconds) != nullptr, "certificate");
  needed(ASN1_TIME_set(X509_getm_notAfter(raw), seconds + dev_days * day_seconds) != nullptr, "certificate");
  X509_NAME* name = X509_get_subject_name(raw);
  const auto* text = reinterpret_cast<const unsigned char*>("authctl development");
  needed(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0), "certificate");
  needed(X509_set_issuer_name(raw, name), "certificate");
  needed(X509_set_pubkey(raw, key), "certificate");
  add_extension(raw, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  add_extension(raw, NID_basic_constraints, "critical,CA:TRUE");  // so that a client can be told to trust it
  needed(X509_sign(raw, key, EVP_sha256()), "certificate");
  return certificate;
}

}  // namespace

void TlsFree::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }
void TlsFree::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

TlsContext::TlsContext(Context context) : context_(std::move(context)) {
  const X509* certificate = SSL_CTX_get0_certificate(context_.get());
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  needed(X509_digest(certificate, EVP_sha256(), digest.data(), &size), "fingerprint");
  fingerprint_ = base::encode_hex({digest.data(), size});
  std::tm parts{};
  needed(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts), "certificate");
  expires_at_ = base::from_unix_seconds(::timegm(&parts));
}

std::shared_ptr<const TlsContext> TlsContext::from_files(const std::string& certificate,
                                                         const std::string& key) {
  for (const auto* file : {&certificate, &key}) {
    std::error_code unknown;
    if (std::filesystem::status(*file, unknown).type() == std::filesystem::file_type::not_found)
      throw Error(ErrorCode::not_found, "no file " + base::quote(*file),
                  "the path of a file in PEM, or --dev");
  }
  auto context = make_context();
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1)
    refuse_file(certificate, "holds no certificate in PEM that can be read");
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    refuse_file(key, "holds no private key in PEM that can be read and fits the certificate");
  if (SSL_CTX_check_private_key(context.get()) != 1) refuse_file(key, "is not the key of the certificate");
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

std::shared_ptr<const TlsContext> TlsContext::self_signed(base::Timestamp now) {
  auto context = make_context();
  const crypto::KeyHandle key(needed(EVP_EC_gen("P-256"), "key of the development certificate"));
  const auto certificate = make_certificate(key.get(), now);
  needed(SSL_CTX_use_certificate(context.get(), certificate.get()), "certificate");
  needed(SSL_CTX_use_PrivateKey(context.get(), key.get()), "certificate");
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

TlsHandle TlsContext::accept(int descriptor) const {
  TlsHandle tls(SSL_new(context_.get()));
  if (!tls || SSL_set_fd(tls.get(), descriptor) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  SSL_set_accept_state(tls.get());
  return tls;
}

}  // namespace authctl::server
