#include "core/service/access_assertions.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

[[noreturn]] void refuse(std::size_t line, const std::string& message) {
  throw Error(ErrorCode::invalid, "line " + std::to_string(line) + ": " + message,
              "allow|deny USER PERMISSION [on RESOURCE]");
}

bool parse_expectation(std::size_t line, std::string_view word) {
  if (word != "allow" && word != "deny") refuse(line, "neither allow nor deny: " + quote(word));
  return word == "allow";
}

// Said here, where the line is known, rather than in the middle of the run.
void check(const Assertion& assertion) {
  const auto& request = assertion.request;
  if (request.user.empty()) refuse(assertion.line, "no user");
  if (!Permission::parse(request.permission))
    refuse(assertion.line, "not a permission: " + quote(request.permission));
  if (!request.resource.empty() && !Resource::parse(request.resource))
    refuse(assertion.line, "not a resource: " + quote(request.resource));
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  line = line.substr(0, line.find('#'));
  for (;;) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(" \t\r"), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::vector<Assertion> parse_lines(std::string_view text) {
  std::vector<Assertion> assertions;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    const bool on = words.size() == 5 && words[3] == "on";
    if (words.size() != 3 && !on) refuse(number, "not an assertion");
    assertions.push_back(
        {number, parse_expectation(number, words[0]), {words[1], words[2], on ? words[4] : ""}});
    check(assertions.back());
  }
  return assertions;
}

std::string member(const base::json::object& object, std::string_view name, std::size_t line) {
  const auto* value = object.if_contains(name);
  if (!value || value->is_null()) return {};
  if (!value->is_string()) refuse(line, std::string(name) + " is not a text");
  return std::string(value->as_string());
}

std::vector<Assertion> parse_array(std::string_view text) {
  const auto value = base::parse_json(text, {.max_bytes = text.size()});
  if (!value || !value->is_array())
    throw Error(ErrorCode::invalid, "not a JSON array of assertions", "authctl help permission test");
  std::vector<Assertion> assertions;
  for (const auto& element : value->as_array()) {
    const auto line = assertions.size() + 1;
    const auto* object = element.if_object();
    if (!object) refuse(line, "not an object");
    for (const auto& entry : *object)
      if (entry.key() != "expect" && entry.key() != "user" && entry.key() != "permission" &&
          entry.key() != "resource")
        refuse(line, "unknown member " + quote(entry.key()));
    assertions.push_back({line,
                          parse_expectation(line, member(*object, "expect", line)),
                          {member(*object, "user", line), member(*object, "permission", line),
                           member(*object, "resource", line)}});
    check(assertions.back());
  }
  return assertions;
}

}  // namespace

std::vector<Assertion> parse_assertions(std::string_view text) {
  if (!base::is_utf8(text))
    throw Error(ErrorCode::invalid, "assertions are UTF-8", "authctl help permission test");
  const auto first = text.find_first_not_of(" \t\r\n");
  auto assertions =
      first != std::string_view::npos && text[first] == '[' ? parse_array(text) : parse_lines(text);
  if (assertions.empty())
    throw Error(ErrorCode::invalid, "there is no assertion", "allow ann read:posts on post/42");
  return assertions;
}

std::vector<AssertionResult> run_assertions(store::Database& db, const std::vector<Assertion>& assertions,
                                            base::Timestamp now) {
  std::vector<AssertionResult> results;
  for (const auto& assertion : assertions) {
    auto& result = results.emplace_back();
    result.assertion = assertion;
    try {
      const bool allowed = check_permission(db, assertion.request, now).decision.allowed;
      result.answer = allowed ? "allow" : "deny";
      result.holds = allowed == assertion.expect_allowed;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      result.answer = error.message();
    }
  }
  return results;
}

base::json::object assertion_json(const AssertionResult& result) {
  const auto& [line, expect_allowed, request] = result.assertion;
  base::json::object json{{"line", line}, {"holds", result.holds}};
  json["expect"] = expect_allowed ? "allow" : "deny";
  json["answer"] = result.answer;
  json["user"] = request.user;
  json["permission"] = request.permission;
  json["resource"] = nullptr;
  if (!request.resource.empty()) json["resource"] = request.resource;
  return json;
}

}  // namespace authctl::service
