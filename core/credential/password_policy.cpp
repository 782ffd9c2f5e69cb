#include "core/credential/password_policy.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/normal_form.h"
#include "core/base/text.h"
#include "core/credential/password_strength.h"
#include "core/crypto/password.h"

namespace authctl::credential {
namespace {

constexpr double least_bits = 27;
constexpr std::size_t least_beside_names =
    8;  // letters and digits that are left when the owner's names are gone
constexpr std::size_t shortest_word = 3;
constexpr std::size_t longest_decoration = 4;  // digits and signs put before or behind a common password
constexpr std::size_t least_distinct = 4;

constexpr std::array<std::string_view, 10> fault_words{
    "too_short",   "too_long",   "not_text", "unprintable", "common",
    "about_owner", "repetitive", "sequence", "guessable",   "classes"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// On the list, or whole repetitions of what is.
bool is_common_form(std::string_view folded) {
  if (is_common_password(folded)) return true;
  for (std::size_t size = 1; size <= folded.size() / 2; ++size)
    if (folded.size() % size == 0 && folded.substr(size) == folded.substr(0, folded.size() - size) &&
        is_common_password(folded.substr(0, size)))
      return true;
  return false;
}

// The list's entries, doubled, and with a few digits or signs at either end.
bool is_common(std::string_view folded) {
  if (is_common_form(folded)) return true;
  std::string_view core = folded;
  for (std::size_t n = 0; n < longest_decoration && !core.empty() && !is_letter(core.back()); ++n)
    core.remove_suffix(1);
  if (is_common_form(core)) return true;
  for (std::size_t n = 0; n < longest_decoration && !core.empty() && !is_letter(core.front()); ++n)
    core.remove_prefix(1);
  return is_common_form(core);
}

std::vector<std::string> words_about(const PasswordOwner& owner, const PasswordRules& rules) {
  std::vector<std::string> words;
  const auto add = [&](std::string_view word) {
    if (word.size() >= shortest_word) words.push_back(base::fold_ascii(word));
  };
  add(owner.email);
  add(std::string_view(owner.email).substr(0, owner.email.find('@')));
  add(owner.name);
  add(std::string_view(owner.name).substr(0, owner.name.find('@')));
  add(owner.service);
  for (const auto& word : rules.words) add(word);
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return words;
}

bool is_about(std::string_view folded, const std::vector<std::string>& words) {
  auto rest = base::Secret(folded);
  std::size_t left = folded.size();
  bool found = false;
  for (const auto& word : words) {
    const std::string backwards(word.rbegin(), word.rend());
    for (const auto& form : {word, backwards}) {
      for (auto at = rest.reveal_text().find(form); at != std::string_view::npos;
           at = rest.reveal_text().find(form)) {
        std::fill_n(rest.writable().begin() + static_cast<std::ptrdiff_t>(at), form.size(),
                    std::uint8_t{' '});
        found = true;
      }
    }
  }
  const auto text = rest.reveal_text();
  left = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); }));
  return found && left < least_beside_names;
}

// One up, one down or the same, in the alphabet, the digits (0 follows 9) or along a row of keys.
bool is_step(char a, char b) {
  if (a == b || (is_digit(a) && is_digit(b) && ((b - a + 10) % 10 == 1 || (a - b + 10) % 10 == 1)))
    return true;
  if (is_letter(a) && is_letter(b) && (b - a == 1 || a - b == 1)) return true;
  for (const std::string_view row : {"qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qwertzuiop"}) {
    const auto i = row.find(a), j = row.find(b);
    if (i != std::string_view::npos && j != std::string_view::npos && (i + 1 == j || j + 1 == i)) return true;
  }
  return false;
}

bool is_sequence(std::string_view folded) {
  std::size_t steps = 0;
  for (std::size_t i = 1; i < folded.size(); ++i) steps += is_step(folded[i - 1], folded[i]) ? 1u : 0u;
  return folded.size() > 3 && steps * 5 >= (folded.size() - 1) * 4;
}

