#include <array>

#include "commands/command.h"

namespace authctl::commands {

void declare_config(Noun& noun);
void declare_version(Noun& noun);

namespace {
constexpr std::array table{
    NounEntry{"config", "Settings and where they come from", declare_config},
    NounEntry{"version", "Version, build and libraries", declare_version},
};
}  // namespace

std::span<const NounEntry> nouns() { return table; }

}  // namespace authctl::commands
