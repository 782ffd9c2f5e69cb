#include <array>

#include "commands/command.h"

namespace authctl::commands {

void declare_version(Noun& noun);

namespace {
constexpr std::array table{
    NounEntry{"version", "print the version", declare_version},
};
}  // namespace

std::span<const NounEntry> nouns() { return table; }

}  // namespace authctl::commands