bool is_repetitive(std::string_view folded) {
  return std::set<char>(folded.begin(), folded.end()).size() < least_distinct;
}

bool lacks_a_class(std::string_view text) {
  const auto any = [&](auto test) { return std::any_of(text.begin(), text.end(), test); };
  return !any([](char c) { return c >= 'a' && c <= 'z'; }) ||
         !any([](char c) { return c >= 'A' && c <= 'Z'; }) || !any(is_digit);
}

class Judgement {
 public:
  void object(PasswordFault fault, std::string message) { objections.push_back({fault, std::move(message)}); }
  std::vector<PasswordObjection> objections;
};

// Nothing further is asked of what is too long or no text.
bool judge_form(Judgement& judgement, const base::Secret& password) {
  if (password.size() > crypto::longest_password)
    judgement.object(PasswordFault::too_long, "it has more than 1024 bytes; passwords are never cut");
  else if (!base::is_utf8(password.reveal_text()))
    judgement.object(PasswordFault::not_text, "it is not UTF-8 text");
  else if (auto shown = base::printable(password.reveal_text()); shown != password.reveal_text()) {
    base::wipe(shown.data(), shown.size());
    judgement.object(
        PasswordFault::unprintable,
        "it has control or invisible characters; letters, signs and blanks of any language are fine");
  }
  return judgement.objections.empty();
}

void judge_length(Judgement& judgement, std::string_view text, const PasswordOwner& owner,
                  const PasswordRules& rules) {
  const auto least = owner.second_factor ? rules.least : std::max(rules.least, rules.least_single);
  if (base::count_code_points(text) >= least) return;
  judgement.object(PasswordFault::too_short,
                   "it has fewer than " + std::to_string(least) + " characters" +
                       (owner.second_factor ? "" : ", the least for an account without a second factor") +
                       "; a few words in a row do well");
}

void judge_content(Judgement& judgement, const base::Secret& normal, std::string_view folded,
                   const PasswordOwner& owner, const PasswordRules& rules) {
  const auto words = words_about(owner, rules);
  if (is_common(folded))
    judgement.object(PasswordFault::common,
                     "it is one of the passwords that are tried first: commonly used or known from breaches");
  if (is_about(folded, words))
    judgement.object(PasswordFault::about_owner,
                     "it is little more than the account's name, its e-mail, or a name of this service");
  if (is_repetitive(folded))
    judgement.object(PasswordFault::repetitive, "it repeats one, two or three characters");
  if (is_sequence(folded))
    judgement.object(PasswordFault::sequence,
                     "it follows the alphabet, the digits or the keys of a keyboard");
  if (!judgement.objections.empty()) return;
  const auto strength = measure_password(normal, words);
  if (strength.bits < least_bits)
    judgement.object(PasswordFault::guessable,
                     "it is easily guessed" +
                         (strength.weakness.empty() ? "" : ": mostly " + strength.weakness) +
                         "; add words that do not belong together");
}

}  // namespace

std::string_view word_of(PasswordFault fault) { return fault_words[static_cast<std::size_t>(fault)]; }

std::vector<PasswordObjection> judge_password(const base::Secret& password, const PasswordOwner& owner,
                                              const PasswordRules& rules) {
  Judgement judgement;
  if (!judge_form(judgement, password)) return judgement.objections;
  const auto normal = base::normal_form_c(password);
  const auto folded = base::Secret::consume(base::fold_ascii(normal.reveal_text()));
  judge_length(judgement, normal.reveal_text(), owner, rules);
  if (rules.classes && lacks_a_class(normal.reveal_text()))
    judgement.object(PasswordFault::classes, "it lacks a lower case letter, an upper case letter or a digit");
  judge_content(judgement, normal, folded.reveal_text(), owner, rules);
  return judgement.objections;
}

}  // namespace authctl::credential
