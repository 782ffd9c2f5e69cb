// What can go wrong, as one table: code -> word -> exit status -> HTTP status.
// Invariant: a message never holds a secret, and what came from outside stands in it quoted and escaped.
#pragma once
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace authctl::base {

enum class ErrorCode {
  internal,
  io,
  usage,
  invalid,
  not_found,
  denied,
  locked,
  conflict,
  precondition,
  unverified,
  unavailable,
  interrupted
};

struct ErrorKind {
  ErrorCode code;
  std::string_view word;  // the `code` of {"error":{…}}
  int exit_status;
  int http_status;
};

// The table, in the order of the enum.
std::span<const ErrorKind> error_kinds();
const ErrorKind& kind_of(ErrorCode code);

// One failure: thrown by whoever notices it, caught in cli/run and in the server's connection only.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string hint = {})
      : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}
  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }  // lower case, no full stop
  const std::string& hint() const { return hint_; }        // what to type next; empty where there is nothing
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
  std::string hint_;
};

}  // namespace authctl::base
