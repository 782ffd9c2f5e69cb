#include "cli/reference/completion_data.h"
#include "cli/reference/pages.h"

namespace authctl::cli {
namespace {

constexpr const char* head =
    R"sh(# Completion of authctl for bash. Made by `authctl completion bash`; do not edit.
# To use it: authctl completion bash > /usr/share/bash-completion/completions/authctl
# An item is "NAME VALUES", with + before what may be given again. VALUES: nothing for a flag, ? any text,
# =a b these words, / a file, @users what the store knows.

)sh";

constexpr const char* body = R"sh(
# The item of the option $1 into REPLY_ITEM; false where there is none.
_authctl_option() {
  local item name letter
  for letter in "${letters[@]}"; do
    [[ $1 == "${letter%% *}" ]] && set -- "${letter#* }"
  done
  for item in "${options[@]}" "${globals[@]}"; do
    name=${item%% *}
    [[ ${name#+} == "$1" ]] && REPLY_ITEM=$item && return 0
  done
  return 1
}

# Adds what fits: $1 the values, $2 how they begin, $3 what stands before them in the same word.
_authctl_values() {
  local name about
  case $1 in
    =*) for name in ${1#=}; do [[ $name == "$2"* ]] && COMPREPLY+=("$3$name"); done ;;
    /)
      compopt -o filenames 2>/dev/null
      while IFS= read -r name; do COMPREPLY+=("$3$name"); done < <(compgen -f -- "$2")
      ;;
    @*)
      while IFS=$'\t' read -r name about; do
        [[ $raw == [\"\']* ]] || printf -v name %q "$name"
        COMPREPLY+=("$3$name")
      done < <("${words[0]/#\~/$HOME}" __complete "${1#@}" "$2" "${before[@]}" </dev/null 2>/dev/null)
      ;;
  esac
}

# readline replaces only what stands behind the last : or = where these part words.
_authctl_trim() {
  local breaks= cut i
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
  [[ -n $breaks && $raw == *[$breaks]* && $raw != [\"\']* ]] || return 0
  cut=${raw%"${raw##*[$breaks]}"}
  for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$cut"}; done
}

# The line as words: COMP_WORDS, but with those joined again that readline parts at : and =.
_authctl_split() {
  local line=${COMP_LINE:0:COMP_POINT} rest word i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=${line#"${line%%[![:space:]]*}"}
    word=${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$rest
    if ((i == 0)) || [[ $rest != "$line" ]]; then words+=("$word"); else words[${#words[@]} - 1]+=$word; fi
    line=${rest#"$word"}
  done
  cword=$((${#words[@]} - 1))
}

_authctl() {
  local raw cur cword noun= verb= help= only= item spec name i word place=0
  local -a options=() arguments=() verbs=() given=() before=() words=()
  local REPLY_ITEM=
  COMPREPLY=()
  _authctl_split
  raw=${words[cword]}
  for ((i = 1; i <= cword; i++)); do
    case ${words[i]} in
      [\"\']*) word=${words[i]:1} word=${word%[\"\']} ;;
      *) word=${words[i]//\\/} ;;
    esac
    ((i < cword)) && before+=("$word")
  done
  cur=$word
  for ((i = 0; i < cword - 1; i++)); do
    word=${before[i]}
    if [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == -?* ]]; then
      [[ $word == --help || $word == -h ]] && help=1
      if _authctl_option "${word%%=*}"; then
        name=${REPLY_ITEM%% *}
        given+=("$name")
        spec=${REPLY_ITEM#"$name"} spec=${spec# }
        if [[ -n $spec && $word != *=* ]]; then
          ((i == cword - 2)) && { _authctl_values "$spec" "$cur" ""; _authctl_trim; return; }
          ((i++))
          [[ $spec == '??' ]] && ((i++))
        fi
      fi
    elif [[ -z $noun && $word == help ]]; then
      help=1
    elif [[ -z $noun ]]; then
      noun=$word
      _authctl_noun "$noun"
      ((${#verbs[@]} == 0)) && _authctl_command "$noun"
    elif [[ -z $verb && ${#verbs[@]} -gt 0 ]]; then
      verb=$word
      _authctl_command "$noun $verb"
    else
      ((place++))
    fi
  done
  if [[ -z $only && $cur == --*=* ]]; then
    _authctl_option "${cur%%=*}" && _authctl_values "${REPLY_ITEM#* }" "${cur#*=}" "${cur%%=*}="
  elif [[ -z $only && $cur == -* ]]; then
    for item in "${options[@]}" "${globals[@]}"; do
      name=${item%% *}
      [[ $name != +* && " ${given[*]} " == *" $name "* ]] && continue
      [[ ${name#+} == "$cur"* ]] && COMPREPLY+=("${name#+}")
    done
  elif [[ -z $noun ]]; then
    _authctl_values "=${nouns[*]}${help:- help}" "$cur" ""
  elif [[ -z $verb && ${#verbs[@]} -gt 0 ]]; then
    _authctl_values "=${verbs[*]}" "$cur" ""
  elif [[ -z $help ]] && ((${#arguments[@]} > 0)); then
    item=${arguments[place < ${#arguments[@]} ? place : ${#arguments[@]} - 1]}
    if ((place < ${#arguments[@]})) || [[ $item == +* ]]; then _authctl_values "${item#* }" "$cur" ""; fi
  fi
  _authctl_trim
}

complete -F _authctl authctl
)sh";

std::string in_quotes(const std::string& text) { return "'" + text + "'"; }

std::string array(const std::string& name, const std::vector<Parameter>& items) {
  std::string text = name + "=(";
  for (const auto& item : items) text += (text.ends_with('(') ? "" : " ") + in_quotes(item_of(item));
  return text + ")";
}

}  // namespace

std::string bash_completion() {
  const auto nouns = outline();
  std::string text = head, names, verbs, commands, letters;
  for (const auto& noun : nouns) {
    names += (names.empty() ? "" : " ") + noun.name;
    if (noun.is_alone()) continue;
    verbs += "    " + noun.name + ") verbs=(";
    for (const auto& verb : noun.verbs) verbs += (verbs.ends_with('(') ? "" : " ") + verb.verb;
    verbs += ") ;;\n";
  }
  for (const auto& option : global_outline()) {
    if (!option.letter.empty()) letters += " " + in_quotes(option.letter + " " + option.name);
  }
  for_each_command(nouns, [&](const std::string& path, const VerbOutline& verb) {
    commands += "    " + in_quotes(path) + ")\n      " + array("options", verb.options) + "\n      " +
                array("arguments", verb.arguments) + "\n      ;;\n";
  });
  text += "_authctl_noun() {\n  case $1 in\n" + verbs + "  esac\n}\n\n";
  text += "_authctl_command() {\n  case $1 in\n" + commands + "  esac\n}\n";
  std::string main = body;
  const std::string mark = "  local REPLY_ITEM=\n";
  main.insert(main.find(mark), "  local -a nouns=(" + names + ")\n  local -a " +
                                   array("globals", global_outline()) + "\n  local -a letters=(" +
                                   letters.substr(letters.empty() ? 0 : 1) + ")\n");
  return text + main;
}

}  // namespace authctl::cli
