// The part of core/service/clients.h that judges what a client is called and what it may do.
#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/credential/redirect_uri.h"
#include "core/service/clients.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

constexpr std::array grant_words{"authorization_code", "client_credentials", "refresh_token"};
constexpr std::size_t most_uris = 50, most_scopes = 100, longest_scope = 128, longest_name = 64;

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// Known ones, each once, in the order of the table.
std::vector<std::string> checked_grants(const std::vector<std::string>& given) {
  for (const auto& grant : given) {
    if (std::ranges::find(grant_words, grant) != grant_words.end()) continue;
    const std::vector<std::string> words(grant_words.begin(), grant_words.end());
    const auto near = base::nearest(grant, words);
    throw Error(
        ErrorCode::invalid, "there is no grant " + quote(grant),
        near ? "did you mean " + *near + "?" : "authorization_code, client_credentials or refresh_token");
  }
  std::vector<std::string> grants;
  for (const auto* word : grant_words)
    if (contains(given, word)) grants.emplace_back(word);
  return grants;
}

std::vector<std::string> without_repetitions(std::vector<std::string> words) {
  std::vector<std::string> once;
  for (auto& word : words)
    if (!contains(once, word)) once.push_back(std::move(word));
  return once;
}

// RFC 6749 section 3.3.
bool is_scope(std::string_view scope) {
  return !scope.empty() && scope.size() <= longest_scope &&
         std::ranges::all_of(scope, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::string_view("0123456789abcdefABCDEF").find(text[i]) == text.npos)
      return false;
  }
  return true;
}

}  // namespace

std::string checked_client_name(const std::string& name) {
  const auto length = base::is_utf8(name) ? base::count_code_points(name) : 0;
  if (length == 0 || length > longest_name || base::printable(name) != name || name.front() == ' ' ||
      name.back() == ' ' || is_uuid(name))
    throw Error(ErrorCode::invalid, quote(name) + " is not a client name",
                "1 to 64 printable characters, no blank at either end, and no UUID");
  return name;
}

ClientTerms checked_terms(ClientTerms terms) {
  terms.redirect_uris = without_repetitions(std::move(terms.redirect_uris));
  terms.scopes = without_repetitions(std::move(terms.scopes));
  if (terms.redirect_uris.size() > most_uris || terms.scopes.size() > most_scopes)
    throw Error(ErrorCode::invalid, "a client has at most 50 redirect URIs and 100 scopes",
                "make a second client");
  for (const auto& uri : terms.redirect_uris)
    if (const auto complaint = credential::complaint_about_redirect_uri(uri))
      throw Error(ErrorCode::invalid, "redirect URI " + quote(uri) + " " + *complaint,
                  "https://app.example.com/cb, http://127.0.0.1/cb or com.example.app:/cb");
  for (const auto& scope : terms.scopes)
    if (!is_scope(scope))
      throw Error(ErrorCode::invalid, quote(scope) + " is not a scope",
                  "printable ASCII without blanks, \" and \\; one --scope for each");
  if (terms.grants.empty())
    terms.grants = {terms.is_public || !terms.redirect_uris.empty() ? "authorization_code"
                                                                    : "client_credentials"};
  terms.grants = checked_grants(terms.grants);
  // RFC 6749 section 4.4: only for who can keep a secret.
  if (terms.is_public && contains(terms.grants, "client_credentials"))
    throw Error(ErrorCode::invalid, "a public client has no secret, so client_credentials is not for it",
                "leave --public out, or take authorization_code");
  return terms;
}

}  // namespace authctl::service
