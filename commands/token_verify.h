// `token verify`, and what the other verbs of `token` share with it.
#pragma once
#include <string>

#include "commands/command.h"
#include "core/token/jwt.h"

namespace authctl::commands {

inline constexpr std::size_t max_token_bytes = 16384;

void declare_token_verify(Noun& noun);

// A token from a file or standard input, without its one trailing newline. Whoever hands over more than
// `max_bytes` gets one byte more than them back: enough to see that it is too long, and never held whole.
std::string read_token(Invocation& in, const std::string& file, std::size_t max_bytes);

// AUTHCTL_AUDIENCE, or the issuer.
std::string default_audience(const base::Settings& settings);

}  // namespace authctl::commands
