// Small texts that strangers send: names, addresses, codes, client secrets, redirect URIs, store URLs.
#include "core/base/error.h"
#include "core/base/url.h"
#include "core/credential/backup_code.h"
#include "core/credential/client_secret.h"
#include "core/credential/imported_code.h"
#include "core/credential/redirect_uri.h"
#include "core/credential/username.h"
#include "fuzz/claim.h"

namespace {

using namespace authctl;

template <class Parse>
auto taken(Parse parse) -> std::optional<decltype(parse())> {
  try {
    return parse();
  } catch (const base::Error& error) {
    fuzz::claim(!error.message().empty(), "a refusal without a word");
    return std::nullopt;
  }
}

bool is_plain(std::string_view text) {
  for (const char c : text)
    if (c <= ' ' || c > '~') return false;
  return !text.empty();
}

void judge_codes(std::string_view text) {
  const base::Secret typed(text);
  if (const auto code = credential::normal_backup_code(typed)) {
    const auto again = credential::normal_backup_code(*code);
    fuzz::claim(again && *again == *code, "a code has two normal forms");
  }
  for (const auto& digest : credential::imported_code_digests(typed))
    fuzz::claim(credential::parse_imported_code(digest).text == digest, "a digest that is none");
  const auto imported = taken([&] { return credential::parse_imported_code(text); });
  if (imported)
    fuzz::claim(credential::parse_imported_code(imported->text).text == imported->text, "a hash changes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto name = taken([&] { return credential::Username::parse(text).text(); });
  fuzz::claim(name.has_value() == credential::Username::accepts(text), "two answers about one name");
  if (name) {
    fuzz::claim(is_plain(*name) && name->size() == size, "a name was mapped");
    fuzz::claim(credential::Username::parse(*name).text() == *name, "a name has two forms");
  }
  if (const auto address = taken([&] { return credential::EmailAddress::parse(text); })) {
    fuzz::claim(address->text() == text && is_plain(text), "an address was mapped");
    fuzz::claim(credential::EmailAddress::parse(address->folded()).folded() == address->folded(),
                "an address has two forms");
  }
  judge_codes(text);
  if (credential::is_client_secret(text))
    fuzz::claim(text.size() == credential::client_secret_size, "a secret of another length");
  if (!credential::complaint_about_redirect_uri(text)) {
    fuzz::claim(is_plain(text) && text.find('#') == std::string_view::npos, "a redirect URI that is none");
    fuzz::claim(credential::redirect_uri_matches(text, text), "a redirect URI does not match itself");
  }
  fuzz::claim(!base::holds_password(base::without_password(text)) ||
                  base::without_password(text).find("***") != std::string::npos,
              "a password is left in a URL");
  return 0;
}
