// A certificate as far as whoever looks after a server asks about it: until when, and for which names.
// Invariant: nothing is trusted here; chains and signatures are judged by whoever connects.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

struct x509_st;

namespace authctl::crypto {

struct CertificateFree {
  void operator()(x509_st* certificate) const noexcept;
};

class Certificate {
 public:
  // The first of a PEM text; nothing where there is none that can be read.
  static std::optional<Certificate> from_pem(std::string_view pem);

  base::Timestamp expires_at() const;
  // RFC 6125 section 6.4: a name, or the text of an address.
  bool covers(const std::string& host) const;

 private:
  explicit Certificate(std::unique_ptr<x509_st, CertificateFree> held) : held_(std::move(held)) {}
  std::unique_ptr<x509_st, CertificateFree> held_;
};

}  // namespace authctl::crypto
