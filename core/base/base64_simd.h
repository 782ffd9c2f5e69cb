// The long middle of base64url in 32-character steps. Encoding and decoding start here and leave the rest,
// and every decision about what is accepted, to the plain code in encoding.cpp. Invariant: a step is taken
// only for input that the plain code treats the same way, and never touches a byte outside the two buffers;
// where the processor has no AVX2 no step is taken. RFC 4648 section 5.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace authctl::base {

// Which code runs: `automatic` asks the processor once. `plain` is for tests and benchmarks.
enum class Base64Engine { automatic, plain };
void use_base64_engine(Base64Engine engine);
bool base64_has_vectors();

// Encodes whole groups of three bytes from the front; gives how many bytes it took (a multiple of 3). `out`
// holds at least bytes / 3 * 4 characters.
std::size_t encode_base64url_groups(std::span<const std::uint8_t> bytes, char* out);

// Decodes whole groups of four characters from the front, up to the first step that holds anything else;
// gives how many characters it took (a multiple of 4). `out` holds at least text / 4 * 3 bytes.
std::size_t decode_base64url_groups(std::string_view text, std::uint8_t* out);

}  // namespace authctl::base
