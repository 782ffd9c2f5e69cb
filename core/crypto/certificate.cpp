#include "core/crypto/certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "core/crypto/openssl.h"

namespace authctl::crypto {

void CertificateFree::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }

std::optional<Certificate> Certificate::from_pem(std::string_view pem) {
  start_openssl();
  const std::unique_ptr<BIO, FreeWith<BIO_free>> text(
      needed(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), "certificate"));
  std::unique_ptr<x509_st, CertificateFree> held(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  forget_openssl_errors();
  if (!held) return std::nullopt;
  return Certificate(std::move(held));
}

base::Timestamp Certificate::expires_at() const {
  std::tm parts{};
  needed(ASN1_TIME_to_tm(X509_get0_notAfter(held_.get()), &parts), "certificate");
  return base::from_unix_seconds(::timegm(&parts));
}

bool Certificate::covers(const std::string& host) const {
  const bool found = X509_check_host(held_.get(), host.c_str(), host.size(), 0, nullptr) == 1 ||
                     X509_check_ip_asc(held_.get(), host.c_str(), 0) == 1;
  forget_openssl_errors();
  return found;
}

}  // namespace authctl::crypto
