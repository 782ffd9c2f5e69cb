#include "core/server/head.h"

#include <catch2/catch.hpp>

#include "core/server/chunked.h"

namespace authctl::server {
namespace {

HeadScan scan(std::string_view bytes, Head& head) { return scan_head(bytes, head); }
int status_of(const std::string& lines) {
  Head head;
  return scan("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n", head).status;
}

TEST_CASE("a head is read to its last byte, and what stands behind it is left") {
  Head head;
  const std::string bytes =
      "POST /auth/login?mode=token HTTP/1.1\r\nHost: auth.example.com:8443\r\nContent-Length: 5\r\n"
      "X-CSRF-Token: \t abc \r\nconnection: keep-alive\r\n\r\nhello";
  const auto found = scan(bytes, head);
  REQUIRE(found.state == HeadScan::State::complete);
  CHECK(bytes.substr(found.size) == "hello");
  CHECK(head.method == "POST");
  CHECK(head.path == "/auth/login");
  CHECK(head.query == "mode=token");
  CHECK(head.content_length == 5);
  CHECK(head.get(Known::csrf_token) == "abc");
  CHECK(head.keep_alive);
}

TEST_CASE("a head that is cut anywhere is incomplete, and complete at its last byte only") {
  const std::string bytes = "\r\nGET http://a/x?y HTTP/1.0\r\nHost: a\r\nA: b\r\nConnection: close\r\n\r\n";
  Head head;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    CHECK(scan(std::string_view(bytes).substr(0, size), head).state == HeadScan::State::incomplete);
  }
  CHECK(scan(bytes, head).state == HeadScan::State::complete);
  CHECK(head.path == "/x");
  CHECK_FALSE(head.keep_alive);
}

TEST_CASE("whatever two parsers could read differently is refused") {
  const auto refused = GENERATE(
      "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5, 5\r\n", "Content-Length: +5\r\n",
      "Content-Length: 0x5\r\n", "Content-Length: \r\n",
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer_Encoding: chunked\r\n", "Content_Length: 5\r\n", "Transfer-Encoding : chunked\r\n",
      "A: b\r\n folded\r\n", "A: b\n", "A: b\rc\r\n", ": b\r\n", "A b: c\r\n", "Host: b\r\n",
      "Authorization: a\r\nAuthorization: b\r\n", "A\r\n", "Cookie: a=b\r\nCookie: c=d\r\n");
  INFO(refused);
  CHECK(status_of(refused) == 400);
}

TEST_CASE("limits have statuses of their own") {
  CHECK(status_of("A: " + std::string(20'000, 'a') + "\r\n") == 431);
  CHECK(status_of("Content-Length: 65537\r\n") == 413);
  CHECK(status_of("Content-Length: 99999999999999999999999\r\n") == 413);
  CHECK(status_of("Expect: miracles\r\n") == 417);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "A: b\r\n";
  CHECK(status_of(many) == 431);
  Head head;
  CHECK(scan("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n", head).status == 414);
  CHECK(scan("GET / HTTP/2.0\r\nHost: a\r\n\r\n", head).status == 505);
  CHECK(scan("GET / HTTP/1.1\r\n\r\n", head).status == 400);
  CHECK(scan("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", head).status == 400);
  CHECK(scan("GET https:// HTTP/1.0\r\n\r\n", head).status == 400);
}

ChunkedBody read(std::string_view bytes, std::size_t piece, std::size_t& taken) {
  ChunkedBody body(16);
  taken = 0;
  while (taken < bytes.size() && body.state() == ChunkedBody::State::incomplete)
    taken += body.feed(bytes.substr(taken, piece));
  return body;
}

TEST_CASE("a chunked body is the same however it is cut into pieces") {
  const std::string_view bytes = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\nGET /";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    std::size_t taken = 0;
    auto body = read(bytes, piece, taken);
    REQUIRE(body.state() == ChunkedBody::State::complete);
    CHECK(body.body() == "hello world");
    CHECK(bytes.substr(taken) == "GET /");
  }
}

TEST_CASE("a chunk that is not framed to the letter is refused") {
  const auto bytes = GENERATE("+5\r\nhello\r\n", "0x5\r\nhello\r\n", "5 \r\nhello\r\n", "5\nhello\r\n",
                              "5\r\nhello\n", "-2\r\n", "ffffffffffffffff\r\n", "5\r\nhelloX\r\n",
                              "0\r\nA: b\r\n\r\n", "\r\n", "5;a\nb\r\n", "g\r\n", "000000005\r\n");
  INFO(bytes);
  std::size_t taken = 0;
  CHECK(read(bytes, 100, taken).status() == 400);
  CHECK(read("11\r\n", 100, taken).status() == 413);  // 17 bytes where 16 are the limit
}

}  // namespace
}  // namespace authctl::server
