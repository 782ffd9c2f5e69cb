#include "cli/reference/completion_data.h"
#include "cli/reference/pages.h"

namespace authctl::cli {
namespace {

constexpr const char* head = R"sh(#compdef authctl
# Completion of authctl for zsh. Made by `authctl completion zsh`; do not edit.
# To use it: authctl completion zsh > "${fpath[1]}/_authctl"
# An item is "NAME VALUES|ABOUT", with + before what may be given again. VALUES: nothing for a flag, ? any text,
# =a b these words, / a file, @users what the store knows.

)sh";

constexpr const char* body = R"sh(
# The values of the option $1 into `spec`, its name into `name`; false where there is none.
_authctl_option() {
  local item sought=$1 letter
  for letter in $letters; do [[ $sought == ${letter%% *} ]] && sought=${letter#* }; done
  for item in $options $globals; do
    item=${item%%\|*} name=${${item%% *}#+}
    if [[ $name == $sought ]]; then
      spec=''
      [[ $item == *' '* ]] && spec=${item#* }
      return 0
    fi
  done
  return 1
}

_authctl_values() {
  case $1 in
    \=*) compadd -- ${=1#=} ;;
    /) _files ;;
    @*)
      local row
      local -a rows found
      rows=("${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete ${1#@} "${(Q)PREFIX}" $before </dev/null 2>/dev/null)}")
      for row in $rows; do
        [[ -z $row ]] && continue
        if [[ $row == *$'\t'* ]]; then
          found+=("${${row%%$'\t'*}//:/\\:}:${row#*$'\t'}")
        else
          found+=("${row//:/\\:}")
        fi
      done
      (( $#found )) && _describe -t ${1#@} ${1#@} found
      ;;
  esac
}

# Items as `name:about` for _describe, without those that were given and are not to be given again.
_authctl_describe_options() {
  local item name
  local -a found
  for item in $options $globals; do
    name=${${item%%\|*}%% *}
    [[ $name != +* && -n ${given[(re)$name]} ]] && continue
    found+=("${name#+}:${item#*\|}")
  done
  _describe -t options option found
}

_authctl() {
  setopt localoptions extendedglob
  local noun verb help only item spec name word i place=0
  local -a options arguments verbs given before
  before=(${(Q)words[2,CURRENT-1]})
  for ((i = 1; i <= $#before; i++)); do
    word=$before[i]
    if [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == -?* ]]; then
      [[ $word == --help || $word == -h ]] && help=1
      if _authctl_option ${word%%=*}; then
        given+=($name)
        if [[ -n $spec && $word != *=* ]]; then
          if (( i == $#before )); then
            _authctl_values $spec
            return
          fi
          (( i++ ))
          [[ $spec == '??' ]] && (( i++ ))
        fi
      fi
    elif [[ -z $noun && $word == help ]]; then
      help=1
    elif [[ -z $noun ]]; then
      noun=$word
      _authctl_noun $noun
      (( $#verbs )) || _authctl_command $noun
    elif [[ -z $verb ]] && (( $#verbs )); then
      verb=$word
      _authctl_command "$noun $verb"
    else
      (( place++ ))
    fi
  done
  if [[ -z $only && $PREFIX == --*=* ]]; then
    _authctl_option ${PREFIX%%=*} && compset -P '--[a-z-]##=' && _authctl_values $spec
  elif [[ -z $only && $PREFIX == -* ]]; then
    _authctl_describe_options
  elif [[ -z $noun ]]; then
    [[ -n $help ]] || nouns+=('help:How a command is used')
    _describe -t commands noun nouns
  elif [[ -z $verb ]] && (( $#verbs )); then
    _describe -t commands verb verbs
  elif [[ -z $help ]] && (( $#arguments )); then
    (( place < $#arguments )) || { item=$arguments[-1]; [[ $item == +* ]] || return 1; place=$(( $#arguments - 1 )) }
    item=${arguments[place + 1]%%\|*}
    _authctl_values ${item#* }
  fi
}

if [[ $funcstack[1] == _authctl ]]; then
  _authctl "$@"
else
  compdef _authctl authctl
fi
)sh";

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string array(const std::string& name, const std::vector<Parameter>& items) {
  std::string text = name + "=(";
  for (const auto& item : items)
    text += (text.ends_with('(') ? "" : " ") + in_quotes(item_of(item) + "|" + item.about);
  return text + ")";
}

std::string described(const std::string& name, const std::string& about) {
  return " " + in_quotes(name + ":" + about);
}

}  // namespace

std::string zsh_completion() {
  const auto nouns = outline();
  std::string names, verbs, commands, letters;
  for (const auto& noun : nouns) {
    names += described(noun.name, noun.summary);
    if (noun.is_alone()) continue;
    std::string list;
    for (const auto& verb : noun.verbs) list += described(verb.verb, verb.summary);
    verbs += "    " + noun.name + ") verbs=(" + list.substr(1) + ") ;;\n";
  }
  for (const auto& option : global_outline()) {
    if (!option.letter.empty()) letters += " " + in_quotes(option.letter + " " + option.name);
  }
  for_each_command(nouns, [&](const std::string& path, const VerbOutline& verb) {
    commands += "    " + in_quotes(path) + ")\n      " + array("options", verb.options) + "\n      " +
                array("arguments", verb.arguments) + "\n      ;;\n";
  });
  std::string main = body;
  const std::string mark = "  before=(";
  main.insert(main.find(mark), "  local -a nouns=(" + names.substr(1) + ")\n  local -a " +
                                   array("globals", global_outline()) + "\n  local -a letters=(" +
                                   letters.substr(1) + ")\n");
  return std::string(head) + "_authctl_noun() {\n  case $1 in\n" + verbs +
         "  esac\n}\n\n_authctl_command() {\n  case $1 in\n" + commands + "  esac\n}\n" + main;
}

}  // namespace authctl::cli
