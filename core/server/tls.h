// TLS 1.2 and 1.3 by OpenSSL: certificate and key from files, or made on the spot for --dev.
// Invariant: a context is immutable; SIGHUP makes another one, and connections keep the one they began with.
// No renegotiation, no compression, no tickets that outlive the process.
#pragma once
#include <memory>
#include <string>

#include "core/base/clock.h"

struct ssl_st;
struct ssl_ctx_st;

namespace authctl::server {

struct TlsFree {
  void operator()(ssl_st* tls) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
};
using TlsHandle = std::unique_ptr<ssl_st, TlsFree>;

class TlsContext {
 public:
  // PEM files: the certificate with its chain, and its key. Error invalid or io, with the file's name.
  static std::shared_ptr<const TlsContext> from_files(const std::string& certificate, const std::string& key);
  // Self-signed, for localhost and the loopback addresses, 30 days from `now`; only in memory.
  static std::shared_ptr<const TlsContext> self_signed(base::Timestamp now);

  // The server's half of a connection on this descriptor, before its handshake.
  TlsHandle accept(int descriptor) const;
  const std::string& fingerprint() const { return fingerprint_; }  // SHA-256 of the certificate, hexadecimal
  base::Timestamp expires_at() const { return expires_at_; }

 private:
  using Context = std::unique_ptr<ssl_ctx_st, TlsFree>;
  explicit TlsContext(Context context);

  Context context_;
  std::string fingerprint_;
  base::Timestamp expires_at_{};
};

}  // namespace authctl::server
