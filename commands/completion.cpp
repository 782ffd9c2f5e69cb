#include "commands/command.h"

namespace authctl::commands {
namespace {

constexpr Field completion_fields[] = {
    {"shell", FieldType::text, false, "bash, zsh or fish", ""},
    {"script", FieldType::text, false, "what the shell is to read", ""},
};
constexpr Shape completion_shape{"completion", "", completion_fields};

void declare_shell(Noun& noun, const std::string& shell, const std::string& summary, const std::string& place,
                   const std::string& now) {
  noun.verb(
      shell, summary, &completion_shape,
      {.examples = {"authctl completion " + shell + " > " + place, now},
       .more = "The script holds every noun, verb, option and choice. Names of users, roles, permissions, "
               "keys, sessions and clients are asked of the store when they are needed. The package "
               "installs it already.",
       .opens_store = false},
      [shell](Invocation& in) {
        std::string script = in.reference("completion " + shell);
        base::json::object data{{"shell", shell}, {"script", script}};
        return Output::bytes(std::move(script), completion_shape, std::move(data));
      });
}

}  // namespace

void declare_completion(Noun& noun) {
  declare_shell(noun, "bash", "Completion for bash", "~/.local/share/bash-completion/completions/authctl",
                "authctl completion bash | sudo tee /usr/share/bash-completion/completions/authctl");
  declare_shell(noun, "zsh", "Completion for zsh", "\"${fpath[1]}/_authctl\"",
                "authctl completion zsh | sudo tee /usr/share/zsh/vendor-completions/_authctl");
  declare_shell(noun, "fish", "Completion for fish", "~/.config/fish/completions/authctl.fish",
                "authctl completion fish | source");
}

}  // namespace authctl::commands
