#include "core/server/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace authctl::server {
namespace {
namespace asio = boost::asio;
constexpr auto as_value = asio::as_tuple(asio::use_awaitable);
}  // namespace

asio::awaitable<bool> Stream::wait_for_tls(int result) {
  const int why = SSL_get_error(tls_.get(), result);
  const auto wanted = why == SSL_ERROR_WANT_READ    ? Socket::wait_read
                      : why == SSL_ERROR_WANT_WRITE ? Socket::wait_write
                                                    : Socket::wait_error;
  if (wanted == Socket::wait_error) {
    ERR_clear_error();
    co_return false;
  }
  const auto [error] = co_await socket_.async_wait(wanted, as_value);
  co_return !error;
}

asio::awaitable<bool> Stream::handshake(const TlsContext& context) {
  boost::system::error_code error;
  socket_.non_blocking(true, error);
  tls_ = context.accept(socket_.native_handle());
  if (error || !tls_) co_return false;
  while (true) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls_.get());
    if (result == 1) co_return true;
    if (!co_await wait_for_tls(result)) co_return false;
  }
}

asio::awaitable<std::size_t> Stream::read_plain(std::span<char> room) {
  while (true) {
    const auto got = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (got >= 0) co_return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return 0;
    const auto [error] = co_await socket_.async_wait(Socket::wait_read, as_value);
    if (error) co_return 0;
  }
}

asio::awaitable<std::size_t> Stream::read_some(std::span<char> room) {
  if (!tls_) co_return co_await read_plain(room);
  while (true) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(tls_.get(), room.data(), room.size(), &size);
    if (result == 1) co_return size;
    if (!co_await wait_for_tls(result)) co_return 0;
  }
}

asio::awaitable<bool> Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t size = 0;
    if (tls_) {
      ERR_clear_error();
      const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &size);
      if (result != 1) {
        if (!co_await wait_for_tls(result)) co_return false;
        continue;
      }
    } else {
      const auto sent =
          ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) co_return false;
        const auto [error] = co_await socket_.async_wait(Socket::wait_write, as_value);
        if (error) co_return false;
        continue;
      }
      size = static_cast<std::size_t>(sent);
    }
    bytes.remove_prefix(size);
  }
  co_return true;
}

asio::awaitable<void> Stream::end(std::size_t most) {
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());  // RFC 8446 section 6.1: close_notify; the peer's is not waited for
    ERR_clear_error();
  }
  boost::system::error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  std::array<char, 4096> away;
  while (!error && most > 0) {
    const std::size_t size = co_await read_plain(away);
    if (size == 0) break;
    most -= std::min(most, size);
  }
  close();
}

void Stream::cancel() {
  boost::system::error_code error;
  socket_.cancel(error);
}

void Stream::close() {
  boost::system::error_code error;
  socket_.close(error);
}

}  // namespace authctl::server
