// The two ends of a byte stream: a socket, with TLS over it or without.
// Invariant: a failed or ended stream answers every later call at once; nothing here throws for what the peer
// does.
//
// OpenSSL works on the descriptor itself, without buffers of ours beside its own (which it gives back while
// idle): ten thousand idle connections are to be cheap.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <span>
#include <string_view>

#include "core/server/tls.h"

namespace authctl::server {

class Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  explicit Stream(Socket socket) : socket_(std::move(socket)) {}

  // Makes it a TLS stream; false where the handshake fails.
  boost::asio::awaitable<bool> handshake(const TlsContext& context);
  // 0: the peer has ended it, or it failed, or it was cancelled. `room` is written to only right before it
  // returns, never while it waits: all connections of a thread may share one room.
  boost::asio::awaitable<std::size_t> read_some(std::span<char> room);
  boost::asio::awaitable<bool> write(std::string_view bytes);
  // Says that nothing more comes, and reads away what is still on its way (up to `most` bytes), so that the
  // last answer is not lost to a reset (RFC 9112 section 9.6).
  boost::asio::awaitable<void> end(std::size_t most);

  // Ends what is being waited for; the stream itself stays.
  void cancel();
  void close();
  bool is_open() const { return socket_.is_open(); }
  bool is_tls() const { return tls_ != nullptr; }

 private:
  boost::asio::awaitable<bool> wait_for_tls(int result);
  boost::asio::awaitable<std::size_t> read_plain(std::span<char> room);

  Socket socket_;
  TlsHandle tls_;
};

}  // namespace authctl::server
