#include "cli/reference/completion_data.h"
#include "cli/reference/pages.h"

namespace authctl::cli {
namespace {

constexpr const char* head =
    R"sh(# Completion of authctl for fish. Made by `authctl completion fish`; do not edit.
# To use it: authctl completion fish > ~/.config/fish/completions/authctl.fish
# An item is "NAME VALUES|ABOUT", with + before what may be given again. VALUES: nothing for a flag, ? any text,
# =a b these words, / a file, @users what the store knows.

)sh";

constexpr const char* body = R"sh(
# The values of the option that was typed into `spec`, its name into `name`; false where there is none.
function __authctl_option -S -a sought
    for letter in $letters
        string match -q -- "$sought *" $letter; and set sought (string split ' ' -- $letter)[2]
    end
    for item in $options $globals
        set -l head (string split -m 1 '|' -- $item)[1]
        set -l parts (string split -m 1 ' ' -- $head)
        set name (string replace -r '^\+' '' -- $parts[1])
        if test "$name" = "$sought"
            set spec "$parts[2]"
            return 0
        end
    end
    return 1
end

# Prints what fits the values, each behind `lead`.
function __authctl_values -S -a spec typed lead
    switch $spec
        case '=*'
            for word in (string split ' ' -- (string sub -s 2 -- $spec))
                echo -- $lead$word
            end
        case /
            for path in (__fish_complete_path $typed)
                echo -- $lead$path
            end
        case '@*'
            for row in ($program __complete (string sub -s 2 -- $spec) "$typed" $before </dev/null 2>/dev/null)
                echo -- $lead$row
            end
    end
end

function __authctl_options -S
    for item in $options $globals
        set -l parts (string split -m 1 '|' -- $item)
        set -l word (string split -m 1 ' ' -- $parts[1])[1]
        contains -- $word $given; and continue
        printf '%s\t%s\n' (string replace -r '^\+' '' -- $word) "$parts[2]"
    end
end

function __authctl_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string unescape)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l before $words[2..-1]
    set -l nouns
    set -l globals
    set -l letters
    set -l options
    set -l arguments
    set -l verbs
    set -l given
    set -l noun ''
    set -l verb ''
    set -l help ''
    set -l only ''
    set -l spec ''
    set -l name ''
    set -l place 1
    set -l i 1
    __authctl_globals
    while test $i -le (count $before)
        set -l word $before[$i]
        if test -z "$only" -a "$word" = --
            set only 1
        else if test -z "$only"; and string match -q -- '-?*' $word
            contains -- $word --help -h; and set help 1
            if __authctl_option (string split -m 1 = -- $word)[1]
                set -a given $name
                if test -n "$spec"; and not string match -q -- '*=*' $word
                    if test $i -eq (count $before)
                        __authctl_values $spec "$typed" ''
                        return
                    end
                    set i (math $i + 1)
                    test "$spec" = '??'; and set i (math $i + 1)
                end
            end
        else if test -z "$noun" -a "$word" = help
            set help 1
        else if test -z "$noun"
            set noun $word
            __authctl_noun $noun
            test (count $verbs) -eq 0; and __authctl_command $noun
        else if test -z "$verb" -a (count $verbs) -gt 0
            set verb $word
            __authctl_command "$noun $verb"
        else
            set place (math $place + 1)
        end
        set i (math $i + 1)
    end
    if test -z "$only"; and string match -q -- '--*=*' $typed
        set -l parts (string split -m 1 = -- $typed)
        __authctl_option $parts[1]; and __authctl_values $spec "$parts[2]" "$parts[1]="
    else if test -z "$only"; and string match -q -- '-*' $typed
        __authctl_options
    else if test -z "$noun"
        printf '%s\n' $nouns
        test -n "$help"; or printf 'help\tHow a command is used\n'
    else if test -z "$verb" -a (count $verbs) -gt 0
        printf '%s\n' $verbs
    else if test -z "$help" -a (count $arguments) -gt 0
        if test $place -gt (count $arguments)
            string match -q -- '+*' $arguments[-1]; or return
            set place (count $arguments)
        end
        set -l parts (string split -m 1 ' ' -- (string split -m 1 '|' -- $arguments[$place])[1])
        __authctl_values "$parts[2]" "$typed" ''
    end
end

complete -c authctl -f -a '(__authctl_complete)'
)sh";

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? "\\" + std::string(1, c) : std::string(1, c);
  return out + "'";
}

std::string list(const std::string& name, const std::vector<Parameter>& items) {
  std::string text = "            set " + name;
  for (const auto& item : items) text += " " + in_quotes(item_of(item) + "|" + item.about);
  return text + "\n";
}

std::string described(const std::string& name, const std::string& about) {
  return " " + in_quotes(name) + "\\t" + in_quotes(about);
}

}  // namespace

std::string fish_completion() {
  const auto nouns = outline();
  std::string names, verbs, commands, letters;
  for (const auto& noun : nouns) {
    names += described(noun.name, noun.summary);
    if (noun.is_alone()) continue;
    verbs += "        case " + noun.name + "\n            set verbs";
    for (const auto& verb : noun.verbs) verbs += described(verb.verb, verb.summary);
    verbs += "\n";
  }
  for (const auto& option : global_outline()) {
    if (!option.letter.empty()) letters += " " + in_quotes(option.letter + " " + option.name);
  }
  for_each_command(nouns, [&](const std::string& path, const VerbOutline& verb) {
    commands += "        case " + in_quotes(path) + "\n" + list("options", verb.options) +
                list("arguments", verb.arguments);
  });
  return std::string(head) + "function __authctl_noun -S\n    switch $argv[1]\n" + verbs +
         "    end\nend\n\nfunction __authctl_command -S\n    switch $argv[1]\n" + commands +
         "    end\nend\n\nfunction __authctl_globals -S\n    set nouns" + names + "\n" +
         list("globals", global_outline()).substr(8) + "    set letters" + letters + "\nend\n" + body;
}

}  // namespace authctl::cli
