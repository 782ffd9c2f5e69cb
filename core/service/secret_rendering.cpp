#include "core/service/secret_rendering.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/keyring_exchange.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::Secret;

struct Named {
  std::string name;
  Secret value;
};

// Kubernetes' rule for names (RFC 1123 label), which the others take too.
void check_name(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!good)
    throw Error(ErrorCode::invalid, "the name " + base::quote(name) + " is not usable",
                "a-z, 0-9 and -, at most 63");
}

Secret value_of(Realm& realm, const Cause& cause, store::KeyUse use) {
  const auto format = use == store::KeyUse::fernet ? KeyFormat::fernet : KeyFormat::jwks;
  auto text = export_keys(realm, cause, {.kid = {}, .format = format, .private_half = true}).text;
  const auto lines = text.writable();
  const std::size_t size = base::without_newline(text.reveal_text()).size();
  std::replace(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(size), std::uint8_t{'\n'},
               std::uint8_t{','});
  return Secret(text.reveal().first(size));
}

// POSIX shell, section 2.2.2: nothing is special between single quotes but the single quote.
std::string quoted_for_shell(std::string_view value) {
  std::string text = "'";
  for (const char c : value) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string dotenv(const std::vector<Named>& secrets) {
  std::string text;
  for (const auto& secret : secrets)
    text += secret.name + "=" + quoted_for_shell(secret.value.reveal_text()) + "\n";
  return text;
}

std::string manifest(const std::vector<Named>& secrets, const std::string& name) {
  std::string text =
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"" + name + "\"\ntype: Opaque\ndata:\n";
  for (const auto& secret : secrets)
    text += "  " + secret.name + ": " + base::encode_base64(secret.value.reveal()) + "\n";
  return text;
}

std::string members(const std::vector<Named>& secrets) {
  base::json::object object;
  for (const auto& secret : secrets) object[secret.name] = secret.value.reveal_text();
  return base::json::serialize(object);
}

std::string text_of(const std::vector<Named>& secrets, const SecretRequest& request) {
  switch (request.format) {
    case SecretFormat::dotenv:
      return dotenv(secrets);
    case SecretFormat::k8s:
      return manifest(secrets, request.name);
    case SecretFormat::vault:
      return members(secrets) + "\n";
    case SecretFormat::aws:
      return base::json::serialize(
                 base::json::object{{"Name", request.name}, {"SecretString", members(secrets)}}) +
             "\n";
  }
  return {};
}

}  // namespace

std::optional<SecretFormat> parse_secret_format(std::string_view word) {
  if (word == "dotenv") return SecretFormat::dotenv;
  if (word == "k8s") return SecretFormat::k8s;
  if (word == "vault") return SecretFormat::vault;
  if (word == "aws") return SecretFormat::aws;
  return std::nullopt;
}

Secret render_secrets(Realm& realm, const Cause& cause, const SecretRequest& request) {
  check_name(request.name);
  std::vector<Named> secrets;
  for (const auto use : {store::KeyUse::jwt, store::KeyUse::fernet}) {
    if (request.use && request.use != use) continue;
    secrets.push_back({use == store::KeyUse::jwt ? "AUTHCTL_JWT_JWKS" : "AUTHCTL_FERNET_KEYS",
                       value_of(realm, cause, use)});
  }
  return Secret::consume(text_of(secrets, request));
}

}  // namespace authctl::service
