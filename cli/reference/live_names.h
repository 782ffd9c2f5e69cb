// Names that only the store knows, for completions: `authctl __complete SOURCE PREFIX [WORD…]` prints them a
// line each, with a word about each behind a tab. Invariant: it is asked at every press of a key, so it says
// nothing when something goes wrong, never asks, never waits long, and changes nothing.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cli/run.h"

namespace authctl::cli {

inline constexpr std::string_view live_names_word = "__complete";

// Where the values of an argument or option come from: "users", "roles", "permissions", "kids", "sessions",
// "clients", "nouns"; empty where they are not live.
std::string live_source(std::string_view noun, std::string_view verb, std::string_view name,
                        std::string_view placeholder);

// `arguments` behind the hidden word. The words of the line tell the store and the settings that it names.
int print_live_names(std::span<const std::string> arguments, World& world);

}  // namespace authctl::cli
