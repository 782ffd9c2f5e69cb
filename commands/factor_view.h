// What verbs of second factors have in common: the answer to a code.
#pragma once
#include "commands/command.h"
#include "core/service/policies.h"
#include "core/service/second_factor.h"

namespace authctl::commands {

inline constexpr int code_refused = 4;

// Error locked, or denied where there is nothing that a code could be one of; a wrong one is an answer.
void refuse_unverified(const service::CodeCheck& check);
// The reason as a word that a person reads: "the code is not right".
std::string_view phrase_of(service::Refusal refusal);

}  // namespace authctl::commands
