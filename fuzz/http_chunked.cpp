// A chunked body, in one piece and byte by byte: the same verdict, the same bytes, and never more than the
// limit.
#include "core/server/chunked.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  constexpr std::uint64_t limit = 300;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  server::ChunkedBody whole(limit), pieces(limit);
  std::size_t taken = 0;
  const auto first = whole.feed(bytes);
  for (std::size_t i = 0; i < size && pieces.state() == server::ChunkedBody::State::incomplete; ++i)
    taken += pieces.feed(bytes.substr(i, 1));
  fuzz::claim(first <= size, "more was taken than came");
  fuzz::claim(whole.state() == pieces.state(), "the verdict depends on the pieces it comes in");
  fuzz::claim(whole.status() == pieces.status(), "the status depends on the pieces it comes in");
  fuzz::claim(whole.body().size() <= limit, "a body above the limit");
  if (whole.state() != server::ChunkedBody::State::complete) return 0;
  fuzz::claim(first == taken, "the end depends on the pieces it comes in");
  fuzz::claim(whole.body() == pieces.body(), "the bytes depend on the pieces they come in");
  return 0;
}
