// What verbs of second factors have in common: the answer to a code, and where a secret goes.
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

// A file that a secret is written to: --png, --svg, --out, and --force to write over one that exists.
struct SecretFile {
  std::string path;
  bool force = false;
};
// Asks, and refuses what exists, before anything is made.
void prepare(Invocation& in, const SecretFile& file);
void write(const SecretFile& file, std::string_view content);

}  // namespace authctl::commands
