#include "core/credential/password_strength.h"

#include <zxcvbn.h>

#include <array>

#include "core/base/shared_library.h"

namespace authctl::credential {
namespace {

std::string_view weakness_of(int type) {
  switch (type & ~MULTIPLE_MATCH) {
    case DICTIONARY_MATCH:
      return "common words";
    case DICT_LEET_MATCH:
      return "common words with look-alike characters";
    case USER_MATCH:
    case USER_LEET_MATCH:
      return "the account's own names";
    case REPEATS_MATCH:
      return "repetitions";
    case SEQUENCE_MATCH:
      return "sequences";
    case SPATIAL_MATCH:
      return "keys that are neighbours";
    case DATE_MATCH:
    case YEAR_MATCH:
      return "dates";
    default:
      return "";
  }
}

// The kind that covers most characters of what was recognised.
std::string_view main_weakness(const ZxcMatch_t* match) {
  std::array<int, 16> covered{};
  int most = 0;
  for (; match; match = match->Next) {
    const auto type = static_cast<std::size_t>(match->Type & ~MULTIPLE_MATCH) % covered.size();
    covered[type] += match->Length;
    if (!weakness_of(static_cast<int>(type)).empty() &&
        (weakness_of(most).empty() || covered[type] > covered[static_cast<std::size_t>(most)]))
      most = static_cast<int>(type);
  }
  return weakness_of(most);
}

}  // namespace

PasswordStrength measure_password(const base::Secret& password, const std::vector<std::string>& words) {
  static const base::SharedLibrary library("libzxcvbn.so.0", "libzxcvbn0");
  static auto* const match = library.function<double(const char*, const char**, ZxcMatch_t**)>("ZxcvbnMatch");
  static auto* const free_info = library.function<void(ZxcMatch_t*)>("ZxcvbnFreeInfo");
  auto ended = base::Secret::zeroed(password.size() + 1);
  const auto bytes = password.reveal();
  std::copy(bytes.begin(), bytes.end(), ended.writable().begin());
  std::vector<const char*> dictionary;
  for (const auto& word : words) dictionary.push_back(word.c_str());
  dictionary.push_back(nullptr);
  ZxcMatch_t* info = nullptr;
  PasswordStrength strength;
  strength.bits = match(ended.reveal_text().data(), dictionary.data(), &info);
  strength.weakness = main_weakness(info);
  free_info(info);
  return strength;
}

}  // namespace authctl::credential
