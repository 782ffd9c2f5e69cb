#include "core/crypto/secret_stream.h"

#include <sodium.h>

#include "core/base/error.h"

namespace authctl::crypto {

static_assert(stream_head_size == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(stream_piece_overhead == crypto_secretstream_xchacha20poly1305_ABYTES);

struct StreamState {
  crypto_secretstream_xchacha20poly1305_state raw{};
  ~StreamState() { sodium_memzero(&raw, sizeof raw); }
};

namespace {

void require_key(const base::Secret& key) {
  if (key.size() == crypto_secretstream_xchacha20poly1305_KEYBYTES) return;
  throw base::Error(base::ErrorCode::internal, "a stream key has 32 bytes");
}

[[noreturn]] void refuse() {
  throw base::Error(base::ErrorCode::unverified, "it does not open: another key, or it was altered or cut",
                    "another copy of it, and the key that it was made with");
}

}  // namespace

StreamSealer::StreamSealer(const base::Secret& key, base::Bytes context)
    : state_(std::make_unique<StreamState>()), context_(std::move(context)), head_(stream_head_size) {
  require_key(key);
  crypto_secretstream_xchacha20poly1305_init_push(&state_->raw, head_.data(), key.reveal().data());
}

StreamSealer::~StreamSealer() = default;

base::ByteView StreamSealer::seal(base::ByteView piece, bool is_last) {
  sealed_.resize(piece.size() + stream_piece_overhead);
  const unsigned char tag = is_last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                    : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  crypto_secretstream_xchacha20poly1305_push(&state_->raw, sealed_.data(), nullptr, piece.data(),
                                             piece.size(), context_.data(), context_.size(), tag);
  return sealed_;
}

StreamOpener::StreamOpener(const base::Secret& key, base::ByteView head, base::Bytes context)
    : state_(std::make_unique<StreamState>()), context_(std::move(context)) {
  require_key(key);
  if (head.size() != stream_head_size ||
      crypto_secretstream_xchacha20poly1305_init_pull(&state_->raw, head.data(), key.reveal().data()) != 0)
    refuse();
}

StreamOpener::~StreamOpener() = default;

base::ByteView StreamOpener::open(base::ByteView sealed) {
  if (at_end_ || sealed.size() < stream_piece_overhead) refuse();
  const std::size_t size = sealed.size() - stream_piece_overhead;
  if (piece_.size() < size) piece_ = base::Secret::zeroed(size);
  unsigned char tag = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(&state_->raw, piece_.writable().data(), nullptr, &tag,
                                                 sealed.data(), sealed.size(), context_.data(),
                                                 context_.size()) != 0)
    refuse();
  at_end_ = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  return piece_.reveal().first(size);
}

}  // namespace authctl::crypto
