// Which process this is, in a text that another process can judge later: does it still run? And how much of
// the machine it takes. Invariant: a number that was given to another process since is not taken for the same
// one, and a process of another machine or container is not judged at all.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace authctl::base {

std::string this_process();
// Nothing where it cannot be told from here.
std::optional<bool> is_running(std::string_view process);

// From now on this thread takes of processor and disk what others leave, but is never starved: long work
// beside a server that is to go on answering.
void stand_back();

}  // namespace authctl::base
