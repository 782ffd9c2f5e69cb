// A long secret stream in pieces: XChaCha20-Poly1305 secretstream (libsodium,
// https://doc.libsodium.org/secret-key_cryptography/secretstream). Invariant: pieces open in the order in
// which they were sealed, each for the same `context`, and only a stream that was finished has an end; a
// piece that is missing, moved, altered or from another stream does not open.
#pragma once
#include <memory>

#include "core/base/encoding.h"
#include "core/base/secret.h"

namespace authctl::crypto {

inline constexpr std::size_t stream_head_size = 24;
inline constexpr std::size_t stream_piece_overhead = 17;

struct StreamState;

class StreamSealer {
 public:
  // `key`: 32 bytes. The random head comes from libsodium, which asks the operating system.
  StreamSealer(const base::Secret& key, base::Bytes context);
  ~StreamSealer();
  StreamSealer(const StreamSealer&) = delete;
  StreamSealer& operator=(const StreamSealer&) = delete;
  const base::Bytes& head() const { return head_; }
  // The sealed piece, stream_piece_overhead bytes longer; good until the next call.
  base::ByteView seal(base::ByteView piece, bool is_last);

 private:
  std::unique_ptr<StreamState> state_;
  base::Bytes context_, head_, sealed_;
};

class StreamOpener {
 public:
  // Error unverified where the head is none.
  StreamOpener(const base::Secret& key, base::ByteView head, base::Bytes context);
  ~StreamOpener();
  StreamOpener(const StreamOpener&) = delete;
  StreamOpener& operator=(const StreamOpener&) = delete;
  // The piece in the clear, good until the next call. Error unverified where it does not open.
  base::ByteView open(base::ByteView sealed);
  bool at_end() const { return at_end_; }  // the last piece was opened

 private:
  std::unique_ptr<StreamState> state_;
  base::Bytes context_;
  base::Secret piece_;
  bool at_end_ = false;
};

}  // namespace authctl::crypto
